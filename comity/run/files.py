"""Small files, written in one go: every case has some."""

import os
from contextlib import suppress
from pathlib import Path

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

    What is no file, such as /dev/stdout or /dev/null, is written to, and stays what it is.

    Raises:
        OSError: the disk refuses.
        ValueError: a file cannot be called so.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    # Each process has a part of its own: of one that two share, one would put half in place.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            part.unlink(missing_ok=True)
        raise
