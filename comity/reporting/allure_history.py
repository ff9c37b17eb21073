"""Allure's history: a line a run, in a file beside the runs, which its reports draw trends from.

Allure adds a line whenever a report is made, whenever that is. Here a run has one line, and the
lines come in the order in which the runs ended, so that reports of any run can be made again.
"""

import json
from pathlib import Path
from typing import Any

from comity import disk

FILE = "allure-history.jsonl"
MAX_RUNS = 20
"""More would make every page larger, in which each case carries its history."""


def place(run: Path) -> Path:
    """Return where the history of a run and its neighbours is kept."""
    return (run.parents[1] if run.parent.name == "runs" else run.parent) / FILE


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a history; what is none of Allure's is left out."""
    try:
        # By "\n" alone: JSON leaves Unicode's line ends in texts as they are.
        lines = path.read_text("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return []
    return [content for line in lines if (content := _entry(line)) is not None]


def before(entries: list[dict[str, Any]], name: str, ended: float) -> list[dict[str, Any]]:
    """Return the entries of runs that ended before the one of that name, the newest of them."""
    earlier = [one for one in entries if one["name"] != name and one["timestamp"] < ended * 1000]
    return sorted(earlier, key=lambda one: one["timestamp"])[-MAX_RUNS:]


def write(path: Path, entries: list[dict[str, Any]]) -> None:
    """Write a history, whole or not at all.

    Raises:
        OSError: the disk refuses.
    """
    told = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in entries)
    disk.replace(path, told.encode("utf-8"))


def keep(path: Path, entries: list[dict[str, Any]], new: dict[str, Any], ended: float) -> None:
    """Put a run's new entry in the place of its old one.

    Raises:
        OSError: the disk refuses.
    """
    # A case's labels and its story are most of an entry, and no trend shows them.
    slim = {"labels": [], "trace": ""}
    results = {key: {**one, **slim} for key, one in new["testResults"].items()}
    entry = {**new, "timestamp": round(ended * 1000), "testResults": results}
    others = [one for one in entries if one["name"] != new["name"]]
    write(path, sorted([*others, entry], key=lambda one: one["timestamp"])[-MAX_RUNS:])


def _entry(line: str) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("testResults"), dict):
        return None
    is_entry = isinstance(content.get("name"), str) and isinstance(content.get("timestamp"), int)
    return content if is_entry else None
