"""The interval of a mean over questions, by drawing the questions again."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import fsum, sqrt
from statistics import NormalDist, fmean

from comity.statistics.rates import Estimate, Z, rate

LEAST_QUESTIONS = 6
"""Of fewer questions, drawing again says little of what others would have shown."""
# At six questions the limits lie 0.2 % from the end of the draws: about ten of these.
_DRAWS = 4_000
# The same answers have the same interval.
_SEED = 20_260_705
_NORMAL = NormalDist()
# Means that differ by less than this differ by rounding.
_NOUGHT = 1e-12


def mean(values: Sequence[float], least: float = 0.0, most: float = 1.0) -> Estimate:
    """Return the mean of `values`, one a question, each between `least` and `most`.

    The interval is the bootstrap's, BCa (Efron, JASA 82, 1987), with Student's quantile times
    √(n/(n − 1)) for the normal one (Hesterberg, American Statistician 69, 2015), since draws vary
    less than what they are drawn from. By simulation over ten kinds of values (even, skewed, mostly
    nought, in thirds, differences) at 6, 20 and 84 questions it holds the truth in 0.965, 0.967 and
    0.958 of runs, and in the worst kind in 0.909, 0.927 and 0.946; the plain percentiles in 0.913,
    0.941 and 0.943, and 0.821, 0.898 and 0.924.

    Where all values are the same, draws know no doubt. Then a value unlike them is taken for a
    thing that was not seen in n: its rate is at most the upper limit of Wilson's for none of n, and
    its value at most at the bounds. Of fewer than `LEAST_QUESTIONS` there is no interval.
    """
    n = len(values)
    if n == 0:
        return Estimate(0)
    # In order, so that the interval does not hang on the order of the questions.
    ordered = sorted(values)
    value = min(max(fmean(ordered), ordered[0]), ordered[-1])
    if n < LEAST_QUESTIONS:
        return Estimate(n, value)
    if ordered[-1] - ordered[0] < _NOUGHT:
        unseen = rate(0, n).high or 0.0
        return Estimate(n, value, value - unseen * (value - least), value + unseen * (most - value))
    drawn = sorted(fsum(map(ordered.__getitem__, draw)) / n for draw in _draws(n))
    below = bisect_left(drawn, value - _NOUGHT) + bisect_right(drawn, value + _NOUGHT)
    # At least one draw on either side: of none, the normal quantile would be infinite.
    bias = _NORMAL.inv_cdf(min(max(below / (2 * _DRAWS), 1 / _DRAWS), 1 - 1 / _DRAWS))
    reach = sqrt(n / (n - 1)) * student(n - 1)
    skew = _acceleration(ordered)
    low, high = (
        drawn[round(_shifted(bias + side * reach, bias, skew) * (_DRAWS - 1))] for side in (-1, 1)
    )
    return Estimate(n, value, min(low, value), max(high, value))


def student(freedom: int) -> float:
    """Return Student's two-sided quantile at `LEVEL`, by Cornish and Fisher's expansion.

    Off by less than 0.003 from five degrees of freedom on (Abramowitz and Stegun, 26.7.5).
    """
    z, v = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def _shifted(quantile: float, bias: float, skew: float) -> float:
    # Beyond its pole the shift turns around; there the limit is the last draw.
    slack = 1 - skew * quantile
    if slack <= 0:
        return 1.0 if quantile > 0 else 0.0
    return _NORMAL.cdf(bias + quantile / slack)


def _acceleration(values: Sequence[float]) -> float:
    """Return BCa's acceleration of a mean, whose jackknife differs from it by the deviations."""
    centre = fmean(values)
    deviations = [value - centre for value in values]
    cubes, squares = fsum(d**3 for d in deviations), fsum(d**2 for d in deviations)
    return cubes / (6 * float(squares**1.5))


@lru_cache(maxsize=4)
def _draws(n: int) -> list[list[int]]:
    """Return which of `n` questions each draw has: the same for every metric."""
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    return [draw.choices(range(n), k=n) for _ in range(_DRAWS)]
