"""The runs of the same that went before: who tries again until it passes is seen to have tried.

It sees the runs that stand beside in the same reports folder, and no others. What has uncommitted
changes, or no revision, is never the same: nobody can tell that nothing changed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from comity.run.store import RUN_FILE, SUMMARY_FILE
from comity.statistics.decision import Verdict
from comity.statistics.rulings import Earlier


def earlier(folder: Path, gate: str) -> list[Earlier]:
    """Return the runs beside that in `folder` that were made before it, and are of the same.

    `gate` is the hash of the gate whose verdicts are asked for. A folder that holds no whole run
    is none of them.
    """
    facts = _read(folder / RUN_FILE)
    mine = _same(facts)
    if mine is None:
        return []
    cases = set(facts["selected"])
    try:
        around = list(folder.parent.iterdir())
    except OSError:
        return []
    found = []
    for beside in around:
        theirs = _read(beside / RUN_FILE)
        if _same(theirs) != mine or cases.isdisjoint(theirs["selected"]):
            continue
        # A run is called by its time, so that names tell the order, whatever its folder's is.
        if theirs["run"] < facts["run"]:
            found.append(Earlier(run=theirs["run"], verdict=_verdict(beside, gate)))
    return sorted(found, key=lambda one: one.run)


def _same(facts: Mapping[str, Any]) -> tuple[object, ...] | None:
    """Return what makes two runs of the same cases the same; None where that is not known.

    The seed and the temperature are no part of it: to change those is to try again. Shards of one
    run have the cases of all, and are told apart by which they are.
    """
    try:
        git, model = facts["git"], facts.get("model")
        if git is None or git["changed"]:
            return None
        if not all(isinstance(name, str) for name in (facts["run"], *facts["selected"])):
            return None
        agents = sorted(str(agent["reference"]) for agent in facts["agents"])
        shard = facts["settings"].get("shard")
        return git["revision"], facts["suites"], agents, shard, model and model["name"]
    except (KeyError, TypeError, AttributeError):
        return None


def _verdict(folder: Path, gate: str) -> Verdict | None:
    told: Any = _read(folder / SUMMARY_FILE).get("verdict")
    try:
        verdict = told["verdict"] if told["gate"]["sha256"] == gate else None
    except (KeyError, TypeError):
        return None
    return verdict if verdict in get_args(Verdict) else None


def _read(path: Path) -> dict[str, Any]:
    """Return what a file of a run says; nothing where it is damaged, or not there."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
