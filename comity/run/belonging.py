"""Whether parts belong to one run: the facts that decide what comes out are the same for all.

What is not listed here as free to differ must be the same; so must each fact that is added later.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from comity.schema.base import printable

ANY = "*"
Path = tuple[str, ...]

# They say where, when and how fast a part was run, and which cases; the last are compared apart.
FREE: frozenset[Path] = frozenset(
    {
        ("run",),
        ("platform",),
        ("git", "changed"),  # reports and logs lie in many a checkout
        ("selected",),
        ("resumed",),
        ("parts",),
        ("missing",),
        ("earlier",),
        ("options", "keyword"),
        ("options", "mark"),
        ("options", "cultures"),
        ("options", "gate"),  # any gate may be asked of a run, at any time
        ("options", "baseline"),
        # How fast, how long, and what is kept beside. A case that comes to a limit is an
        # infrastructure error, and so is run again.
        *(
            ("settings", name)
            for name in (
                "call_timeout",
                "case_timeout",
                "concurrency",
                "log_json",
                "no_cache",
                "replay",
                "server_timeout",
                "site_timeout",
                "time_budget",
                "token_budget",
                "tries",
                "browser_trace",
            )
        ),
        # What they lead to is known by what it says of itself.
        ("settings", "model"),
        ("settings", "model_url"),
        ("settings", "judge_model"),
        ("settings", "judge_url"),
        ("settings", "judges"),
        # A server's process and its place, as against what it serves.
        ("model", "urls"),
        ("model", "fingerprint"),
        ("judge", "models", ANY, "urls"),
        ("judge", "models", ANY, "fingerprint"),
        ("sites", ANY, "host"),
    }
)
# A part that needs none of these has none.
AS_NEEDED: frozenset[Path] = frozenset(
    {
        ("model",),
        ("model", "served"),  # a replay asks no server what it is
        ("judge",),
        ("judge", "models", ANY, "served"),
        ("browser",),
        ("sites",),
        ("sites", ANY),
    }
)

MAX_TOLD = 6
MAX_VALUE_CHARACTERS = 60


class Difference(NamedTuple):
    """A fact that is not the same in two parts."""

    path: Path
    was: Any
    now: Any

    @property
    def is_free(self) -> bool:
        """Whether it may differ between the parts of a run."""
        return _listed(self.path, FREE)

    def __str__(self) -> str:
        name = printable(".".join(self.path), MAX_VALUE_CHARACTERS).replace("\n", " ")
        return f"{name} was {_told(self.was)} and is {_told(self.now)}"


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Return what differs between the facts of two parts, the free facts with it."""
    return list(_compared((), _by_name(was), _by_name(now)))


def told(found: list[Difference]) -> str:
    """Return a few words for each of the differences."""
    more = [f"{len(found) - MAX_TOLD} more"] if len(found) > MAX_TOLD else []
    return "; ".join([*map(str, found[:MAX_TOLD]), *more])


def joined(first: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of the first part, and what only the other part needed."""
    whole = dict(first)
    for name, *_ in AS_NEEDED:
        if whole.get(name) is None and other.get(name) is not None:
            whole[name] = other[name]
    if isinstance(first.get("sites"), dict) and isinstance(other.get("sites"), dict):
        whole["sites"] = {**other["sites"], **first["sites"]}
    return whole


def _by_name(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as they are read back, the agents by their names: they may come in any order."""
    read: dict[str, Any] = json.loads(json.dumps(facts))
    if isinstance(agents := read.get("agents"), list):
        named = [one for one in agents if isinstance(one, dict)]
        read["agents"] = {str(one.pop("reference", "")): one for one in named}
    return read


def _compared(path: Path, was: Any, now: Any) -> Iterator[Difference]:
    if was == now or (None in (was, now) and _listed(path, AS_NEEDED)):
        return
    if isinstance(was, dict) and isinstance(now, dict) and not _listed(path, FREE):
        for name in [*was, *(name for name in now if name not in was)]:
            yield from _compared((*path, name), was.get(name), now.get(name))
    else:
        yield Difference(path, was, now)


def _listed(path: Path, paths: frozenset[Path]) -> bool:
    return any(
        len(one) == len(path) and all(a in (ANY, b) for a, b in zip(one, path, strict=True))
        for one in paths
    )


def _told(value: Any) -> str:
    if value is None:
        return "not there"
    return printable(json.dumps(value, ensure_ascii=False), MAX_VALUE_CHARACTERS)
