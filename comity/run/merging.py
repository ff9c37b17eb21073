"""Putting shards together: their outcomes, with their evidence, in one run folder.

The folder comes into being whole, in one step; what a merge that was killed has left of it is
hidden beside, and taken away by the next.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from comity.errors import ConfigurationError, InfrastructureError
from comity.run import kept
from comity.run.belonging import differences, joined, told
from comity.run.holding import Hold
from comity.run.journal import Journal
from comity.run.kept import OUTCOMES_FILE, RUN_FILE, Line
from comity.run.sharding import Shard
from comity.run.store import Store
from comity.schema import AnyOutcome
from comity.schema.base import printable

_UNDER_WAY = ".merging-"
MAX_NAMED = 3

Kept = list[tuple[Line, AnyOutcome]]


@dataclass(frozen=True)
class Part:
    """A shard that was run."""

    folder: Path
    facts: dict[str, Any]
    shard: Shard
    outcomes: Kept

    @property
    def named(self) -> str:
        """What it is called where something is said of it."""
        return f"{self.folder} (shard {self.shard})"


@dataclass(frozen=True)
class Whole:
    """What the parts come to."""

    parts: Sequence[Part]
    missing: Sequence[str]
    """The shards that are not there, as K/N."""
    outcomes: Kept = field(default_factory=list)
    """In the order in which they finished."""

    @property
    def selected(self) -> list[str]:
        """The ids of the cases that were to be run, in all shards."""
        return list(self.parts[0].facts.get("selected", ()))

    def facts(self, name: str) -> dict[str, Any]:
        """Return what explains the whole, called `name`.

        What was not the same in all parts stands under each as it was there.
        """
        whole = dict(self.parts[0].facts)
        for part in self.parts[1:]:
            whole = joined(whole, part.facts)
        whole.pop("resumed", None)
        whole["settings"] = {**whole["settings"], "shard": None}
        parts = []
        for part in self.parts:
            own = {key: fact for key, fact in part.facts.items() if fact != whole.get(key)}
            parts.append({"run": part.facts["run"], "shard": str(part.shard), **own})
        return {**whole, "run": name, "parts": parts, "missing": list(self.missing)}


@contextmanager
def gathered(folders: Sequence[Path], *, partial: bool = False) -> Iterator[Whole]:
    """Yield the shards in `folders`, checked and held against whoever would write them.

    Raises:
        ConfigurationError: they do not belong together; one is missing, and not `partial`; or
            another process is at work on one.
        InfrastructureError: one cannot be read.
    """
    with ExitStack() as holding:
        for folder in folders:
            with suppress(FileNotFoundError):
                hold = Hold(folder / OUTCOMES_FILE, to_read=True)
                holding.callback(hold.let_go)
        parts = sorted((_part(folder) for folder in folders), key=lambda part: part.shard.number)
        for before, part in pairwise(parts):
            _check_beside(before, part)
        there = {part.shard.number for part in parts}
        of = parts[0].shard.of
        missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in there]
        if missing and not partial:
            raise ConfigurationError(
                f"{_few(missing, 'shard')} missing: run what is not there, or merge what is by "
                "--partial, and a gate will not pass the run"
            )
        outcomes = sorted(
            (one for part in parts for one in part.outcomes),
            key=lambda one: (one[1].timing.stopped, one[0].case_id),
        )
        yield Whole(parts, missing, outcomes)


def _part(folder: Path) -> Part:
    kept.read_facts(folder)  # says what is wrong, in words
    facts: dict[str, Any] = json.loads((folder / RUN_FILE).read_bytes())
    settings = facts.get("settings")
    try:
        shard = Shard.model_validate(settings.get("shard") if isinstance(settings, dict) else None)
    except ValidationError:
        raise ConfigurationError(
            f"{folder} is no shard: it was run without --shard K/N, or was merged already"
        ) from None
    outcomes = [(line, kept.outcome_of(folder, line)) for line in kept.last_lines(folder)]
    for line, outcome in outcomes:
        if line.case_id != outcome.case.id or not shard.holds(outcome.case):
            raise InfrastructureError(
                f"{folder / OUTCOMES_FILE}, line {line.number}: "
                f"the case {printable(line.case_id, 200)} is none of the shard {shard}'s"
            )
    return Part(folder, facts, shard, outcomes)


def _check_beside(first: Part, part: Part) -> None:
    """Refuse a part that is of another run than the first, or the same shard again."""
    if part.shard.of == first.shard.of and part.shard.number == first.shard.number:
        raise ConfigurationError(
            f"{first.folder} and {part.folder} are both the shard {part.shard}; what was run twice "
            "counts once, and which of the two is not for a merge to choose"
        )
    found = [
        one
        for one in differences(_of_any_shard(first.facts), _of_any_shard(part.facts))
        if not one.is_free
    ]
    if found or part.shard.of != first.shard.of:
        of = f"there are {first.shard.of} shards and {part.shard.of}"
        raise ConfigurationError(
            f"{first.named} and {part.named} are not of one run: {told(found) if found else of}"
        )
    if set(part.facts.get("selected", ())) != set(first.facts.get("selected", ())):
        raise ConfigurationError(
            f"{first.named} and {part.named} are not of one run: other cases were selected, by "
            "-k, -m, --cultures or by path; select the same for each shard"
        )


def _of_any_shard(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, "settings": {**facts["settings"], "shard": None}}


def put_together(whole: Whole, name: str, into: Path, finish: Callable[[Path], None]) -> None:
    """Make the folder `into` of the whole, a run called `name`.

    `finish` adds to the folder what is said of a whole run.

    Raises:
        ConfigurationError: something is there already.
        InfrastructureError: the disk refuses, or a part names what is no file of its own; nothing
            is left of the folder.
    """
    if into.exists() or into.is_symlink():
        raise ConfigurationError(f"{into} is there already; name another folder by --into")
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        _take_away_what_was_left(into.parent)
        folder = into.parent / f"{_UNDER_WAY}{name}"
        folder.mkdir()
    except OSError as error:
        raise InfrastructureError(f"{into.parent} cannot be written: {error.strerror}") from None
    hold = None
    try:
        hold = Hold(folder / OUTCOMES_FILE)
        for part in whole.parts:
            for line, outcome in part.outcomes:
                _copy(part.folder, folder, line, outcome)
        Journal(folder / OUTCOMES_FILE).append([line.text.encode() for line, _ in whole.outcomes])
        Store(folder).write(RUN_FILE, whole.facts(name))
        finish(folder)
        folder.rename(into)
    except OSError as error:
        raise InfrastructureError(f"{into} cannot be written: {error.strerror}") from None
    finally:
        if hold is not None:
            hold.let_go()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(part: Path, folder: Path, line: Line, outcome: AnyOutcome) -> None:
    """Copy a case's evidence; a picture that is not there is none."""
    transcript = str(line.content["transcript"])
    for name in (transcript, *outcome.attachments.values()):
        try:
            source = kept.inside(part, name)
            place = source.relative_to(part.resolve())
            if len(place.parts) != 2:
                raise ValueError(f"{name} is no evidence of a case")
        except ValueError as error:
            raise InfrastructureError(
                f"{part / OUTCOMES_FILE}, line {line.number}: {printable(str(error), 300)}"
            ) from None
        target = folder / place
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            raise InfrastructureError(f"{part}: another shard has a file {place} as well")
        if name == transcript or source.is_file():
            shutil.copyfile(source, target)


def _take_away_what_was_left(parent: Path) -> None:
    """Remove what merges that were killed have left; one that is under way holds its own."""
    for old in parent.glob(f"{_UNDER_WAY}*/{OUTCOMES_FILE}"):
        with suppress(ConfigurationError, OSError):
            hold = Hold(old, to_read=True)
            shutil.rmtree(old.parent, ignore_errors=True)
            hold.let_go()


def _few(names: Sequence[str], what: str) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    several = "s" if len(names) > 1 else ""
    return f"{what}{several} {', '.join(names[:MAX_NAMED])}{more} {'are' if several else 'is'}"
