"""Everything that could explain a difference between two runs."""

import hashlib
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from comity.judges import questions

PACKAGES = ("comity", "httpx2", "playwright", "langgraph", "pydantic", "pytest", "django-oscar")
GIT_SECONDS = 10.0


def facts(root: Path, suites: Path) -> dict[str, Any]:
    """Return versions, the git revision, and hashes of the judges and of the suites.

    `judges` covers each byte of the judges' room.
    """
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "versions": {name: _version(name) for name in PACKAGES},
        "git": _git(root),
        "judges": _digest(file for file in _judges() if file.is_file()),
        "questions": questions.digest(),
        "suites": _digest(sorted(path for path in suites.rglob("*.yaml") if path.is_file())),
    }


def _judges() -> list[Traversable]:
    """Return the files of the judges' room, in the order of their names."""
    return sorted(resources.files("comity.judges").iterdir(), key=lambda file: file.name)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git(root: Path) -> dict[str, Any] | None:
    """Return the revision of the checkout, and whether it has changes; None outside of git."""

    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *arguments],
                capture_output=True,
                text=True,
                errors="replace",  # names of files are bytes
                timeout=GIT_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    revision = ask("rev-parse", "HEAD")
    if not revision:
        return None
    return {"revision": revision, "changed": bool(ask("status", "--porcelain"))}


def _digest(files: Iterable[Traversable | Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
