"""Stored runs by the names that people have for them, and what they tell of how they were made."""

import json
from pathlib import Path
from typing import Any

from comity.errors import ConfigurationError, InfrastructureError
from comity.run.store import LATEST, RUN_FILE, RUNS, read_facts

REPORTS = Path("reports")
# Enough to find one's own among the newest.
_SHOWN = 5


def find(name: str, reports: Path = REPORTS) -> Path:
    """Return the folder of the run that is called `name`: its folder, its id, or `latest`.

    Raises:
        ConfigurationError: there is none.
    """
    places = [Path(name), reports / LATEST if name == LATEST else reports / RUNS / name]
    for place in places:
        if (place / RUN_FILE).is_file():
            return place.resolve()
    if places[0].is_dir():
        raise ConfigurationError(f"{name} is no run: it has no {RUN_FILE}")
    newest = sorted(path.parent.name for path in (reports / RUNS).glob(f"*/{RUN_FILE}"))
    known = ", ".join(newest[-_SHOWN:]) or "none"
    raise ConfigurationError(
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
