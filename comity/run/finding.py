"""Stored runs by the names that people have for them, and what they tell of how they were made."""

import argparse
import os
from pathlib import Path
from typing import Any

from comity.errors import ConfigurationError
from comity.run.kept import all_facts
from comity.run.store import LATEST, RUN_FILE, RUNS
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


def add_reports(parser: argparse.ArgumentParser) -> None:
    """Add the folder in which runs are looked for by their ids, as `reports`."""
    parser.add_argument(
        "--reports",
        type=Path,
        default=REPORTS,
        metavar="FOLDER",
        help=f"where ids are looked for; default: {REPORTS}",
    )


def find(name: str, reports: Path = REPORTS) -> Path:
    """Return the folder of the run that is called `name`: its folder, its id, or `latest`.

    Raises:
        NoRunError: there is none.
    """
    places = [Path(name), reports / LATEST if name == LATEST else reports / RUNS / name]
    for place in places:
        # Not by `Path`, which raises where a name is too long, or a folder is another user's.
        if os.path.isfile(place / RUN_FILE):
            return place.resolve()
    name = printable(name, _MOST_CHARACTERS)
    if os.path.exists(places[0]):
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
    facts = all_facts(folder)
    return {name: fact for name, fact in facts.items() if name not in ("run", "selected")}
