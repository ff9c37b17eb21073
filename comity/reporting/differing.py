"""What else differed between two runs, from all that their `run.json` say."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from comity.errors import InfrastructureError


class Differed(NamedTuple):
    """Something that was not the same in the two runs."""

    what: str
    base: str
    new: str


# What is likeliest to explain a difference, by the first part of its name; all else comes after.
_FIRST = ("pipeline", "judge", "judges", "questions", "suites", "model", "agents", "settings")
_TOLD = {
    "pipeline": "judges' pipeline",
    "judge": "judging model",
    "judges": "judges' code",
    "questions": "judges' questions",
    "suites": "files of the suites",
    "parts": "number of shards",
    "resumed": "times resumed",
    "earlier": "earlier runs of the same",
}
# Lists of runs, each with its times and places: how many there are says all that may matter.
_COUNTED = ("parts", "resumed", "earlier")
_NONE = "-"


def differed(base: dict[str, Any], new: dict[str, Any]) -> list[Differed]:
    """Return what was not the same in two runs, the likeliest reason for a difference first.

    Raises:
        InfrastructureError: a run tells of no agents that can be read.
    """
    first, second = (dict(_leaves(_facts(run))) for run in (base, new))
    found = [
        Differed(_named(name), first.get(name, _NONE), second.get(name, _NONE))
        for name in dict.fromkeys((*first, *second))
        if first.get(name) != second.get(name)
    ]
    names = [_TOLD.get(name, name) for name in _FIRST]

    def rank(one: Differed) -> int:
        part = one.what.partition(": ")[0]
        return names.index(part) if part in names else len(names)

    return sorted(found, key=rank)


def same_rulers(base: dict[str, Any], new: dict[str, Any]) -> bool:
    """Return whether the two runs are known to have been judged by the same judges."""
    return base.get("pipeline") is not None and base["pipeline"] == new.get("pipeline")


def agents(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what a run tells of its agents, by reference, so that their order is no difference.

    Raises:
        InfrastructureError: it tells nothing that can be read.
    """
    try:
        cards = [dict(card) for card in facts.get("agents") or ()]
        return {
            str(card.pop("reference")): {
                "in the run": True,
                **card,
                "declares": sorted(card.get("declares", ())),
            }
            for card in cards
        }
    except (KeyError, TypeError, ValueError):
        raise InfrastructureError("run.json cannot be read: its `agents` are none") from None


def _facts(run: dict[str, Any]) -> dict[str, Any]:
    counted = {key: len(run[key]) for key in _COUNTED if isinstance(run.get(key), list)}
    return {**run, **counted, "agents": agents(run)}


def _leaves(value: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*name, str(key)))
    elif value is not None:
        told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, told
    # What is null is as what is not there.


def _named(name: tuple[str, ...]) -> str:
    first, *rest = name
    return ": ".join((_TOLD.get(first, first), *rest))
