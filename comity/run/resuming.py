"""A run that begins, or one that was cut off and goes on: what it has kept stands.

A case is finished once its agent has had its turn and was judged, whatever came of it: it is not
run again. Where a server, a browser, a site or a judge failed it is, and what comes of that takes
the place of the failure.
"""

import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from comity.errors import ConfigurationError, InfrastructureError
from comity.run import finding, kept
from comity.run.belonging import Difference, differences, joined, told
from comity.run.holding import Hold
from comity.run.kept import OUTCOMES_FILE, Line
from comity.run.store import SUMMARY_FILE, Store
from comity.schema import AnyOutcome, Status
from comity.schema.base import few, printable

AGAIN = (Status.INFRASTRUCTURE_ERROR, Status.JUDGE_ERROR)
"""The statuses of what was no doing of the agent's, and is run again."""


class NewRun:
    """A run that begins."""

    finished: Mapping[str, AnyOutcome] = {}
    """The outcomes that stand already, by their cases' ids."""
    outcomes: Mapping[str, AnyOutcome] = {}
    """These, and those of cases that are to be run again."""

    def __init__(self, reports: Path) -> None:
        self._reports = reports
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """The run's folder, once it was begun."""
        assert self._store is not None
        return self._store

    def begin(self, case_ids: Collection[str], facts: dict[str, Any]) -> Store:
        """Make the run's folder, for these cases.

        Raises:
            InfrastructureError: it cannot be written.
        """
        self._store = Store.create(self._reports, facts)
        return self._store

    def logs(self) -> Path:
        """Return the folder for what the run's processes write."""
        return self.store.folder

    def record(self, facts: dict[str, Any]) -> None:
        """Note in `run.json` what is known now that the run's parts have started.

        Raises:
            InfrastructureError: the disk refuses.
        """
        self.store.write_facts(facts)

    def notes(self) -> list[str]:
        """Return what a reader should know of how the run came about."""
        return []

    def close(self) -> None:
        """Let other processes have the run."""
        if self._store is not None:
            self._store.close()


class ResumedRun:
    """A run that was cut off, held by this process to go on with."""

    def __init__(self, folder: Path) -> None:
        """Take hold of the run, and read what it has kept.

        Raises:
            ConfigurationError: it is not known here, or another process is at work on it.
            InfrastructureError: its files cannot be read.
        """
        try:
            hold = Hold(folder / OUTCOMES_FILE)
        except OSError as error:
            raise InfrastructureError(f"{folder} cannot be written: {error.strerror}") from None
        try:
            self.facts = kept.all_facts(folder)
            lines = kept.last_lines(folder)
            self.outcomes = {outcome.case.id: outcome for outcome in _whole(folder, lines)}
            self.store = Store.reopen(folder, hold, self.facts)
        except BaseException:
            hold.let_go()
            raise
        self.finished = {
            case_id: outcome
            for case_id, outcome in self.outcomes.items()
            if outcome.status not in AGAIN
        }
        """The outcomes that stand, by their cases' ids."""
        self._begun = {line.case_id for line in lines}
        self._again = 0

    @property
    def _logs(self) -> Path:
        return self.store.folder / f"resumed-{len(self._before) + 1}"

    @property
    def _before(self) -> list[object]:
        """What is noted of the times that the run was resumed before."""
        return list(self.facts.get("resumed", ()))

    def logs(self) -> Path:
        """Make the folder for what the processes of this part write; those of the others stay.

        Raises:
            InfrastructureError: the disk refuses.
        """
        try:
            self._logs.mkdir(exist_ok=True)
        except OSError as error:
            raise InfrastructureError(f"{self._logs} cannot be made: {error.strerror}") from None
        return self._logs

    def begin(self, case_ids: Collection[str], facts: dict[str, Any]) -> Store:
        """Refuse to go on otherwise than the run began, or with other cases.

        Fewer may be selected: the run has all of its cases still, and a gate knows them.

        Raises:
            ConfigurationError: that is told; nothing was changed.
        """
        self._compare(facts)
        strangers = sorted(set(case_ids) - set(self.facts.get("selected", ())))
        if strangers:
            raise ConfigurationError(
                f"{few(strangers)} were not selected when the run {self._name} began, and it "
                "cannot take in others now; select what it has, or start a new run without --resume"
            )
        self._again = len(set(case_ids) & (self._begun - set(self.finished)))
        return self.store

    def _compare(self, facts: dict[str, Any]) -> None:
        """Refuse facts that the run did not begin with.

        Raises:
            ConfigurationError: they are told; nothing was changed.
        """
        if found := [one for one in self._differences(facts) if not one.is_free]:
            raise ConfigurationError(
                f"the run {self._name} began otherwise than it would go on: {told(found)}. "
                "Put that back as it was, or start a new run without --resume"
            )

    def _differences(self, facts: dict[str, Any]) -> list[Difference]:
        # What became known only in the course of the run is no fact that it began with.
        return differences({name: self.facts.get(name) for name in facts}, facts)

    def record(self, facts: dict[str, Any]) -> None:
        """Note in `run.json` when the run was resumed, with what, and how much of it stands.

        Raises:
            ConfigurationError: a part that was started now is another than before.
            InfrastructureError: the disk refuses.
        """
        with suppress(OSError):
            self._logs.rmdir()  # it has files, where a process was started
        try:
            self._compare(facts)
        except ConfigurationError:
            shutil.rmtree(self._logs, ignore_errors=True)
            raise
        part = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "kept": len(self.finished),
            "again": self._again,
            "changed": {
                ".".join(one.path): one.now
                for one in self._differences(facts)
                if one.path != ("selected",)
            },
        }
        whole = joined(self.facts, facts)
        self.store.write_facts({**whole, "resumed": [*self._before, part]})
        # A summary of what was there is none of what will be.
        self.store.discard(self.store.folder / SUMMARY_FILE)

    @property
    def _name(self) -> str:
        return printable(self.store.id, 200)

    def notes(self) -> list[str]:
        """Return what a reader should know of how the run came about."""
        again = f"; {self._again} that are not sound were run again" if self._again else ""
        return [f"resumed: {len(self.finished)} outcomes were there from before{again}"]

    def close(self) -> None:
        """Let other processes have the run."""
        self.store.close()


def taken_up(named: str | None, reports: Path) -> NewRun | ResumedRun:
    """Return a new run, or the one that is `named`: `latest`, an id or a folder.

    Raises:
        ConfigurationError: there is none of that name, or another process is at work on it.
        InfrastructureError: its files cannot be read.
    """
    if named is None:
        return NewRun(reports)
    try:
        return ResumedRun(finding.find(named, reports))
    except finding.NoRunError as error:
        hint = "for the latest write --resume last, or --resume=latest"
        raise ConfigurationError(f"--resume: {error}; {hint}") from None


def _whole(folder: Path, lines: Iterable[Line]) -> Iterable[AnyOutcome]:
    """Yield the outcomes of a run; one whose evidence a power cut took has not finished."""
    for line in lines:
        try:
            yield kept.outcome_of(folder, line)
        except InfrastructureError:
            kept.outcome_of(folder, line, evidence=False)  # a line that is damaged itself is told
