"""The run store: what a run leaves behind in `reports/runs/<id>/`.

`run.json` says everything that could explain a difference; `outcomes.jsonl` has one line a finished
case, flushed before its test reports; `transcripts/` and `screenshots/` hold the evidence.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from comity.errors import InfrastructureError
from comity.run import files
from comity.run.journal import Journal, whole_lines
from comity.schema import AnyOutcome

RUNS = "runs"
LATEST = "latest"
RUN_FILE = "run.json"
OUTCOMES_FILE = "outcomes.jsonl"
SUMMARY_FILE = "summary.json"

# What of an outcome is kept in a file of its own; its line names the file.
EVIDENCE = frozenset({"transcript", "end_state", "judge_calls"})
# What a line says beside the outcome, for readers of the file.
ADDED = ("case_id", "reply", "transcript")

_OUTCOME: TypeAdapter[AnyOutcome] = TypeAdapter(AnyOutcome)

# Names of files stay readable, and within what every file system takes.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME_CHARACTERS = 200


class Store:
    """The folder of one run, which this process alone writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.facts: dict[str, Any] = {}
        self._journal = Journal(folder / OUTCOMES_FILE)
        self._waiting: deque[tuple[AnyOutcome, Future[None]]] = deque()
        self._writer = ThreadPoolExecutor(1, "comity-store")

    @classmethod
    def create(cls, reports: Path, facts: dict[str, Any]) -> Self:
        """Make the folder of a new run under `reports`.

        Raises:
            InfrastructureError: the folder cannot be written; nothing of it is left.
        """
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        name = f"{stamp}-{secrets.token_hex(3)}"  # two runs may begin in one second
        folder = reports / RUNS / name
        try:
            for part in ("transcripts", "screenshots"):
                (folder / part).mkdir(parents=True)
            store = cls(folder)
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

    def point_latest(self) -> None:
        """Point `latest` to this run, in one step: another run may be doing the same.

        Raises:
            InfrastructureError: the disk refuses.
        """
        reports = self.folder.parent.parent
        fresh = reports / f".{LATEST}-{self.id}"
        try:
            fresh.symlink_to(Path(RUNS) / self.id)
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
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
            os.replace(part, path)
        except OSError as error:
            self.discard(part)
            raise self._refused(f"{name} cannot be written", error) from None
        return path

    def place(self, folder: str, case_id: str, suffix: str) -> Path:
        """Return where a file that belongs to a case is kept."""
        (self.folder / folder).mkdir(exist_ok=True)
        return self._place(folder, case_id, suffix)

    def _place(self, folder: str, case_id: str, suffix: str) -> Path:
        name = _UNSAFE.sub("_", case_id)[:MAX_NAME_CHARACTERS]
        return self.folder / folder / f"{name}{suffix}"

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
        files.write(os.fspath(transcript), evidence.encode())
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


class Facts(BaseModel):
    """What is read again of a run's `run.json`."""

    model_config = ConfigDict(frozen=True)

    run: str
    """The run's id, whatever its folder is called now."""
    pipeline: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The hash of the judges, which their calibration is kept under."""
    selected: tuple[str, ...] = ()
    """The ids of the cases that were to be run."""


def read_facts(folder: Path) -> Facts:
    """Return what explains the run in `folder`.

    Raises:
        InfrastructureError: it holds no run, or one that is damaged or not of this version.
    """
    path = folder / RUN_FILE
    try:
        return Facts.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InfrastructureError(f"{folder} is no run: it has no {RUN_FILE}") from None
    except OSError as error:
        raise InfrastructureError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = "".join(f"{part}: " for part in detail["loc"])
        raise InfrastructureError(f"{path} cannot be read: {field}{detail['msg']}") from None


def read(folder: Path, *, evidence: bool = True) -> Iterator[AnyOutcome]:
    """Yield the outcomes that a run has kept in `folder`, in the order in which they finished.

    Without `evidence` they have neither transcript nor end state, and are read far sooner.

    Raises:
        InfrastructureError: a file of the run is missing, damaged or not of this version.
    """
    path = folder / OUTCOMES_FILE
    try:
        if not (folder / RUN_FILE).is_file():
            raise InfrastructureError(f"{folder} is no run: it has no {RUN_FILE}")
        lines = whole_lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InfrastructureError(f"{path} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            yield _outcome(folder, line, evidence)
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = (
                f"{error.error_count()} fields are not as this version writes them"
                if isinstance(error, ValidationError)
                else f"{type(error).__name__}: {error}"
            )
            raise InfrastructureError(f"{path}, line {number}, cannot be read: {reason}") from None


def _outcome(folder: Path, line: str, evidence: bool) -> AnyOutcome:
    """Return the outcome that a line tells of, together with its evidence where that is asked."""
    content = json.loads(line)
    added = {name: content.pop(name) for name in ADDED}
    if not evidence:
        return _OUTCOME.validate_python(content)
    transcript = (folder / added["transcript"]).resolve()
    if not transcript.is_relative_to(folder.resolve()):
        raise ValueError(f"{added['transcript']} lies outside of the run")
    return _OUTCOME.validate_python({**content, **json.loads(transcript.read_text("utf-8"))})
