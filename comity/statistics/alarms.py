"""Many changes looked for at once: which of them are too large to be the one that chance throws up.

The family is all that is shown of a comparison. It has two parts, and each its share of the false
alarms that are allowed: the metrics of each agent over all its cases, which are what was asked, and
their finer slices, of which there are many.
"""

from collections.abc import Sequence
from typing import NamedTuple

from comity.statistics.flips import Flips, ManyFlips

HEADLINE_SHARE = 0.8
"""The share of the level that is for an agent's metrics over all its cases.

Finer slices are looked at to see where a change comes from, and to find what cancels out; they get
the rest, so that what is asked first loses little by there being many of them.
"""


class Found(NamedTuple):
    """A change with its p, and what that could as well have been."""

    p: float
    flips: Flips | ManyFlips


def adjusted(headline: Sequence[Found], finer: Sequence[Found] = ()) -> list[float]:
    """Return the adjusted p of each change, those of the headline first.

    Whoever takes those of at most 1 − `LEVEL` for real is wrong about any in as many comparisons at
    most, however many there are and however they hang together.
    """
    return [
        min(1.0, p / share)
        for part, share in ((headline, HEADLINE_SHARE), (finer, 1 - HEADLINE_SHARE))
        for p in _holm(part)
    ]


def _holm(family: Sequence[Found]) -> list[float]:
    """Return the p of each, adjusted by Holm's method (Scandinavian Journal of Statistics 6, 1979).

    Holm's takes an observed p as many times as there are tests left, as if each could come as low
    by chance. An exact test of few norms cannot: seven that differ reach 1/64, and then nothing
    below. So each test left is taken for the probability with which it does come as low, given how
    many of its norms differ (Westfall and Wolfinger, American Statistician 51, 1997).
    """
    ordered = sorted(range(len(family)), key=lambda index: family[index].p)
    result = [1.0] * len(family)
    least = 0.0
    for place, index in enumerate(ordered):
        p = family[index].p
        if p == 1 or least >= 1:
            break
        alarms = sum(family[other].flips.alarms(p) for other in ordered[place:])
        least = max(least, min(1.0, max(p, alarms)))
        result[index] = least
    return result
