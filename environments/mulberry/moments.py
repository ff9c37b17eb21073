"""When everything on the forum was written: the same in every build, and long before now."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from town.clock import NOW

# The newest topic of the template is a few days old, so that what a stage adds is newer than it.
QUIET = timedelta(days=3)
# How far back the oldest topics were opened: a page of a board spans some months.
OLDEST = timedelta(days=270)
# The pauses between two posts of a topic.
SHORTEST, LONGEST = timedelta(minutes=9), timedelta(hours=40)
# Staged posts came in over the last day, this long after each other.
STAGED = timedelta(minutes=97)


def written(topic: str, posts: int) -> list[datetime]:
    """Return when each post of the topic with the id `topic` was written, in their order."""
    chances = _chances(topic)
    pauses = [_between(SHORTEST, LONGEST, next(chances) ** 3) for _ in range(posts - 1)]
    last = NOW - _between(QUIET, OLDEST, next(chances))
    moments = [last]
    for pause in reversed(pauses):
        moments.insert(0, moments[0] - pause)
    return moments


def staged(posts: int) -> list[datetime]:
    """Return when each of a stage's posts was written, in their order."""
    return [NOW - STAGED * (posts - place) for place in range(posts)]


def joined(year: int, name: str) -> datetime:
    """Return when a member joined in `year`; all had joined before the oldest topic."""
    latest = min(datetime(year + 1, 1, 1, tzinfo=UTC), NOW - OLDEST - timedelta(days=60))
    return _between_moments(datetime(year, 1, 1, tzinfo=UTC), latest, next(_chances(name)))


def _between_moments(earliest: datetime, latest: datetime, chance: float) -> datetime:
    return earliest + (latest - earliest) * chance


def _between(least: timedelta, most: timedelta, chance: float) -> timedelta:
    return timedelta(seconds=round((least + (most - least) * chance).total_seconds()))


def _chances(seed: str) -> Iterator[float]:
    """Yield numbers from 0 to 1 that follow from `seed` alone, on every machine."""
    number = 0
    while True:
        digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
        yield int.from_bytes(digest[:4]) / 2**32
        number += 1
