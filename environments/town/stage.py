"""What every site's stage is read with."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from town.presentation import Presentation

ORDER = "order"
# Seeds that any client's integers can hold; there are more than any study draws.
MAX_ORDER = 2**32 - 1


class StageError(ValueError):
    """The stage asks for what this site does not have; the message says what there is."""


class Stage(Protocol):
    """A stage that was read and found possible."""

    @property
    def presentation(self) -> Presentation:
        """How the sandbox's pages present what they hold."""

    def apply(self) -> bool:
        """Change the current sandbox's database accordingly; return whether anything changed."""


def read_mapping(name: str, value: object, allowed: Iterable[str]) -> dict[str, Any]:
    """Return `value` as the object that it must be, with no other keys than `allowed`.

    `name` is what an error calls it. Raises `StageError`.
    """
    if not isinstance(value, dict):
        raise StageError(f"{name}: expected an object, got {type(value).__name__}")
    for key in value:
        if key not in allowed:
            raise StageError(f"{name}: unknown key {key!r}; there are: {', '.join(allowed)}")
    return value


def read_order(stage: Mapping[str, object]) -> int:
    """Return the seed of the order of lists, 0 where the stage has none; raise `StageError`."""
    seed = stage.get(ORDER, 0)
    # JSON's true is an int to Python.
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MAX_ORDER:
        raise StageError(f"stage.{ORDER}: expected a whole number from 0 to {MAX_ORDER}")
    return seed


def read_tag(name: str, value: object, tags: Iterable[str], what: str) -> str:
    """Return `value` as one of `tags`, which are carried by a `what`; raise `StageError`."""
    if not isinstance(value, str):
        raise StageError(f"{name}: expected a tag, as text")
    if value not in tags:
        there_are = ", ".join(sorted(tags))
        raise StageError(f"{name}: no {what} is tagged {value!r}; there are: {there_are}")
    return value


def refuse_signs(name: str, text: str) -> None:
    """Raise `StageError` where `text` has a character that no page can show, but for line feeds."""
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs") and char != "\n":
            raise StageError(f"{name}: the character U+{ord(char):04X} cannot stand on a page")
