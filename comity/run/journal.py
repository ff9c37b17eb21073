"""A file of lines that are on the disk, whole, before anybody is told that they are kept."""

import os
from contextlib import suppress
from pathlib import Path


class Journal:
    """Appends whole lines to a file that one process writes and any may read.

    A reader never meets half a line, not even after a write that a full disk cut short: what it
    left is taken back, at once or before the next write. Only where the machine itself dies may
    the last line be torn.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._whole = path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0
        """How many bytes of the file are whole lines."""

    def append(self, lines: list[bytes]) -> None:
        """Write all `lines`, each without its end, and wait once until they are on the disk.

        Raises:
            OSError: the disk refuses; none of the lines is in the file.
        """
        data = memoryview(b"".join(line + b"\n" for line in lines))
        # Unbuffered: a buffer that could not be written would be tried again when it is closed.
        with self.path.open("ab", buffering=0) as file:
            self._whole = min(self._whole, os.fstat(file.fileno()).st_size)
            file.truncate(self._whole)
            try:
                written = 0
                while written < len(data):
                    written += file.write(data[written:])
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    file.truncate(self._whole)
                raise
            self._whole += len(data)


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a journal; a torn last one, which was never told to be kept, is left out.

    Raises:
        OSError: the file cannot be read; one that is not there has no lines.
        UnicodeDecodeError: it holds something else than text.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    whole, _, _torn = data.rpartition(b"\n")
    return whole.decode().split("\n") if whole else []
