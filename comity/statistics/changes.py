"""What changed between two runs over the same cases, where cases of one norm go together.

A norm's cases (its scenarios, their trials) are one piece of evidence however many they are, since
an agent that knows a norm knows it in all of them. So both the test and the interval go by norms.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from statistics import NormalDist

from comity.statistics.flips import Flips
from comity.statistics.paired import edge, lost_given
from comity.statistics.rates import LEVEL, Estimate, Z

ALPHA = 1 - LEVEL
_NORMAL = NormalDist()
# The likeliest shares under a mean are found to this.
_HALVINGS = 60


@dataclass(frozen=True)
class Paired:
    """By norm, how much higher each case's value is in the second run than in the first.

    A value is 0 or 1, so that a difference is at most 1; of discernment, which is itself a
    difference, at most 2.
    """

    by_norm: Mapping[str, Sequence[int]]
    most: int = 1

    @cached_property
    def n(self) -> int:
        """How many pairs there are."""
        return sum(map(len, self.by_norm.values()))

    @cached_property
    def total(self) -> int:
        """The sum of all differences."""
        return sum(map(sum, self.by_norm.values()))

    @cached_property
    def flips(self) -> Flips:
        """What the total could as well have been, were it chance."""
        return Flips(sum(pairs) for pairs in self.by_norm.values())

    @cached_property
    def p(self) -> float:
        """How often chance alone does as much, in either direction.

        The larger of two: that of `Flips`, which is exact, and that of the score at nought, of
        which the interval is made; so that the interval holds nought if and only if p is more
        than 1 − `LEVEL`. The score is (Σ D)² / Σ D², D being a norm's sum (Durkalski, Palesch,
        Lipsitz and Rust, Statistics in Medicine 22, 2003): McNemar's for norms of one case.
        """
        if self.total == 0:
            return 1.0
        score = abs(self.total) / sqrt(self._variance(0.0))
        return max(self.flips.chance(self.total), 2 * _NORMAL.cdf(-score))

    @cached_property
    def difference(self) -> Estimate:
        """The mean difference, with the interval of every Δ that the score does not rule out.

        z(Δ)² = (Σ D − nΔ)² / V(Δ). V is the variance of n independent cases as Tango has it, of
        the likeliest shares under Δ (`paired.tango`), times Σ (D − nᵢΔ)² / Σ (d − Δ)², how much
        more the norms' sums vary than those of independent cases would: nᵢ cases in a norm, d
        a case's difference. Where no case differs, that is as many cases as there are norms, if
        they are equally large. The quantile is the normal one; where signs that are drawn by
        chance go further than it with few norms, as far as they go.
        """
        if self.n == 0:
            return Estimate(0)
        value = self.total / self.n
        low, high = (edge(self._keeps, value, end) for end in (-self.most, self.most))
        return Estimate(self.n, value, low, high)

    def _keeps(self, mean: float) -> bool:
        off = abs(self.total - self.n * mean)
        return off <= self._quantile * sqrt(self._variance(mean)) + 1e-12

    @cached_property
    def _quantile(self) -> float:
        furthest = self.flips.beyond(ALPHA)
        return max(Z, furthest / sqrt(self._variance(0.0))) if furthest else Z

    def _variance(self, mean: float) -> float:
        """Return V at a mean difference; at one that all cases have, it is nought."""
        alone = sum(count * (d - mean) ** 2 for d, count in self._counts.items())
        if alone == 0:
            return 0.0
        together = sum(
            count * (total - n * mean) ** 2 for (total, n), count in self._norms.items()
        )
        return self.n * spread(self._counts, mean, self.most) * together / alone

    @cached_property
    def _counts(self) -> Counter[int]:
        return Counter(d for pairs in self.by_norm.values() for d in pairs)

    @cached_property
    def _norms(self) -> Counter[tuple[int, int]]:
        return Counter((sum(pairs), len(pairs)) for pairs in self.by_norm.values())


def spread(counts: Mapping[int, int], mean: float, most: int) -> float:
    """Return the variance of the likeliest shares of −most … most that have this mean.

    They are c_d / (n + λ(d − mean)) with the λ that gives them the mean (as in empirical
    likelihood); where no λ does, what they leave is the share of an end that was not seen. Where
    `most` is 1 they are those of Tango, in closed form.
    """
    n = sum(counts.values())
    if most == 1:
        lost = lost_given(mean, counts.get(1, 0), counts.get(-1, 0), n)
        return max(2 * lost + mean * (1 - mean), 0.0)
    if abs(mean) >= most:
        return 0.0
    low, high = -n / (most - mean), n / (most + mean)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if sum(c * (d - mean) / (n + middle * (d - mean)) for d, c in counts.items()) > 0:
            low = middle
        else:
            high = middle
    pull = (low + high) / 2
    shares = {d: c / (n + pull * (d - mean)) for d, c in counts.items()}
    unseen = max(1 - sum(shares.values()), 0.0)
    end = most if pull < 0 else -most
    return sum(p * (d - mean) ** 2 for d, p in shares.items()) + unseen * (end - mean) ** 2
