"""How far a sum goes by chance, where each of its parts could as well have the other sign.

Cases of one norm go together, and so do their trials: what a run gains on them is one part of the
sum, however many they are. Of two runs of one agent either could have been the first, norm by norm,
so that each part has either sign with the same probability, whatever its size and however its cases
hang together. That is all that the test needs: its p is exact, for any number of norms (Fisher's
randomization test; flipping whole blocks that are exchangeable: Winkler and others, NeuroImage 123,
2015).
"""

from array import array
from collections.abc import Iterable
from functools import lru_cache
from math import gcd, sqrt
from statistics import NormalDist

MANY = 100
_NORMAL = NormalDist()


class Flips:
    """The sum of some parts, each taken with either sign."""

    def __init__(self, parts: Iterable[int]) -> None:
        sizes = sorted(abs(part) for part in parts if part)
        self.squares = sum(size * size for size in sizes)
        self._unit = gcd(*sizes)
        self._sum = sum(sizes) // (self._unit or 1)
        self._chances = _chances(tuple(size // self._unit for size in sizes))

    def chance(self, total: int) -> float:
        """Return how probable it is that the sum goes as far as `total`, in either direction."""
        if total == 0:
            return 1.0
        return self._chances[(self._sum - abs(total) // self._unit) // 2]

    def p(self, total: int) -> float:
        """Return the p of `total`: the larger of its chance and of what the normal law makes of it.

        The score is total / √Σ D², D being a part (Durkalski, Palesch, Lipsitz and Rust, Statistics
        in Medicine 22, 2003): McNemar's where no part is more than 1. It is the larger where a few
        parts are most of the sum.
        """
        return max(self.chance(total), _normal(total, self.squares))

    def beyond(self, level: float) -> int:
        """Return the largest sum that is more probable than `level`; 0 where none is."""
        index = self._reach(level)
        return max(self._sum - 2 * index, 0) * self._unit

    def alarms(self, level: float) -> float:
        """Return how probable it is that a sum is found whose chance is at most `level`."""
        index = self._reach(level)
        return self._chances[index - 1] if index else 0.0

    def _reach(self, level: float) -> int:
        """Return how many of the largest sums have a chance of at most `level`."""
        low, high = 0, len(self._chances)
        while low < high:
            middle = (low + high) // 2
            if self._chances[middle] <= level:
                low = middle + 1
            else:
                high = middle
        return low


class ManyFlips:
    """The same for so many parts that the normal law will do, where it is asked thousands of times.

    Sums go by steps of twice the parts' common unit, which is corrected for; with `MANY` parts that
    are not nought, both then have the same p to within a thousandth.
    """

    def __init__(self, parts: Iterable[int]) -> None:
        sizes = [abs(part) for part in parts]
        self.squares = sum(size * size for size in sizes)
        self._unit = gcd(*sizes)

    def p(self, total: int) -> float:
        """Return the p of `total`."""
        return _normal(max(abs(total) - self._unit, 0), self.squares)

    def alarms(self, level: float) -> float:
        """Return how probable it is that a sum is found whose p is at most `level`."""
        return level


def _normal(total: int, squares: int) -> float:
    return 2 * _NORMAL.cdf(-abs(total) / sqrt(squares)) if total else 1.0


@lru_cache(maxsize=1_024)
def _chances(sizes: tuple[int, ...]) -> "array[float]":
    """Return the chances of the sums that are more than nought, the largest first.

    A sum of all signs is 2K less the sum of all sizes, K being that of the positive. How many
    choices have each K are the coefficients of the product of 1 + x^size; it is taken with x a
    power of two so large that they stand in one whole number, each in bytes of its own.
    """
    width = len(sizes) // 8 + 1
    counts = 1
    for size in sizes:
        counts += counts << (8 * width * size)
    whole = sum(sizes)
    written = counts.to_bytes(width * (whole + 1), "big")
    chances, found = array("d"), 0
    for index in range((whole + 1) // 2):
        found += int.from_bytes(written[index * width : (index + 1) * width], "big")
        chances.append(2 * found / (1 << len(sizes)))
    return chances
