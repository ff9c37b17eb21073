"""Small files, written in one go: every case has some."""

import os

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
