"""The run store: what a run leaves behind in `reports/runs/<id>/`.

`run.json` says everything that could explain a difference; `outcomes.jsonl` has a line for each
finished case, flushed before its test reports, and of several lines of one case the last counts;
`transcripts/` and `screenshots/` hold the evidence.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from comity import disk
from comity.errors import InfrastructureError
from comity.run.holding import Hold
from comity.run.journal import Journal
from comity.run.kept import OUTCOMES_FILE, RUN_FILE, Facts, all_facts, all_lines, read, read_facts
from comity.schema import AnyOutcome
from comity.threads import OneThread

__all__ = [
    "OUTCOMES_FILE",
    "RUN_FILE",
    "Facts",
    "Store",
    "all_facts",
    "new_id",
    "read",
    "read_facts",
]

RUNS = "runs"
LATEST = "latest"
SUMMARY_FILE = "summary.json"

# What of an outcome is kept in a file of its own; its line names the file.
EVIDENCE = frozenset({"transcript", "end_state", "judge_calls"})
# Names of files stay readable, and within what every file system takes.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME_CHARACTERS = 200
_HASH_CHARACTERS = 12
# How the transcript ends of a case that was run again.
_AGAIN = re.compile(r"\.([0-9]{1,9})\.json$")


class Store:
    """The folder of one run, which this process alone writes."""

    def __init__(self, folder: Path, earlier: Mapping[str, int] | None = None) -> None:
        """Write to `folder`; `earlier` is how often a case was kept already, by its id."""
        self.folder = folder
        self.id = folder.name
        self.facts: dict[str, Any] = {}
        self._earlier = earlier or {}
        self._hold: Hold | None = None
        self._journal = Journal(folder / OUTCOMES_FILE)
        self._waiting: deque[tuple[AnyOutcome, Future[None]]] = deque()
        self._writer = OneThread("comity-store")

    @classmethod
    def create(cls, reports: Path, facts: dict[str, Any]) -> Self:
        """Make the folder of a new run under `reports`.

        Raises:
            InfrastructureError: the folder cannot be written; nothing of it is left.
        """
        name = new_id()
        folder = reports / RUNS / name
        try:
            for part in ("transcripts", "screenshots"):
                (folder / part).mkdir(parents=True)
            store = cls(folder)
            store._hold = Hold(folder / OUTCOMES_FILE)
            store.facts.update({"run": name, **facts})
            store.write(RUN_FILE, store.facts)
        except (OSError, InfrastructureError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            reason = error.strerror if isinstance(error, OSError) else error
            raise InfrastructureError(
                f"the run cannot be recorded in {reports}: {reason}; make room, make it "
                "writable, or name another folder by the option comity_reports"
            ) from None
        return store

    @classmethod
    def reopen(cls, folder: Path, hold: Hold, facts: dict[str, Any]) -> Self:
        """Return the store of a run that was cut off, to go on with; `hold` is the hold of it.

        Raises:
            InfrastructureError: what it has kept cannot be read.
        """
        store = cls(folder, _earlier(folder))
        store.id = facts["run"]
        store.facts = facts
        store._hold = hold
        return store

    def close(self) -> None:
        """Keep nothing more, and let others have the run; a second call does nothing."""
        self._writer.shutdown(wait=False)
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.let_go()

    def point_latest(self) -> None:
        """Point `latest` to this run, in one step: another run may be doing the same.

        A run that was taken away from where runs are kept is not pointed to.

        Raises:
            InfrastructureError: the disk refuses.
        """
        reports = self.folder.parent.parent
        if self.folder.parent.name != RUNS:
            return
        fresh = reports / f".{LATEST}-{self.folder.name}"
        try:
            fresh.unlink(missing_ok=True)  # a run that was killed just here may have left it
            fresh.symlink_to(Path(RUNS) / self.folder.name)
            os.replace(fresh, reports / LATEST)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise self._refused(f"{reports / LATEST} cannot be pointed to the run", error) from None

    def write_facts(self, more: dict[str, Any]) -> None:
        """Add to `run.json` what became known only when the run's parts had started."""
        self.facts.update(more)
        self.write(RUN_FILE, self.facts)

    def write(self, name: str, content: object) -> Path:
        """Write `content` as JSON to a file of the run, whole or not at all.

        Raises:
            InfrastructureError: the disk refuses.
        """
        path = self.folder / name
        told = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        try:
            # A file that is named on the command line may be called by what is no text.
            disk.replace(path, told.encode(errors="replace"))
        except OSError as error:
            raise self._refused(f"{name} cannot be written", error) from None
        return path

    def place(self, folder: str, case_id: str, suffix: str) -> Path:
        """Return where a file that belongs to a case is kept."""
        (self.folder / folder).mkdir(exist_ok=True)
        return self._place(folder, case_id, suffix)

    def _place(self, folder: str, case_id: str, suffix: str) -> Path:
        name = _UNSAFE.sub("_", case_id)[:MAX_NAME_CHARACTERS]
        if name != case_id:
            # Other ids may come to the same, and each case has files of its own.
            digest = hashlib.sha256(case_id.encode()).hexdigest()[:_HASH_CHARACTERS]
            name = f"{name[: MAX_NAME_CHARACTERS - _HASH_CHARACTERS - 1]}-{digest}"
        # What an earlier line tells of stays as it was.
        again = f".{earlier + 1}" if (earlier := self._earlier.get(case_id)) else ""
        return self.folder / folder / f"{name}{again}{suffix}"

    def discard(self, path: Path) -> None:
        """Remove what a failure left of a file; that this fails too changes nothing."""
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def relative(self, path: Path) -> str:
        """Return `path` as outcomes name it: relative to the run's folder."""
        return path.relative_to(self.folder).as_posix()

    def append(self, outcome: AnyOutcome) -> "Future[None]":
        """Keep a finished case: its transcript first, then its line, flushed to the disk.

        Outcomes that come while the disk is busy are kept together, by one wait for it. The
        future is done once this one's line is on the disk; it fails with InfrastructureError
        where the disk refuses, and then nothing of the outcome is kept.
        """
        kept: Future[None] = Future()
        self._waiting.append((outcome, kept))
        self._writer.submit(self._write_waiting)
        return kept

    def _write_waiting(self) -> None:
        """Write all that waits; what another turn of the writer has taken waits no more."""
        lines: list[bytes] = []
        under_way: list[tuple[AnyOutcome, Path, Future[None]]] = []
        while self._waiting:
            outcome, kept = self._waiting.popleft()
            if not kept.set_running_or_notify_cancel():
                continue
            transcript = self._place("transcripts", outcome.case.id, ".json")
            try:
                lines.append(self._line(outcome, transcript))
                under_way.append((outcome, transcript, kept))
            except Exception as error:
                # Whatever it is, it concerns this outcome alone.
                self.discard(transcript)
                kept.set_exception(self._not_kept(outcome, error))
        if not lines:
            return
        try:
            self._journal.append(lines)
        except OSError as error:
            for outcome, transcript, kept in under_way:
                self.discard(transcript)
                kept.set_exception(self._not_kept(outcome, error))
        else:
            for _, _, kept in under_way:
                kept.set_result(None)

    def _line(self, outcome: AnyOutcome, transcript: Path) -> bytes:
        """Write the outcome's evidence, and return its line."""
        evidence = outcome.model_dump_json(include=set(EVIDENCE))
        disk.write(os.fspath(transcript), evidence.encode())
        reply = outcome.transcript.reply
        added = {
            "case_id": outcome.case.id,
            "reply": reply.text if reply else None,
            "transcript": self.relative(transcript),
        }
        # Two objects joined as text: to take an outcome apart in Python takes ten times as long.
        told = outcome.model_dump_json(exclude=set(EVIDENCE))
        return f"{told[:-1]},{json.dumps(added, ensure_ascii=False)[1:]}".encode()

    def _not_kept(self, outcome: AnyOutcome, error: Exception) -> InfrastructureError:
        return self._refused(f"the outcome of {outcome.case.id} cannot be kept", error)

    def _refused(self, what: str, error: Exception) -> InfrastructureError:
        reason = (
            error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        )
        return InfrastructureError(f"{what} in {self.folder}: {reason}")


def _earlier(folder: Path) -> dict[str, int]:
    """Return how often each case of a run was kept, by its lines and by what they name.

    Of what was merged only a case's last line is there, and its file keeps the name that it had.
    """
    earlier: dict[str, int] = {}
    for line in all_lines(folder):
        named = _AGAIN.search(str(line.content.get("transcript")))
        number = int(named[1]) if named else 1
        earlier[line.case_id] = max(earlier.get(line.case_id, 0) + 1, number)
    return earlier


def new_id() -> str:
    """Return an id for a run that begins now."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    return f"{stamp}-{secrets.token_hex(3)}"  # two runs may begin in one second
