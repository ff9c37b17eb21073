"""Child processes that cannot outlive us: the model server, the sites, long installations."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from comity import leash
from comity.errors import InfrastructureError
from comity.schema.base import printable

# Long enough for a web server to finish what it is answering.
GRACE_SECONDS = 5.0
# What the supervisor may need beyond the grace: counting descendants and the kill itself.
_SUPERVISOR_SECONDS = leash.KILL_SECONDS + 5.0
TAIL_LINES = 20
MAX_ROW_CHARACTERS = 2_000
_TAIL_BYTES = 16_384


class ChildProcess:
    """A command that runs under a supervisor, which ends it and all that it started.

    However this process ends, SIGKILL included, the supervisor sees it and ends the command's
    whole family: SIGTERM, and after the grace SIGKILL. Safe to use from several threads.
    """

    def __init__(
        self,
        supervisor: "subprocess.Popen[bytes]",
        leash_end: int,
        log: IO[bytes],
        command: Sequence[str],
        grace: float,
    ) -> None:
        self._supervisor = supervisor
        self._leash_end: int | None = leash_end
        self._log = log
        self._command = tuple(command)
        self._grace = grace
        self._line: bytes | None = None
        self._stopping = threading.Lock()
        # Nobody reads from a log that is just being closed.
        self._reading = threading.Lock()
        self._tail: bytes | None = None

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        log: Path | None = None,
        capture_first_line: bool = False,
        grace: float = GRACE_SECONDS,
        scratch: Path | None = None,
    ) -> Self:
        """Start a command.

        Args:
            command: the program and its arguments.
            env: its whole environment; ours if None.
            cwd: its working directory; ours if None.
            log: the file that gets what it writes (emptied first); a nameless one if None.
            capture_first_line: the first line of its output is for `first_line`, not for the log.
            grace: seconds between SIGTERM and SIGKILL, whoever ends it.
            scratch: a directory that the supervisor removes after the command's end, should we
                have ended before it.

        Raises:
            InfrastructureError: the log or the process cannot be made. That the command does not
                exist shows later, as its end with status 127.
        """
        try:
            file = open(log, "w+b", buffering=0) if log else tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        except OSError as error:
            raise InfrastructureError(
                f"The log of {command[0]} cannot be written: {error}"
            ) from error
        reading, writing = os.pipe()
        try:
            supervisor = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", leash.__file__),
                    *(str(reading), str(os.getpid()), str(grace), str(file.fileno())),
                    *("1" if capture_first_line else "0", str(scratch or ""), "--", *command),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if capture_first_line else subprocess.DEVNULL,
                stderr=file,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                pass_fds=(reading, file.fileno()),
                start_new_session=True,
            )
        except OSError as error:
            os.close(writing)
            file.close()
            raise InfrastructureError(f"{command[0]} cannot be started: {error}") from error
        finally:
            os.close(reading)
        return cls(supervisor, writing, file, command, grace)

    @property
    def pid(self) -> int:
        """The process id of the supervisor, which lives as long as the command."""
        return self._supervisor.pid

    def poll(self) -> int | None:
        """The command's exit status (128 + N if signal N ended it), or None while it runs."""
        return self._supervisor.poll()

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the command to end by itself; its exit status, or None after `timeout` s."""
        try:
            return self._supervisor.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def first_line(self, timeout: float) -> str:
        """The first line of the command's output, without its end.

        Raises:
            InfrastructureError: the command ended before it wrote one, or did not in `timeout` s.
        """
        output = self._supervisor.stdout
        if output is None:
            raise ValueError("The process was not started with capture_first_line.")
        deadline = time.monotonic() + timeout
        line = self._line or b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise InfrastructureError(
                    f"{self._name} wrote no first line in {timeout:g} s.{self._log_part()}"
                )
            part = os.read(output.fileno(), leash.FIRST_LINE_BYTES)
            if not part:
                if len(line) < leash.FIRST_LINE_BYTES:
                    self.wait(left)
                raise InfrastructureError(f"No whole first line: {self.obituary()}")
            line = self._line = line + part
        return line.decode(errors="backslashreplace").rstrip("\r\n")

    def obituary(self) -> str:
        """What to say when the command has ended too early: its status and the end of its log."""
        return f"{self._name} {ending(self.poll())}.{self._log_part()}"

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of the log, control characters escaped."""
        with self._reading:
            data = self._log_end() if self._tail is None else self._tail
        text = data.decode(errors="backslashreplace").replace("\r\n", "\n")
        # A progress bar redraws its line; only what it drew last is of use.
        rows = [row.rstrip("\r").rpartition("\r")[2] for row in text.rstrip().split("\n")]
        return "\n".join(printable(row, MAX_ROW_CHARACTERS) for row in rows[-lines:])

    def stop(self, grace: float | None = None) -> None:
        """End the command and all that it started, and wait for that. Again: does nothing.

        Args:
            grace: seconds between SIGTERM and SIGKILL, instead of what `start` was given.
        """
        with self._stopping:
            if self._leash_end is None:
                return
            seconds = self._grace if grace is None else grace
            try:
                # Closing alone would not do: a forked copy of us may hold the pipe open.
                os.write(self._leash_end, f"{seconds}\n".encode())
            except BrokenPipeError:
                pass
            finally:
                os.close(self._leash_end)
                self._leash_end = None
            if self.wait(seconds + _SUPERVISOR_SECONDS) is None:
                self._supervisor.kill()
                self._supervisor.wait()
            if self._supervisor.stdout is not None:
                self._supervisor.stdout.close()
            with self._reading:
                self._tail = self._log_end()  # why it ended may be asked later
                self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _name(self) -> str:
        return printable(Path(self._command[0]).name, MAX_ROW_CHARACTERS)

    def _log_end(self) -> bytes:
        try:
            size = os.fstat(self._log.fileno()).st_size
            return os.pread(self._log.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        except OSError:
            return b""

    def _log_part(self) -> str:
        tail = self.log_tail()
        return f" The end of its log:\n{tail}" if tail else " Its log is empty."


def ending(status: int | None) -> str:
    """How a process ended, in words, from its exit status (128 + N for signal N)."""
    if status is None:
        return "still runs"
    if status > 128 and status - 128 in set(signal.Signals):
        return f"was ended by {signal.Signals(status - 128).name}"
    return f"ended with exit status {status}"
