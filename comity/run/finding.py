"""Stored runs by the names that people have for them, and what they tell of how they were made."""

import argparse
import json
from pathlib import Path
from typing import Any

from comity.errors import ConfigurationError, InfrastructureError
from comity.run.store import LATEST, RUN_FILE, RUNS, read_facts
from comity.schema.base import printable

REPORTS = Path("reports")
# Enough to find one's own among the newest.
_SHOWN = 5
_MOST_CHARACTERS = 200


class NoRunError(ConfigurationError):
    """There is no run of that name."""


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the run that a command is about, as `run_name`."""
    parser.add_argument(
        "run_name",
        nargs="?",
        default=LATEST,
        metavar="RUN",
        help=f"its folder, its id, or {LATEST}, which is the default",
    )


def find(name: str, reports: Path = REPORTS) -> Path:
    """Return the folder of the run that is called `name`: its folder, its id, or `latest`.

    Raises:
        NoRunError: there is none.
    """
    places = [Path(name), reports / LATEST if name == LATEST else reports / RUNS / name]
    for place in places:
        if (place / RUN_FILE).is_file():
            return place.resolve()
    name = printable(name, _MOST_CHARACTERS)
    if places[0].exists():
        raise NoRunError(f"{name} is no run: it has no {RUN_FILE}")
    newest = sorted(path.parent.name for path in (reports / RUNS).glob(f"*/{RUN_FILE}"))
    known = ", ".join(newest[-_SHOWN:]) or "none"
    raise NoRunError(
        f"there is no run {name!r}: give its folder, or its id in {reports / RUNS} "
        f"(the newest: {known}), or {LATEST}"
    )


def origin(folder: Path) -> dict[str, Any]:
    """Return everything in `run.json` that could explain a difference to another run.

    Raises:
        InfrastructureError: it cannot be read.
    """
    read_facts(folder)
    path = folder / RUN_FILE
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InfrastructureError(f"{path} cannot be read: {error}") from None
    return {name: fact for name, fact in facts.items() if name not in ("run", "selected")}
