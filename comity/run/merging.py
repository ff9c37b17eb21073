"""Putting shards together: their outcomes, with their evidence, in one run folder.

The folder comes into being whole, in one step; what a merge that was killed has left of it is
hidden beside, and taken away by the next.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from comity.errors import ConfigurationError, InfrastructureError
from comity.run import kept
from comity.run.belonging import differences, joined, told
from comity.run.holding import Hold
from comity.run.journal import Journal
from comity.run.kept import OUTCOMES_FILE, RUN_FILE, Line
from comity.run.sharding import Shard
from comity.run.store import Store
from comity.schema.base import few, printable

_UNDER_WAY = ".merging-"


class Kept(NamedTuple):
    """A case of a shard."""

    line: Line
    stopped: float
    files: tuple[str, ...]
    """Its transcript, then its pictures, as the line names them."""


@dataclass(frozen=True)
class Part:
    """A shard that was run."""

    folder: Path
    facts: dict[str, Any]
    shard: Shard
    cases: Sequence[Kept]


@dataclass(frozen=True)
class Whole:
    """What the parts come to."""

    parts: Sequence[Part]
    missing: Sequence[str]
    """The shards that are not there, as K/N."""

    @property
    def cases(self) -> list[Kept]:
        """The cases of all parts, in the order in which they finished."""
        cases = (case for part in self.parts for case in part.cases)
        return sorted(cases, key=lambda case: (case.stopped, case.line.case_id))

    @property
    def selected(self) -> list[str]:
        """The ids of the cases that were to be run, in all shards."""
        return list(self.parts[0].facts.get("selected", ()))

    def facts(self, name: str) -> dict[str, Any]:
        """Return what explains the whole, called `name`.

        What was not the same in all parts stands under each as it was there.
        """
        facts = reduce(joined, [part.facts for part in self.parts])
        whole = {key: fact for key, fact in facts.items() if key != "resumed"}
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
            with suppress(OSError):  # what cannot be read is told of below
                hold = Hold(folder / OUTCOMES_FILE, to_read=True)
                holding.callback(hold.let_go)
        parts = sorted((_part(folder) for folder in folders), key=lambda part: part.shard.number)
        _check(parts)
        there = {part.shard.number for part in parts}
        of = parts[0].shard.of
        missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in there]
        if missing and not partial:
            are = "shard {} is" if len(missing) == 1 else "shards {} are"
            raise ConfigurationError(
                f"{are.format(few(missing))} missing: run what is not there, or merge what is by "
                "--partial, and a gate will not pass the run"
            )
        yield Whole(parts, missing)


def _part(folder: Path) -> Part:
    facts = kept.all_facts(folder)
    settings = facts.get("settings")
    try:
        shard = Shard.model_validate(settings.get("shard") if isinstance(settings, dict) else None)
    except ValidationError:
        raise ConfigurationError(
            f"{folder} is no shard: it was run without --shard K/N, or was merged already"
        ) from None
    cases = []
    for line in kept.last_lines(folder):
        outcome = kept.outcome_of(folder, line)
        if line.case_id != outcome.case.id or not shard.holds(outcome.case):
            raise InfrastructureError(
                f"{folder / OUTCOMES_FILE}, line {line.number}: "
                f"the case {printable(line.case_id, 200)} is none of the shard {shard}'s"
            )
        files = (str(line.content["transcript"]), *outcome.attachments.values())
        cases.append(Kept(line, outcome.timing.stopped, files))
    return Part(folder, facts, shard, cases)


def _check(parts: Sequence[Part]) -> None:
    """Refuse parts that are not of one run, and a shard that is there twice."""
    whole = parts[0].facts
    for before, part in pairwise(parts):
        if part.shard == before.shard:
            raise ConfigurationError(
                f"{before.folder} and {part.folder} are both the shard {part.shard}; what was run "
                "twice counts once, and which of the two is not for a merge to choose"
            )
        # By all that went before: not every part needs a model, or a site.
        if why := _apart(whole, part.facts, before.shard.of, part.shard.of):
            raise ConfigurationError(
                f"{parts[0].folder} and {part.folder} are not of one run: {why}"
            )
        whole = joined(whole, part.facts)


def _apart(one: dict[str, Any], other: dict[str, Any], of: int, other_of: int) -> str | None:
    """Return why two parts of so many are not of one run; None where they are."""
    found = differences(_of_any_shard(one), _of_any_shard(other))
    if bound := [one for one in found if not one.is_free]:
        return told(bound)
    if of != other_of:
        return f"there are {of} shards and {other_of}"
    if set(one.get("selected", ())) != set(other.get("selected", ())):
        return (
            "other cases were selected, by -k, -m, --cultures or by path; select the same for "
            "each shard"
        )
    return None


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
            for case in part.cases:
                _copy(part.folder, folder, case)
        Journal(folder / OUTCOMES_FILE).append([case.line.text.encode() for case in whole.cases])
        Store(folder).write(RUN_FILE, whole.facts(name))
        finish(folder)
        folder.rename(into)
    except OSError as error:
        raise InfrastructureError(f"{into} cannot be written: {error.strerror}") from None
    finally:
        if hold is not None:
            hold.let_go()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(part: Path, folder: Path, case: Kept) -> None:
    """Copy a case's evidence; a picture that is not there is none."""
    for name in case.files:
        try:
            source = kept.inside(part, name)
            place = source.relative_to(part.resolve())
            if len(place.parts) != 2:
                raise ValueError(f"{name} is no evidence of a case")
        except ValueError as error:
            raise InfrastructureError(
                f"{part / OUTCOMES_FILE}, line {case.line.number}: {printable(str(error), 300)}"
            ) from None
        target = folder / place
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            raise InfrastructureError(f"{part}: another shard has a file {place} as well")
        if source.is_file():
            shutil.copyfile(source, target)


def _take_away_what_was_left(parent: Path) -> None:
    """Remove what merges that were killed have left; one that is under way holds its own."""
    for old in parent.glob(f"{_UNDER_WAY}*/{OUTCOMES_FILE}"):
        with suppress(ConfigurationError, OSError):
            hold = Hold(old, to_read=True)
            shutil.rmtree(old.parent, ignore_errors=True)
            hold.let_go()
