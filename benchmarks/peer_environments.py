"""The environments that the peers live in: one each, apart from Comity's and from each other."""

import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from comity.models.progress import Progress
from comity.models.steps import locked, run_step
from comity.places import cache_directory

# The newest on PyPI when the figures of docs/benchmarks.md were last taken.
PINNED: Mapping[str, tuple[str, ...]] = {
    "inspect-ai": ("inspect-ai==0.3.285",),
    "deepeval": ("deepeval==4.3.1",),
    "pydantic-evals": ("pydantic-evals==2.62.0",),
}
# What DeepEval, the largest, takes on a quiet machine with a quick network.
EXPECTED_SECONDS = 90.0
_STAMP = "ready"


def version(peer: str) -> str:
    """Return the version of `peer` that is measured."""
    return PINNED[peer][0].partition("==")[2]


class Told(Progress):
    """Says each new step once, on standard error."""

    def __init__(self) -> None:
        self._text = ""

    def __call__(self, text: str, *, seconds: float, fraction: float | None = None) -> None:
        """Show one state of the work."""
        if text != self._text:
            print(text, file=sys.stderr, flush=True)
            self._text = text


def interpreter(peer: str) -> Path:
    """Return the Python of the environment of `peer`; it is built by pip on its first use.

    Raises:
        InfrastructureError: pip or venv failed.
    """
    key = f"{peer}-{version(peer)}-{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    folder = cache_directory("benchmarks") / key
    python = folder / "bin" / "python"
    progress = Told()
    with locked(folder.with_name(f"{key}.lock"), f"building the environment of {peer}", progress):
        if (folder / _STAMP).exists() and python.exists():
            return python
        shutil.rmtree(folder, ignore_errors=True)
        venv = [sys.executable, "-m", "venv", str(folder)]
        fix = "Debian keeps venv in a package of its own: apt-get install -y python3-venv"
        run_step(
            f"Creating the environment of {peer}",
            venv,
            progress=progress,
            expected_seconds=5,
            fix=fix,
        )
        pip = [str(python), "-I", "-m", "pip", "--no-input", "--disable-pip-version-check"]
        run_step(
            f"Installing {peer} {version(peer)}, once",
            [*pip, "install", "--quiet", *PINNED[peer]],
            progress=progress,
            expected_seconds=EXPECTED_SECONDS,
            fix="pip must reach a package index that has these packages.",
        )
        (folder / _STAMP).touch()
    return python
