"""What a comparison would notice, before it is made: by making it many times over.

Of each norm a share `icc` is settled: an agent that knows it does so in every case, and one that
does not in none. In all others each case is a draw of its own. So `icc` is the correlation between
two cases of one norm, whatever the rate. What changes is that some settled norms turn, and that all
others go well less often. It is the simplest law with these two, and hard on repeats: a norm that
is settled tells no more of itself by being asked again.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb

from comity.statistics.alarms import Found, adjusted
from comity.statistics.changes import ALPHA
from comity.statistics.flips import MANY, Flips, ManyFlips

POWER = 0.8
"""How often a change is to be noticed: in four comparisons of five, as is the custom."""
ICC = 0.5
"""The correlation within a norm, where none was measured.

gpt-4o solves 61 % of τ-bench's retail tasks once, and less than 25 % of them in each of eight
trials (arXiv:2406.12045), which comes to somewhat less than 0.4 between trials. Agents are mostly
tested at a lower temperature, at which they repeat themselves.
"""
WRONG = 0.1
"""How much goes wrong, where nothing was measured: nine of ten go well with an agent that a release
is about. At the same change less is noticed where more goes wrong, up to the half."""
PAIRS = 2_000
"""Comparisons that are made to find a change: at it, a power of 0.8 is known to 0.009."""
PROMISED_PAIRS = 10_000
"""Those for the power of one change, which is a promise: it is known to 0.005."""
STEP = 0.01
"""Changes are looked for by points, finer than anybody decides by."""
# The same plan has the same figures.
_SEED = 20_260_707

Shares = dict[int, float]
"""How probable each value is."""


@dataclass(frozen=True)
class Planned:
    """A metric over the cases of an agent: how many it counts of each norm, and how it is now."""

    metric: str
    slice: dict[str, str]
    sizes: tuple[int, ...]
    """How many cases each norm has."""
    wrong: float
    """How much goes wrong; of discernment, how often the norm is not raised where it holds."""
    over: float | None = None
    """Of discernment alone, how often it is raised where it does not hold."""

    @property
    def cases(self) -> int:
        """How many cases count."""
        return sum(self.sizes)


class Plan:
    """The metrics that a comparison has in its headline, and comparisons that could come of it."""

    def __init__(self, rows: Sequence[Planned], icc: float, pairs: int = PAIRS) -> None:
        self.rows = rows
        self.icc = icc
        self.pairs = pairs
        draw = random.Random(_SEED)  # noqa: S311 - no secret
        self._unchanged = [list(self._drawn(row, 0.0, draw)) for row in rows]

    def power(self, row: Planned, change: float) -> float:
        """Return how often it is noticed that so much more goes wrong, and nothing else changes.

        Raises:
            ValueError: more would go wrong than there is.
        """
        if not 0 <= change <= 1 - row.wrong:
            raise ValueError(f"{change:g} more than {row.wrong:g} cannot go wrong")
        others = [drawn for of, drawn in zip(self.rows, self._unchanged, strict=True) if of != row]
        draw = random.Random(_SEED + 1)  # noqa: S311 - no secret
        noticed = 0
        for number, found in enumerate(self._drawn(row, change, draw)):
            if found.p <= ALPHA:
                family = [found, *(other[number] for other in others)]
                noticed += adjusted(family)[0] <= ALPHA
        return noticed / self.pairs

    def smallest(self, row: Planned) -> float | None:
        """Return the least change, in points, that is noticed with `POWER`; None where none is."""
        low, high = 0, int((1 - row.wrong) / STEP + 1e-9)
        if high == 0 or self.power(row, high * STEP) < POWER:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self.power(row, middle * STEP) >= POWER:
                high = middle
            else:
                low = middle
        return round(high * STEP, 4)

    def _drawn(self, row: Planned, change: float, draw: random.Random) -> Iterator[Found]:
        """Yield what comparisons find of a metric."""
        sums = [
            (count, tuple(shares), tuple(accumulate(shares.values())))
            for size, count in sorted(Counter(row.sizes).items())
            for shares in (of_norm(row, size, change, self.icc),)
        ]
        for _ in range(self.pairs):
            parts: list[int] = []
            for count, values, up_to in sums:
                parts += draw.choices(values, cum_weights=up_to, k=count)
            several = sum(part != 0 for part in parts) > MANY
            flips = ManyFlips(parts) if several else Flips(parts)
            yield Found(flips.p(sum(parts)), flips)


def of_norm(row: Planned, size: int, change: float, icc: float) -> Shares:
    """Return how much more may go wrong in a norm's cases, and how probable each of it is."""
    apart = _less(binomial(size, min(1.0, row.wrong + change)), binomial(size, row.wrong))
    if row.over is not None:
        over = binomial(size, row.over)
        apart = _less(apart, _less(over, over))
    shares = {value: (1 - icc) * share for value, share in apart.items()}
    shares[0] += icc * (1 - change)
    shares[size] += icc * change
    return shares


def binomial(n: int, share: float) -> Shares:
    """Return how probable each count of `n` is."""
    return {k: comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)}


def _less(first: Shares, second: Shares) -> Shares:
    """Return the shares of a difference of two that are drawn apart."""
    shares: Shares = {}
    for one, p in first.items():
        for other, q in second.items():
            shares[one - other] = shares.get(one - other, 0.0) + p * q
    return shares
