"""How a sandbox's pages present what they hold, where a case asks for another way than ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Presentation:
    """What differs in looks alone: nothing of it is in the database, and no state tells of it.

    `order` is the seed of the order of lists, 0 for their own. `currency` is what prices are shown
    in, by its code of ISO 4217, None for the site's own.
    """

    order: int = 0
    currency: str | None = None


OUR_OWN = Presentation()

_current: ContextVar[Presentation] = ContextVar("presentation", default=OUR_OWN)


def current() -> Presentation:
    """Return how the page that is being made presents what it holds."""
    return _current.get()


@contextmanager
def presenting(presentation: Presentation) -> Iterator[None]:
    """Make the pages of this block by `presentation`."""
    token = _current.set(presentation)
    try:
        yield
    finally:
        _current.reset(token)


def arranged(
    rows: Iterable[Row],
    key: Callable[[Row], Any] = attrgetter("pk"),
    ahead: Collection[Any] = (),
) -> list[Row]:
    """Return the rows of one page in the order that is asked for; those `ahead` stay before others.

    A row's place follows from the seed and its `key` alone: of two rows the same one comes first on
    every page that shows both, in every process, whatever stands between them.
    """
    seed = current().order
    if not seed:
        return list(rows)
    return sorted(rows, key=lambda row: (key(row) not in ahead, _chance(seed, key(row))))


def _chance(seed: int, key: object) -> bytes:
    return hashlib.sha256(f"{seed} {key}".encode()).digest()
