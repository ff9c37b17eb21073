"""Sandboxes: one SQLite file for each case, and the requests of a case one after another."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from town.presentation import OUR_OWN, Presentation

# What an id must be hard to guess against is another process of this machine's user; 128 bits.
ID_BYTES = 16

_database: ContextVar[Path | None] = ContextVar("database", default=None)


class NoDatabaseError(RuntimeError):
    """The database was asked for outside any sandbox: a mistake in this site's own code."""


class UnknownSandboxError(LookupError):
    """No sandbox has this id, or it was deleted while the request waited for it."""


def database() -> Path:
    """Return the database file of the current request; raise `NoDatabaseError` if there is none."""
    path = _database.get()
    if path is None:
        raise NoDatabaseError("the database was used outside a sandbox")
    return path


def cache_key(key: str, prefix: str, version: int) -> str:
    """Return Django's cache key for `key`, which no other sandbox can read."""
    return f"{_database.get()}:{prefix}:{version}:{key}"


@contextmanager
def using(path: Path) -> Iterator[None]:
    """Use the database file `path` in this block, with connections that do not outlive it."""
    connection.close()
    token = _database.set(path)
    try:
        yield
    finally:
        connection.close()
        _database.reset(token)


@dataclass
class Sandbox:
    """One copy of the sites' data: `path` is what pages change, `seed` what it started as."""

    id: str
    path: Path
    seed: Path
    language: str = "en"
    presentation: Presentation = OUR_OWN
    lock: threading.Lock = field(default_factory=threading.Lock)
    gone: bool = False


class Sandboxes:
    """The sandboxes of this process, in a directory of its own."""

    def __init__(self, directory: Path, template: Path) -> None:
        self._directory = directory
        self._template = template
        self._known: dict[str, Sandbox] = {}
        self._guard = threading.Lock()

    def create(
        self,
        stage: Callable[[], bool],
        language: str = "en",
        presentation: Presentation = OUR_OWN,
    ) -> Sandbox:
        """Return a new sandbox, staged by `stage`, whose pages speak `language` where they can.

        `stage` runs against the new database and says whether it changed it. Whatever it raises
        passes through, and then nothing is left behind.
        """
        sandbox_id = secrets.token_hex(ID_BYTES)
        sandbox = Sandbox(
            id=sandbox_id,
            path=self._directory / f"{sandbox_id}.sqlite3",
            seed=self._template,
            language=language,
            presentation=presentation,
        )
        try:
            shutil.copyfile(self._template, sandbox.path)
            with using(sandbox.path):
                staged = stage()
            if staged:
                sandbox.seed = self._directory / f"{sandbox_id}.seed.sqlite3"
                shutil.copyfile(sandbox.path, sandbox.seed)
        except BaseException:
            self._remove_files(sandbox_id)
            raise
        with self._guard:
            self._known[sandbox_id] = sandbox
        return sandbox

    @contextmanager
    def entered(self, sandbox_id: str) -> Iterator[Sandbox]:
        """Work in a sandbox, alone: others who want it wait, and SQLite is never found locked.

        Raises `UnknownSandboxError`.
        """
        with self._guard:
            sandbox = self._known.get(sandbox_id)
        if sandbox is None:
            raise UnknownSandboxError(sandbox_id)
        with sandbox.lock:
            if sandbox.gone:
                raise UnknownSandboxError(sandbox_id)
            with using(sandbox.path):
                yield sandbox

    def delete(self, sandbox_id: str) -> None:
        """Remove a sandbox and its files, after the request that it is answering.

        Raises `UnknownSandboxError`.
        """
        with self.entered(sandbox_id) as sandbox:
            sandbox.gone = True
            with self._guard:
                del self._known[sandbox_id]
        self._remove_files(sandbox_id)

    def _remove_files(self, sandbox_id: str) -> None:
        # The pattern takes the journal that SQLite may have left beside the file, too.
        for path in self._directory.glob(f"{sandbox_id}.*"):
            path.unlink(missing_ok=True)
