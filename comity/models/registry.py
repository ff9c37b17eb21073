"""The servers that `comity serve` runs, so that later runs find them.

One file each in the cache directory. A file is only a hint: what it says is believed when its
process lives and its server answers and serves the model (`serving.find_server` asks that).
"""

import os
import secrets
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from comity import disk
from comity.errors import InfrastructureError
from comity.places import cache_directory


class Entry(BaseModel):
    """A server that `comity serve` runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Random: tells this server from the next of the same key."""
    key: str
    url: str
    model: str
    pid: int
    """Of `comity serve`, which stops the server when it is told to end."""
    process_started: int
    """In clock ticks since the machine's start; tells a process from a later one of its id."""
    started: datetime


@contextmanager
def registered(key: str, url: str, model: str) -> Iterator[Entry]:
    """Have the server that this process runs found by others.

    Raises:
        InfrastructureError: the entry cannot be written.
    """
    entry = Entry(
        id=secrets.token_hex(8),
        key=key,
        url=url,
        model=model,
        pid=os.getpid(),
        process_started=_process_started(os.getpid()) or 0,
        started=datetime.now(UTC),
    )
    path = _path(key)
    try:
        disk.replace(path, entry.model_dump_json().encode())
    except OSError as error:
        raise InfrastructureError(f"{path} cannot be written: {error}") from error
    try:
        yield entry
    finally:
        remove(entry)


def entries() -> list[Entry]:
    """All entries of this user whose process lives; those of the dead are removed."""
    found = []
    for path in sorted(filter(_is_ours, _directory().glob("*.json"))):
        entry = _read(path)
        if entry is not None and _process_started(entry.pid) == entry.process_started:
            found.append(entry)
        else:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return found


def remove(entry: Entry) -> None:
    """Remove an entry, unless another server has taken its place."""
    path = _path(entry.key)
    current = _read(path)
    if current is not None and current.id == entry.id:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def end(entry: Entry, timeout: float) -> None:
    """Ask a server's process to end, and wait for that.

    Raises:
        InfrastructureError: it may not be ended by this user, or has not ended in `timeout` s.
    """
    try:
        process = os.pidfd_open(entry.pid)
    except ProcessLookupError:
        return
    try:
        # Only now does the id surely mean the process that is held.
        if _process_started(entry.pid) != entry.process_started:
            return
        signal.pidfd_send_signal(process, signal.SIGTERM)
        if not select.select([process], [], [], timeout)[0]:
            raise InfrastructureError(
                f"The server {entry.url} (process {entry.pid}) has not ended in {timeout:g} s."
            )
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise InfrastructureError(
            f"The server {entry.url} (process {entry.pid}) belongs to another user."
        ) from error
    finally:
        os.close(process)


def _directory() -> Path:
    return cache_directory("servers")


def _path(key: str) -> Path:
    return _directory() / f"{key}.json"


def _is_ours(path: Path) -> bool:
    """Whether this user wrote it; another's could lead our requests to a server of theirs."""
    try:
        return path.stat().st_uid == os.getuid()
    except OSError:
        return False


def _read(path: Path) -> Entry | None:
    try:
        return Entry.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _process_started(pid: int) -> int | None:
    try:
        # The fields follow the name, which is in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])
