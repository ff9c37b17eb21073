"""The private directory of one process of the site, which does not outlive it by much."""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

PREFIX = "comity-town-"
LOCK = "owner.lock"
# A directory without its lock is being made this moment, or its maker died just then. Making one
# takes milliseconds; an hour leaves no doubt.
UNLOCKED_AGE_S = 3600
# Another start may take a directory for an abandoned one in the instant before it is locked. That
# it does so again and again means that something else is wrong.
ATTEMPTS = 5


class Workplace:
    """A directory in the system's temporary one, readable by this user alone (mode 0700).

    A lock in it is held while the process lives, whatever becomes of it: the kernel drops the lock
    of a killed process, where its process id may already belong to another.
    """

    def __init__(self) -> None:
        self.path, self._lock = _make()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release(force=True)


def remove_abandoned() -> None:
    """Remove what killed processes of this user left behind."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Another user's directory, or a link laid out in the shared /tmp, cannot be removed or
        # must not be followed; neither stops a start.
        with contextlib.suppress(OSError):
            if not path.is_symlink() and path.is_dir() and _is_abandoned(path):
                shutil.rmtree(path, ignore_errors=True)


def _make() -> tuple[Path, FileLock]:
    for _ in range(ATTEMPTS):
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = FileLock(path / LOCK)
        with contextlib.suppress(FileNotFoundError, Timeout):
            lock.acquire(timeout=1)
            if (path / LOCK).exists():
                return path, lock
    raise OSError(f"no private directory could be locked in {tempfile.gettempdir()}")


def _is_abandoned(path: Path) -> bool:
    if path.lstat().st_uid != os.getuid():
        return False
    if not (path / LOCK).exists():
        return time.time() - path.stat().st_mtime > UNLOCKED_AGE_S
    lock = FileLock(path / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True
