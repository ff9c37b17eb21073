"""Rates and differences of rates, with their intervals.

All intervals are two-sided at `LEVEL`. They take cases as independent, but where they are told what
`effective` number of independent cases says as much (`clusters`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from comity.statistics import beta

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""The normal quantile of `LEVEL`."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; all three are None where there is nothing to count.

    The limits alone are None where the method has none to give.
    """

    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


def rate(count: float, n: int, effective: float | None = None) -> Estimate:
    """Return `count` / `n` with Wilson's score interval (Wilson, JASA 22, 1927).

    With p = count/n and z the normal quantile: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n),
    where n is the effective one in all but p. A `count` may be a sum of shares: of values between
    0 and 1 none vary more than yes and no.
    """
    # Not by scipy, whose import takes longer than all else at the end of a run; the tests hold
    # this to scipy's figures.
    if n == 0:
        return Estimate(0)
    size = n if effective is None else effective
    p, share = count / n, Z**2 / size
    centre = p + share / 2
    half = Z * sqrt(p * (1 - p) / size + share / (4 * size))
    low = 0.0 if count == 0 else (centre - half) / (1 + share)
    high = 1.0 if count == n else (centre + half) / (1 + share)
    return Estimate(n, p, low, high)


def exact(count: int, n: int, effective: float | None = None) -> Estimate:
    """Return `count` / `n` with the exact interval (Clopper and Pearson, Biometrika 26, 1934).

    The limits are quantiles of beta distributions, (1 − LEVEL)/2 of B(x, n − x + 1) and
    (1 + LEVEL)/2 of B(x + 1, n − x); of clustered cases with the effective n and x = p·n of that
    (Korn and Graubard, Survey Methodology 24, 1998). It never covers less than `LEVEL`, and mostly
    more: Wilson's misses a rate near nought somewhat more often, on the side that blames.
    """
    if n == 0:
        return Estimate(0)
    size = n if effective is None else effective
    p, tail = count / n, (1 - LEVEL) / 2
    found = p * size
    low = 0.0 if count == 0 else beta.quantile(tail, found, size - found + 1)
    high = 1.0 if count == n else beta.quantile(1 - tail, found + 1, size - found)
    return Estimate(n, p, low, high)


def paired_difference(pairs: list[tuple[bool, bool]], effective: float | None = None) -> Estimate:
    """Return the mean of a − b over `pairs`, between −1 and 1.

    The interval is Newcombe's for paired proportions (Statistics in Medicine 17, 1998, method 10):
    Wilson's limits of the two rates, joined by square-and-add with their correlation φ. Of
    clustered pairs each cell counts as much less as the effective n is smaller.
    """
    n = len(pairs)
    if n == 0:
        return Estimate(0)
    both = sum(a and b for a, b in pairs)
    only_a = sum(a and not b for a, b in pairs)
    only_b = sum(b and not a for a, b in pairs)
    neither = n - both - only_a - only_b
    first, second = rate(both + only_a, n, effective), rate(both + only_b, n, effective)
    share = 1 if effective is None else effective / n
    phi = _phi(*(share * cell for cell in (both, only_a, only_b, neither)))
    low_1, high_1 = _reach(first)
    low_2, high_2 = _reach(second)
    below = sqrt(max(0.0, low_1**2 - 2 * phi * low_1 * high_2 + high_2**2))
    above = sqrt(max(0.0, high_1**2 - 2 * phi * high_1 * low_2 + low_2**2))
    value = (only_a - only_b) / n
    return Estimate(n, value, max(-1.0, value - below), min(1.0, value + above))


@dataclass(frozen=True)
class Stratum:
    """Two groups' counts among those who are alike, each as how many of how many."""

    first: tuple[int, int]
    second: tuple[int, int]


def standardized_difference(strata: Iterable[Stratum]) -> Estimate:
    """Return how much higher the first group's rate is than the second's among those alike.

    The strata weigh as they do in the first group: Σ wᵢ(pᵢ − qᵢ). Where one of the two has nobody,
    there is nothing to compare; `n` counts those of the first group who were compared. Wilson's
    limits of all rates are joined by square-and-add (Zou, Huang and Zhang, Computational Statistics
    & Data Analysis 53, 2009), the weights taken as known.
    """
    compared = [stratum for stratum in strata if stratum.first[1] and stratum.second[1]]
    n = sum(stratum.first[1] for stratum in compared)
    if n == 0:
        return Estimate(0)
    value = below = above = 0.0
    for stratum in compared:
        (yes_1, n_1), (yes_2, n_2) = stratum.first, stratum.second
        weight = n_1 / n
        low_1, high_1 = _reach(rate(yes_1, n_1))
        low_2, high_2 = _reach(rate(yes_2, n_2))
        value += weight * (yes_1 / n_1 - yes_2 / n_2)
        below += weight**2 * (low_1**2 + high_2**2)
        above += weight**2 * (high_1**2 + low_2**2)
    return Estimate(n, value, max(-1.0, value - sqrt(below)), min(1.0, value + sqrt(above)))


def _reach(estimate: Estimate) -> tuple[float, float]:
    """Return how far the limits lie from the value."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return 0.0, 0.0
    return estimate.value - estimate.low, estimate.high - estimate.value


def _phi(both: float, only_a: float, only_b: float, neither: float) -> float:
    """Return the correlation of the pairs, corrected for continuity as Newcombe does."""
    n = both + only_a + only_b + neither
    product = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if product == 0:
        return 0.0
    covariance = both * neither - only_a * only_b
    if covariance > 0:
        covariance = max(covariance - n / 2, 0)
    return covariance / sqrt(product)
