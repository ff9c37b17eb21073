"""The steps of preparing a model server: commands to run, and the locks around them."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from comity.errors import InfrastructureError
from comity.models.progress import Progress
from comity.processes import ChildProcess

# Preparing takes about three minutes where the network is quick; this is for one that is slow.
STEP_SECONDS = 3600.0
# A step that is ended has nothing to save: what it left half-done is removed before the next try.
_STEP_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.5
# These would make another Python see our packages or install somewhere else.
_OURS = frozenset(
    {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    | {"PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON"}
)


def succeeds(command: Sequence[str], seconds: float) -> bool:
    """Return whether a command can be run, and ends with success within `seconds`."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            timeout=seconds,
            env=foreign_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def run_step(
    text: str,
    command: Sequence[str],
    *,
    progress: Progress,
    expected_seconds: float,
    env: Mapping[str, str] | None = None,
    fix: str,
) -> None:
    """Run a command to its end, showing `text` meanwhile.

    Args:
        text: what is being done, for a person.
        command: the program and its arguments.
        progress: where that is shown.
        expected_seconds: how long it usually takes, from which the shown fraction is guessed.
        env: additions to the environment.
        fix: what the operator can do when it fails.

    Raises:
        InfrastructureError: it failed or took more than an hour; says how, and the fix.
    """
    started = time.monotonic()
    with ChildProcess.start(
        command, env=foreign_environment(env), grace=_STEP_GRACE_SECONDS
    ) as step:
        status = None
        while status is None:
            seconds = time.monotonic() - started
            if seconds > STEP_SECONDS:
                raise InfrastructureError(
                    f"{text}: not done after {seconds:.0f} s. {fix}\n{step.log_tail()}"
                )
            progress(text, seconds=seconds, fraction=min(seconds / expected_seconds, 0.99))
            status = step.wait(_POLL_SECONDS)
        if status != 0:
            raise InfrastructureError(f"{text}: {step.obituary()}\n{fix}")
    progress(text, seconds=time.monotonic() - started, fraction=1.0)


@contextmanager
def locked(path: Path, text: str, progress: Progress) -> Iterator[None]:
    """Hold a lock between processes; says so when another has it.

    Raises:
        InfrastructureError: the lock cannot be had.
    """
    lock = FileLock(path)
    started = time.monotonic()
    while True:
        try:
            lock.acquire(timeout=_POLL_SECONDS)
            break
        except Timeout:
            seconds = time.monotonic() - started
            if seconds > STEP_SECONDS:
                raise InfrastructureError(
                    f"Another process has held {path} for {seconds:.0f} s. End that process."
                ) from None
            progress(f"Waiting for another process: {text}", seconds=seconds)
        except OSError as error:
            raise InfrastructureError(f"The lock {path} cannot be made: {error}") from error
    try:
        yield
    finally:
        lock.release()


def foreign_environment(additions: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment without what would lead another Python to our packages."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}
    return {**kept, **(additions or {})}
