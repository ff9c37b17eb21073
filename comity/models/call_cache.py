"""The call cache: an answer that was once paid for is not paid for again.

One SQLite file for all runs of a user, safe for several processes at once. What decides an answer
is in its key; the first answer that is kept under a key stays, for everybody.
"""

import asyncio
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic import ValidationError

from comity.errors import InfrastructureError
from comity.models.chat import Answer
from comity.places import cache_directory
from comity.threads import OneThread

R = TypeVar("R")

# Raised when what a key means or a row holds changes; older files are left to be deleted.
FORMAT = 2
# Norms, prompts and models have moved on by then, and the file stays within some hundred megabytes.
KEEP_SECONDS = 30 * 86_400.0
# Another process holds the file for milliseconds; one that holds it longer than this is stuck.
LOCK_SECONDS = 10.0

_TABLES = """
CREATE TABLE IF NOT EXISTS calls (key BLOB PRIMARY KEY, answer TEXT NOT NULL, made REAL NOT NULL);
CREATE TABLE IF NOT EXISTS servers (
    fingerprint TEXT, role TEXT, model TEXT NOT NULL, urls TEXT NOT NULL, used REAL NOT NULL,
    PRIMARY KEY (fingerprint, role)
);
"""


Role = Literal["tested", "judge"]
"""What a model is used for: a replay must not take the judge for the model under test."""


class Served(NamedTuple):
    """A model whose answers the cache has."""

    fingerprint: str
    model: str


def digest(facts: Mapping[str, Any]) -> str:
    """Return what stands for `facts`, the same in every process."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class CallCache:
    """The answers of model servers, on disk.

    Where the file fails, the cache says so once in `trouble` and is empty from then on: a run is
    slower without it, and no less right.
    """

    def __init__(self, file: Path | None = None) -> None:
        """Open the file, or make it; in the cache directory unless one is named."""
        self.trouble: str | None = None
        # SQLite may wait for another process's lock: never on the thread of the event loop.
        self._thread = OneThread("comity-calls")
        self._connection: sqlite3.Connection | None = None
        try:
            self.file = file or cache_directory("calls") / f"calls-{FORMAT}.sqlite3"
            self._thread.submit(self._open).result()
        except (sqlite3.Error, OSError, InfrastructureError) as error:
            self._fail(error)

    def _open(self) -> None:
        self.file.touch(0o600)  # it holds prompts and answers, which are nobody else's business
        connection = sqlite3.connect(self.file, timeout=LOCK_SECONDS, isolation_level=None)
        # Readers and one writer side by side; a power cut may lose the last answers, no more.
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_TABLES)
        connection.execute("DELETE FROM calls WHERE made < ?", (time.time() - KEEP_SECONDS,))
        self._connection = connection

    async def get(self, key: str) -> Answer | None:
        """Return the answer that is kept under `key`; None where there is none."""

        def look(connection: sqlite3.Connection) -> Answer | None:
            return _row(connection, bytes.fromhex(key))

        return await self._do(look, None)

    async def keep(self, key: str, answer: Answer) -> Answer:
        """Keep `answer`, and return what is kept: another's, where another was quicker.

        So a run that is repeated meets the very answers that it went on from.
        """

        def insert(connection: sqlite3.Connection) -> Answer:
            row = (bytes.fromhex(key), answer.model_dump_json(), time.time())
            connection.execute("INSERT OR IGNORE INTO calls VALUES (?, ?, ?)", row)
            return _row(connection, row[0]) or answer

        return await self._do(insert, answer)

    async def note_served(self, served: Served, urls: Sequence[str], role: Role = "tested") -> None:
        """Remember that `served` is at `urls`, for a replay without them."""

        def insert(connection: sqlite3.Connection) -> None:
            row = (served.fingerprint, role, served.model, " ".join(sorted(urls)), time.time())
            connection.execute("INSERT OR REPLACE INTO servers VALUES (?, ?, ?, ?, ?)", row)

        await self._do(insert, None)

    async def last_served(
        self, model: str | None, urls: Sequence[str], role: Role = "tested"
    ) -> Served | None:
        """Return the model that was used last, of this name and at these urls if they are given."""

        def look(connection: sqlite3.Connection) -> Served | None:
            found = connection.execute(
                "SELECT fingerprint, model FROM servers"
                " WHERE role = :role AND (:model IS NULL OR model = :model)"
                " AND (:urls = '' OR urls = :urls)"
                " ORDER BY used DESC LIMIT 1",
                {"role": role, "model": model, "urls": " ".join(sorted(urls))},
            ).fetchone()
            return None if found is None else Served(*found)

        return await self._do(look, None)

    async def _do(self, work: Callable[[sqlite3.Connection], R], otherwise: R) -> R:
        connection = self._connection
        if connection is None:
            return otherwise
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, work, connection)
        except sqlite3.Error as error:
            self._fail(error)
            return otherwise

    def _fail(self, error: Exception) -> None:
        self._drop()
        self.trouble = self.trouble or (
            f"the call cache {getattr(self, 'file', '')} cannot be used ({error}); "
            "if it is damaged, delete it; --no-cache leaves it out"
        )

    def close(self) -> None:
        """Close the file."""
        self._drop()
        self._thread.shutdown()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._thread.submit(connection.close)


def _write_ahead(connection: sqlite3.Connection) -> None:
    # SQLite waits for locks by itself, but not for this one: where two make the same new file.
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _row(connection: sqlite3.Connection, key: bytes) -> Answer | None:
    row = connection.execute("SELECT answer FROM calls WHERE key = ?", (key,)).fetchone()
    try:
        return None if row is None else Answer.model_validate_json(row[0])
    except ValidationError:  # a row that somebody else wrote: it is as good as none
        return None
