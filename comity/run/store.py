"""The run store: what a run leaves behind in `reports/runs/<id>/`.

`run.json` says everything that could explain a difference; `outcomes.jsonl` has one line a finished
case, flushed before its test reports; `transcripts/` and `screenshots/` hold the evidence.
"""

import json
import os
import re
import secrets
import threading
import time
from pathlib import Path
from typing import Any, Self

from comity.errors import InfrastructureError
from comity.schema import Outcome

RUNS = "runs"
LATEST = "latest"
RUN_FILE = "run.json"
OUTCOMES_FILE = "outcomes.jsonl"
SUMMARY_FILE = "summary.json"

# Names of files stay readable, and within what every file system takes.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME_CHARACTERS = 200


class Store:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.facts: dict[str, Any] = {}
        self._writing = threading.Lock()

    @classmethod
    def create(cls, reports: Path, facts: dict[str, Any]) -> Self:
        """Make the folder of a new run under `reports`, and point `latest` to it.

        Raises:
            InfrastructureError: the folder cannot be written.
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
            store._point_latest(reports)
        except OSError as error:
            raise InfrastructureError(
                f"the run cannot be recorded in {reports}: {error.strerror}; make it writable, "
                "or name another folder by the option comity_reports"
            ) from None
        return store

    def _point_latest(self, reports: Path) -> None:
        """Swap the link in one step: another run may be doing the same."""
        fresh = reports / f".{LATEST}-{self.id}"
        fresh.symlink_to(Path(RUNS) / self.id)
        os.replace(fresh, reports / LATEST)

    def write_facts(self, more: dict[str, Any]) -> None:
        """Add to `run.json` what became known only when the run's parts had started."""
        self.facts.update(more)
        self.write(RUN_FILE, self.facts)

    def write(self, name: str, content: object) -> Path:
        """Write `content` as JSON to a file of the run, whole or not at all."""
        path = self.folder / name
        part = path.with_name(f".{path.name}.part")
        part.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        os.replace(part, path)
        return path

    def place(self, folder: str, case_id: str, suffix: str) -> Path:
        """Return where a file that belongs to a case is kept."""
        name = _UNSAFE.sub("_", case_id)[:MAX_NAME_CHARACTERS]
        (self.folder / folder).mkdir(exist_ok=True)
        return self.folder / folder / f"{name}{suffix}"

    def relative(self, path: Path) -> str:
        """Return `path` as outcomes name it: relative to the run's folder."""
        return path.relative_to(self.folder).as_posix()

    def append(self, outcome: Outcome) -> None:
        """Keep a finished case: its transcript first, then its line, flushed to the disk.

        Raises:
            InfrastructureError: the disk refuses.
        """
        evidence = {"transcript": True, "end_state": True}
        try:
            transcript = self.place("transcripts", outcome.case.id, ".json")
            transcript.write_text(outcome.model_dump_json(include=set(evidence)), "utf-8")
            line = outcome.model_dump(mode="json", exclude=set(evidence))
            reply = outcome.transcript.reply
            line["case_id"] = outcome.case.id
            line["reply"] = reply.text if reply else None
            line["transcript"] = self.relative(transcript)
            # One write of whole lines in append mode: a reader never meets half of one, unless
            # the disk is full or the machine dies.
            text = json.dumps(line, ensure_ascii=False) + "\n"
            with self._writing, (self.folder / OUTCOMES_FILE).open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InfrastructureError(
                f"the outcome of {outcome.case.id} cannot be kept in {self.folder}: "
                f"{error.strerror}"
            ) from None
