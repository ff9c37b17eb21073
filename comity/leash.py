"""The supervisor that holds a child process on a leash; run by path, so it imports nothing of ours.

    python -I -S leash.py FD PARENT GRACE LOG FIRST_LINE SCRATCH -- COMMAND…

FD is the reading end of a pipe whose writing end the parent alone holds. Whatever way the parent
ends, the pipe closes, and all that COMMAND started is ended: SIGTERM, and after GRACE seconds
SIGKILL. A line that the parent writes into the pipe does the same, with the grace that it names.
A parent that has ended can remove nothing any more: the directory SCRATCH is then removed here.

As a subreaper this process inherits every descendant whose own parent ended, so that also what
moved to a session of its own is found.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

# A process that the parent forked without exec holds a copy of the pipe open; that the parent
# itself is gone is then seen by asking now and then.
PARENT_CHECK_SECONDS = 1.0
# How often the descendants are counted while they end.
ENDING_CHECK_SECONDS = 0.05
# A process in uninterruptible sleep survives SIGKILL for a while; it is not waited for longer.
KILL_SECONDS = 10.0
# Processes that are just ending may still write into a directory that is being removed.
REMOVE_SECONDS = 10.0
# A first line that is longer than this is no first line.
FIRST_LINE_BYTES = 65_536


def main(arguments: list[str]) -> int:
    """Run the command until it ends or must end; returns its exit status (128 + signal)."""
    pipe, parent, grace, log, first_line, scratch = arguments[:6]
    command = arguments[7:]
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    wake_reader = wake_on_signals()
    wants_line = first_line == "1"
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if wants_line else int(log),
            stderr=int(log),
            start_new_session=True,
            # This process has one thread, so what runs between fork and exec is safe.
            preexec_fn=die_with_supervisor,
        )
    except OSError as error:
        os.write(int(log), f"{command[0]}: {error.strerror}\n".encode(errors="backslashreplace"))
        return 127
    output = child.stdout.fileno() if child.stdout is not None else None
    ended_with, orphaned = watch(
        child, int(pipe), int(parent), float(grace), output, int(log), wake_reader
    )
    if orphaned and scratch:
        remove(scratch)
    return 128 - ended_with if ended_with < 0 else ended_with


def watch(
    child: "subprocess.Popen[bytes]",
    pipe: int,
    parent: int,
    grace: float,
    output: int | None,
    log: int,
    wake_reader: int,
) -> tuple[int, bool]:
    """Wait for the child, the parent or a signal.

    Returns the child's exit status, and whether the parent ended before it.
    """
    line = FirstLine(log)
    orphaned = False
    while True:
        watched = [pipe, wake_reader] + ([output] if output is not None else [])
        readable, _, _ = select.select(watched, [], [], PARENT_CHECK_SECONDS)
        if output is not None and output in readable and not line.pass_on(output):
            output = None
        if wake_reader in readable and terminated(wake_reader):
            end_all(child, grace)
        elif pipe in readable:
            asked = asked_grace(pipe)
            orphaned = asked is None
            end_all(child, grace if asked is None else asked)
        elif os.getppid() != parent:
            orphaned = True
            end_all(child, grace)
        reap(child)
        if child.returncode is not None:
            end_all(child, grace)
            while output is not None and line.pass_on(output):
                pass
            return child.returncode, orphaned


class FirstLine:
    """Passes the child's first line of output to our own, and the rest to the log."""

    def __init__(self, log: int) -> None:
        self._log = log
        self._room = FIRST_LINE_BYTES

    def pass_on(self, output: int) -> bool:
        """Move what can be read; False at the end of the output."""
        if not select.select([output], [], [], 0)[0]:
            return False
        data = os.read(output, 65_536)
        if not data:
            return False
        if self._room > 0:
            line, newline, data = data.partition(b"\n")
            # No more than the pipe holds: the parent may not be reading.
            with contextlib.suppress(BrokenPipeError):
                os.write(1, (line + newline)[: self._room])
            self._room = 0 if newline else self._room - len(line)
            if self._room <= 0:
                end_of_output = os.open(os.devnull, os.O_WRONLY)
                os.dup2(end_of_output, 1)
                os.close(end_of_output)
        if data:
            # A full disk must not end the child.
            with contextlib.suppress(OSError):
                os.write(self._log, data)
        return True


def wake_on_signals() -> int:
    """Have SIGCHLD and the signals that ask us to end written into a pipe; its reading end."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader


def terminated(wake_reader: int) -> bool:
    """Whether a signal that asks us to end has come."""
    try:
        numbers = os.read(wake_reader, 4096)
    except BlockingIOError:
        return False
    return any(number != signal.SIGCHLD for number in numbers)


def asked_grace(pipe: int) -> float | None:
    """The grace that the parent wrote, in seconds, or None when it is gone."""
    try:
        return float(os.read(pipe, 64))
    except (OSError, ValueError):
        return None


def remove(directory: str) -> None:
    """Remove a directory with all that is in it, or that is put there meanwhile."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while os.path.lexists(directory) and time.monotonic() < deadline:
        shutil.rmtree(directory, ignore_errors=True)
        time.sleep(ENDING_CHECK_SECONDS)


def end_all(child: "subprocess.Popen[bytes]", grace: float) -> None:
    """End every descendant: SIGTERM, then after the grace SIGKILL until none is left."""
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_SECONDS)):
        deadline = time.monotonic() + seconds
        told: set[int] = set()
        while True:
            reap(child)
            living = set(descendants())
            if not living:
                return
            # SIGTERM is sent once to each; a second one often means "at once" to a server.
            for pid in living - told if number == signal.SIGTERM else living:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
                told.add(pid)
            if time.monotonic() >= deadline:
                break
            time.sleep(ENDING_CHECK_SECONDS)


def reap(child: "subprocess.Popen[bytes]") -> None:
    """Collect the exits of the child and of the processes that we inherited."""
    with contextlib.suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid == child.pid:
                child.poll()
            else:
                os.waitpid(ended.si_pid, 0)


def descendants() -> Iterator[int]:
    """The process ids of all living descendants."""
    tree = parents()
    generation = {os.getpid()}
    while generation:
        generation = {pid for pid, parent in tree.items() if parent in generation}
        yield from generation


def parents() -> dict[int, int]:
    """Every living process that can be seen, with its parent."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/stat", "rb") as file:
                    # The name before it is in brackets and may hold anything.
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state not in (b"Z", b"X"):
                    found[int(entry)] = int(parent)
    return found


def die_with_supervisor() -> None:
    """In the child: be killed should the supervisor itself be killed."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def prctl(option: int, value: int) -> None:
    """The Linux call; where it is missing, the child's own processes may outlive it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
