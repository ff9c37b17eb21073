"""Who writes a run: one process at a time, which holds the run's journal.

The kernel lets go of what a process held, however it ends: what was cut off is nobody's.
"""

import errno
import fcntl
import os
from pathlib import Path

from comity.errors import ConfigurationError

_HELD = (errno.EWOULDBLOCK, errno.EACCES)  # the second is how network file systems say it


class Hold:
    """Holds a run's journal against other processes, until it is let go."""

    def __init__(self, journal: Path, *, to_read: bool = False) -> None:
        """Take hold of it; one who only reads shares it with others who do.

        On a file system without locks nobody is kept out.

        Raises:
            ConfigurationError: another process writes the run, or reads it `to_read`.
            OSError: the file cannot be opened.
        """
        flags = os.O_RDONLY if to_read else os.O_RDWR | os.O_CREAT
        self._file = os.open(journal, flags, 0o666)
        try:
            fcntl.flock(self._file, (fcntl.LOCK_SH if to_read else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                os.close(self._file)
                raise ConfigurationError(
                    f"another process is at work on the run {journal.parent}; wait until it has "
                    "ended, or end it"
                ) from None

    def let_go(self) -> None:
        """Let others have it; to be called once."""
        os.close(self._file)
