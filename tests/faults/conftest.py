"""A pytest run that is watched while parts of it are killed; after it nothing may be left."""

import json
import os
import secrets
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

# A machine that is busy with other tests may take its time.
PATIENCE = 60.0
# How soon after a run the last of it must be gone; a killed run's site has a grace of five seconds.
GONE_SECONDS = 15.0
MARK = "RUN_UNDER_TEST"


@dataclass
class Watched:
    """A pytest process over a user's project, with a directory of its own for temporary files."""

    project: "Project"
    mark: str = field(default_factory=lambda: secrets.token_hex(16))
    process: "subprocess.Popen[str] | None" = None
    known: set[tuple[int, str]] = field(default_factory=set)
    """The processes of the run that were seen so far, by id and time of start."""

    def __post_init__(self) -> None:
        self.temporary.mkdir()

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def start(
        self,
        *arguments: str,
        agents: tuple[str, ...],
        before: tuple[str, ...] = (),
        popen: dict[str, Any] | None = None,
        **environment: str,
    ) -> None:
        """Start pytest; `before` is a command that runs it, `popen` how the process is made."""
        self.process = subprocess.Popen(
            [*before, *self.project.command(*arguments, agents=agents)],
            cwd=self.root,
            env=self.project.environment(
                TMPDIR=str(self.temporary), **{MARK: self.mark}, **environment
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **(popen or {}),
        )

    def finish(self) -> tuple[int, str]:
        """Wait for the end of pytest; return its exit code and its output."""
        assert self.process is not None
        output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output

    def processes(self) -> dict[int, str]:
        """Return the command lines of all living processes of the run.

        A process is known by its environment, else (a browser's children have none) by its parent,
        which it may have lost when it is looked for again.
        """
        living: dict[int, tuple[int, str, str, bool]] = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError):
                place = Path("/proc", entry)
                rest = (place / "stat").read_text().rpartition(")")[2].split()
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                marked = self.mark.encode() in (place / "environ").read_bytes()
                if rest[0] not in "ZX":
                    living[int(entry)] = (int(rest[1]), rest[19], command, marked)
        generation = {pid for pid, (_, _, _, marked) in living.items() if marked}
        while generation:
            self.known |= {(pid, living[pid][1]) for pid in generation}
            generation = {pid for pid, about in living.items() if about[0] in generation}
        return {
            pid: command
            for pid, (_, since, command, _) in living.items()
            if (pid, since) in self.known
        }

    def kill(self, *words: str, without: str = "\n", by: int = signal.SIGKILL) -> None:
        """Send a signal to the run's processes in whose command all `words` stand."""
        hit = [
            pid
            for pid, command in self.processes().items()
            if all(word in command for word in words) and without not in command
        ]
        assert hit, (words, self.processes())
        for pid in hit:
            os.kill(pid, by)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition; where it does not come, tell what the run has said."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                if self.process:
                    self.process.kill()
                raise AssertionError(f"{what}:\n{self.finish()[1]}")
            time.sleep(0.02)

    def until_under_way(self, lingering: int, finished: int) -> None:
        """Wait until so many cases linger, and the outcomes of so many others are on the disk."""
        self.until(lambda: len(list(self.root.glob("under-way-*"))) >= lingering, "none lingers")
        self.until(lambda: len(self.outcomes()) >= finished, "none has finished")
        self.processes()  # so that they are known, whatever becomes of their parents

    def go_on(self) -> None:
        """Let the cases that linger, and those that will, come to their end."""
        (self.root / "go-on").touch()

    def outcomes(self, reports: str = "reports") -> dict[str, dict[str, Any]]:
        """Return the lines of the outcomes; each must be whole, and so must be its transcript."""
        latest = self.root / reports / "latest"
        lines = latest / "outcomes.jsonl"
        if not lines.exists():
            return {}
        *whole, rest = lines.read_text("utf-8").split("\n")
        assert rest == ""
        found = {line["case_id"]: line for line in map(json.loads, whole)}
        assert len(found) == len(whole)
        transcripts = {path.name for path in (latest / "transcripts").iterdir()}
        for line in found.values():
            json.loads((latest / line["transcript"]).read_text("utf-8"))
        assert transcripts >= {Path(line["transcript"]).name for line in found.values()}
        return found

    def statuses(self) -> Counter[str]:
        return Counter(line["status"] for line in self.outcomes().values())

    def tests(self) -> dict[str, str]:
        """Return passed, failed, error or skipped by `test[case]`."""
        return self.project.finished(0, "").tests

    def errors(self) -> list[str]:
        """Return the reasons of the infrastructure errors."""
        lines = self.outcomes().values()
        return [line["reason"] for line in lines if line["status"] == "infrastructure_error"]

    def left(self) -> list[str]:
        """Return what is left of the run: processes, and files in its temporary directory."""
        files = [str(path) for path in self.temporary.iterdir()]
        return [*self.processes().values(), *files]


@pytest.fixture
def watched(project: "Project") -> Iterator[Watched]:
    """A run of which nothing may be left after the test, neither a process nor a file."""
    run = Watched(project)
    yield run
    if run.process is not None and run.process.poll() is None:  # the test failed before its end
        run.process.kill()
    deadline = time.monotonic() + GONE_SECONDS
    while (left := run.left()) and time.monotonic() < deadline:
        time.sleep(0.05)
    if left:
        for pid in run.processes():
            os.kill(pid, signal.SIGKILL)
    assert not left
