"""Files, written in one go: quickly, or whole or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_MODE = 0o666
"""As Python's own `open` has it, less what the umask takes."""


def write(path: str, content: bytes) -> None:
    """Write a file anew, by the three calls to the system that it takes; `open` makes more.

    Raises:
        OSError: the disk refuses; part of the file may be there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of what was there, whole or not at all.

    Several processes may do so at once: they take turns. What a killed one leaves behind is of no
    harm, and gone with the next. What is no file, such as /dev/stdout or /dev/null, is written to,
    and stays what it is.

    Raises:
        OSError: the disk refuses; what was there still is.
        ValueError: a file cannot be called so.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    part = path.with_name(f".{path.name}.part")
    with _alone(part) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # without which a power cut leaves an empty file
            os.replace(part, path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """Open a file that no other process writes meanwhile, and empty it."""
    while True:
        with path.open("ab") as file:
            with suppress(OSError):  # not every file system has locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, path):
                file.truncate(0)
                yield file
                return
        # Who had it before has put it in its place; what was opened is not ours to write.


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
