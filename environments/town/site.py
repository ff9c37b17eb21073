"""What the town asks of a site that lives in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from town.stage import Stage


class Site(Protocol):
    """One site: its content, and how its part of a sandbox's database is made and read.

    All but `pictures` and `read_stage` works on the database of the current sandbox.
    """

    @property
    def name(self) -> str:
        """The site's id in `sites.yaml`."""

    @property
    def host(self) -> str:
        """The host name that it answers to."""

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What its stage can set and its state can tell."""

    @property
    def sign_in(self) -> Callable[[], str] | None:
        """What opens a session of the visitor's account and returns its key, if there are any."""

    def seed(self) -> None:
        """Fill the migrated and empty database with the site's part."""

    def items(self) -> list[dict[str, Any]]:
        """Return what can be opened or handled, for `GET /_control/catalogue`."""

    def pictures(self) -> dict[str, bytes]:
        """Return the SVG drawings that the site serves, by path."""

    def read_stage(self, value: object) -> Stage:
        """Return the stage that a request's JSON describes; raise `StageError`."""

    def read_state(self, changed: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """Return the site's part of a sandbox's state, ready for JSON.

        `changed` is what `town.changes.changed_rows` found.
        """
