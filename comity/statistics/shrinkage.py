"""Rates of small cultures, drawn towards what the agent does elsewhere.

A culture with two cases has a rate of 0, ½ or 1 and an interval that says nothing; set beside those
of others it makes extremes of the smallest. What is drawn inwards errs less. It borrows from other
cultures, though, and can hide the one that is treated unlike them: it is shown, and no gate reads
it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, fsum, lgamma

from comity.schema import Word
from comity.statistics import beta
from comity.statistics.metrics import DISCERNMENT, Metric
from comity.statistics.rates import LEVEL

LEAST_CULTURES = 3
"""Of fewer nothing is learnt on how cultures differ."""
# Middles of even steps: of the mean of all cultures, and of how far each is drawn to it.
_MEANS = [(step + 0.5) / 25 for step in range(25)]
_DRAWN = [(step + 0.5) / 12 for step in range(12)]


class Shrunken(Word):
    """A metric over a culture's cases, drawn towards the agent's other cultures."""

    metric: str
    slice: dict[str, str]
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class _Prior:
    """One guess at how cultures differ: B(a, b), and how likely it is by what all show."""

    a: float
    b: float
    weight: float


def shrunken(rows: Iterable[Metric]) -> list[Shrunken]:
    """Return the shares among `rows` that are of one culture, each metric by its own agent's.

    Those of an agent, suite and mode stand and fall together; `rows` are those of `metrics`.
    """
    families: dict[tuple[tuple[str, str], ...], list[Metric]] = {}
    for row in rows:
        if "culture" in row.slice and row.n and row.metric != DISCERNMENT:
            others = {key: value for key, value in row.slice.items() if key != "culture"}
            family = ("metric", row.metric), *sorted(others.items())
            families.setdefault(family, []).append(row)
    return [
        Shrunken(metric=row.metric, slice=row.slice, n=row.n, value=value, low=low, high=high)
        for family in families.values()
        if len(family) >= LEAST_CULTURES
        for row, (value, low, high) in zip(family, _drawn(family), strict=True)
    ]


def _drawn(family: Sequence[Metric]) -> list[tuple[float, float, float]]:
    worth = [row.effective_n for row in family]
    found = [row.counts[0] / row.n * size for row, size in zip(family, worth, strict=True)]
    return drawn_inwards(found, worth)


def drawn_inwards(
    counts: Sequence[float], sizes: Sequence[float]
) -> list[tuple[float, float, float]]:
    """Return value and limits of each of several rates, of `counts` among `sizes`.

    Beta-binomial: each rate is drawn from B(μM, (1 − μ)M), so that its best guess, given that, is
    (x + μM)/(n + M). Empirical Bayes takes μ and M from all rates' marginal likelihood (Kleinman,
    JASA 68, 1973). Of a few small cultures that is nearly flat, and its best point would promise
    too much: here they are averaged over it, with μ even and M/(M + n̄), the share by which a
    culture of mean size is drawn, even as well (Christiansen and Morris, JASA 92, 1997). The limits
    are quantiles of the beta distribution with the mean and the variance that result; where
    nothing was so, or all was, the outer one is 0 or 1 (as Brown, Cai and DasGupta do for Jeffreys'
    interval, Statistical Science 16, 2001).
    """
    mean_size = fsum(sizes) / len(sizes)
    priors = _priors(counts, sizes, mean_size)
    return [_posterior(count, size, priors) for count, size in zip(counts, sizes, strict=True)]


def _priors(counts: Sequence[float], sizes: Sequence[float], mean_size: float) -> list[_Prior]:
    logs = {}
    for mean in _MEANS:
        for drawn in _DRAWN:
            strength = mean_size * drawn / (1 - drawn)
            a, b = mean * strength, (1 - mean) * strength
            logs[a, b] = fsum(
                _log_beta(a + count, b + size - count)
                for count, size in zip(counts, sizes, strict=True)
            ) - len(counts) * _log_beta(a, b)
    most = max(logs.values())
    weights = {prior: exp(value - most) for prior, value in logs.items()}
    total = fsum(weights.values())
    return [_Prior(a, b, weight / total) for (a, b), weight in weights.items()]


def _posterior(count: float, size: float, priors: Iterable[_Prior]) -> tuple[float, float, float]:
    mean = square = 0.0
    for prior in priors:
        a, both = prior.a + count, prior.a + prior.b + size
        mean += prior.weight * a / both
        square += prior.weight * a / both * (a + 1) / (both + 1)
    strength = mean * (1 - mean) / (square - mean**2) - 1
    a, b = mean * strength, (1 - mean) * strength
    low, high = (beta.quantile((1 + side * LEVEL) / 2, a, b) for side in (-1, 1))
    # Of a distribution that is all but at its end, the mean may lie beyond the limits.
    low = 0.0 if count == 0 else min(low, mean)
    high = 1.0 if count == size else max(high, mean)
    return mean, low, high


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
