"""A pytest process under way, which can be told to stop, and all that it has started."""

from __future__ import annotations

import contextlib
import os
import pty
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Finished, ModelServer, Project

MARK = "RUN_UNDER_TEST"
"""In the environment of a process and of all that it starts; its value tells runs apart."""
WAIT_SECONDS = 60
# The leash gives a site five seconds to end by itself, and counts its processes a moment longer.
LEFT_SECONDS = 10


def wait_until(holds: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits until something holds; it is an error if it does not in time."""
    return wait_until


@dataclass
class Started:
    """A pytest process under way."""

    project: Project
    process: subprocess.Popen[bytes]
    mark: str
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    @property
    def kept(self) -> int:
        """How many outcomes are on the disk."""
        outcomes = self.project.root / "reports" / "latest" / "outcomes.jsonl"
        return outcomes.read_bytes().count(b"\n") if outcomes.exists() else 0

    def family(self, named: str = "") -> list[int]:
        """Return the living processes of the run whose command line has `named` in it."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                place = Path("/proc", entry)
                is_ours = f"{MARK}={self.mark}".encode() in (place / "environ").read_bytes()
                if is_ours and named.encode() in (place / "cmdline").read_bytes():
                    found.append(int(entry))
            except OSError:
                continue
        return found

    def send(self, number: int) -> None:
        """Send a signal to pytest alone."""
        self.process.send_signal(number)

    def press_ctrl_c(self) -> None:
        """Interrupt all of the process group, as a terminal does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def freeze(self, named: str) -> None:
        """Have the run's processes of that name hang; what holds them on a leash does not."""
        frozen = set(self.family(named)) - set(self.family("leash.py"))
        assert frozen
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)

    def is_still_clearing_up(self) -> None:
        """Assert that it does not end at once."""
        with pytest.raises(subprocess.TimeoutExpired):
            self.process.wait(0.7)

    def finish(self, seconds: float = WAIT_SECONDS) -> Finished:
        """Wait for its end."""
        code = self.process.wait(seconds)
        return self.project.finished(code, self.output)

    def leaves_nothing(self, seconds: float = LEFT_SECONDS) -> None:
        """Assert that no process of the run is left, soon."""
        wait_until(lambda: not self.family(), seconds)


@dataclass
class Starter:
    project: Project
    started: list[Started] = field(default_factory=list)

    def __call__(self, *arguments: str, agents: tuple[str, ...], **environment: str) -> Started:
        mark = secrets.token_hex(8)
        log = self.project.root / f"output-{mark}.txt"
        with log.open("wb") as file:
            process = subprocess.Popen(
                self.project.command(*arguments, agents=agents),
                cwd=self.project.root,
                env=self.project.environment(**{MARK: mark}, **environment),
                stdout=file,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C reaches a group, which must not be ours.
                start_new_session=True,
                # A shell starts what runs in the background with SIGINT ignored, which is
                # inherited.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        self.started.append(Started(self.project, process, mark, log))
        return self.started[-1]


@pytest.fixture
def start(project: Project) -> Iterator[Starter]:
    """Starts pytest in the project, and does not wait for its end."""
    starter = Starter(project)
    yield starter
    for started in starter.started:
        for pid in started.family():
            os.kill(pid, signal.SIGKILL)
        started.process.wait()


@pytest.fixture
def slow_at_blankets(model_server: ModelServer) -> ModelServer:
    """The model answers a request for a clock at once, and any other as good as never."""

    def answer(body: dict[str, Any]) -> str:
        time.sleep(0.1 if "wall clock" in str(body) else 60)
        return "Here you are."

    model_server.script = answer
    return model_server


@pytest.fixture
def on_a_terminal(project: Project) -> Callable[..., tuple[int, str]]:
    """Runs pytest on a pseudo-terminal; gives its exit code and all that it drew."""

    def run(*arguments: str, agents: tuple[str, ...]) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            project.command(*arguments, agents=agents),
            cwd=project.root,
            env=project.environment(TERM="xterm", COLUMNS="120"),
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        drawn = b""
        # A terminal whose other end is closed is at its end by an error.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65_536):
                drawn += part
        os.close(ours)
        return process.wait(), drawn.decode()

    return run
