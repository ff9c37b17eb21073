"""The forum as the town knows it."""

from typing import Any

from mulberry.content import Threads
from mulberry.items import items
from mulberry.members import sign_in
from mulberry.seed import seed
from mulberry.stage import KEYS, Stage, read_stage
from mulberry.state import read_state


class Forum:
    """Mulberry Square with its threads; `town.site.Site` says what each part is for."""

    name = "forum"
    host = "mulberry.example"
    capabilities = ("posts", "topics", "votes", "member", *KEYS, "language")
    sign_in = staticmethod(sign_in)

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def seed(self) -> None:
        """Fill the database with the forum."""
        seed(self._threads)

    def items(self) -> list[dict[str, Any]]:
        """Return every topic."""
        return items(self._threads)

    def pictures(self) -> dict[str, bytes]:
        """Return nothing: the forum has no pictures."""
        return {}

    def read_stage(self, value: object) -> Stage:
        """Return the forum's stage; raise `StageError`."""
        return read_stage(value, self._threads)

    def read_state(self, changed: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """Return the posts, topics and votes that are new."""
        return read_state(self._threads, changed)
