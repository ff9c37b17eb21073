"""Noise apart from sensitivity: what a change of the request does to verdicts, beyond chance.

An agent that answers at random flips its verdict on any change, and on none. So a relation is not
charged with its flips, but with how many more there are than between two trials of the same
request, scenario by scenario.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, inf

from comity.schema import Word
from comity.statistics import resampling
from comity.statistics.beta import below
from comity.statistics.families import holm

LEVEL = 0.05
"""The chance of charging any relation of a family that nothing is wrong with."""

# Differences that vary by less than this are the same.
_NOUGHT = 1e-18


@dataclass(frozen=True)
class Trial:
    """One changed request beside its base."""

    broken: float
    """How often it breaks the relation's law, beside the trials of the base: 0 to 1."""
    noise: float
    """How often two trials of the base do, beside each other: 0 to 1."""


class Charge(Word):
    """What a relation is charged with."""

    n: int
    """How many changed requests were judged."""
    scenarios: int
    """Of how many scenarios."""
    broken: float | None
    """The mean over scenarios; None where nothing was judged."""
    noise: float | None
    worst: float | None
    """The share of scenarios in which any changed request broke the law: the worst case."""
    difference: float | None
    """`broken` − `noise`."""
    low: float | None
    high: float | None
    p: float | None
    """Adjusted for how many relations were tried."""

    @property
    def charged(self) -> bool:
        """Whether there is more than chance in it."""
        return self.p is not None and self.p <= LEVEL

    @property
    def has_few(self) -> bool:
        """Whether there are too few scenarios to charge anybody, whatever they show."""
        return 2.0**-self.scenarios > LEVEL


def charge(trials: Mapping[str, Mapping[str, Sequence[Trial]]]) -> dict[str, Charge]:
    """Return what each relation is charged with, from its trials by scenario.

    Of each scenario counts the mean of its trials: d = broken − noise, so that one with more of
    them weighs no more. The mean of d over scenarios has its interval by drawing scenarios again.

    Whether it could be chance is told by `beyond_chance`, and the p of all relations are adjusted
    together after Holm.
    """
    tried = {relation: by for relation, by in trials.items() if any(by.values())}
    differences = {
        relation: [fsum(one.broken - one.noise for one in of) / len(of) for of in by.values() if of]
        for relation, by in tried.items()
    }
    adjusted = dict(
        zip(
            differences, holm([beyond_chance(found) for found in differences.values()]), strict=True
        )
    )
    return {
        relation: _charge(list(filter(None, by.values())), adjusted.get(relation))
        for relation, by in trials.items()
    }


def _charge(groups: Sequence[Sequence[Trial]], p: float | None) -> Charge:
    broken = [fsum(one.broken for one in group) / len(group) for group in groups]
    noise = [fsum(one.noise for one in group) / len(group) for group in groups]
    found = resampling.mean([b - n for b, n in zip(broken, noise, strict=True)], -1.0)
    return Charge(
        n=sum(map(len, groups)),
        scenarios=len(groups),
        broken=_mean(broken),
        noise=_mean(noise),
        worst=_mean([any(one.broken > one.noise for one in group) for group in groups]),
        difference=found.value,
        low=found.low,
        high=found.high,
        p=p,
    )


def _mean(values: Sequence[float]) -> float | None:
    return fsum(values) / len(values) if values else None


def beyond_chance(differences: Sequence[float]) -> float:
    """Return the one-sided p of Student's t-test that their mean is above nought.

    Each difference is a cluster's own estimate, for which the test holds its level also where
    clusters are few and unlike (Ibragimov and Müller, Journal of Business & Economic Statistics
    28, 2010). It is no less than 2^−G: G clusters that all go the same way do so by chance that
    often, however alike they are. By simulation of agents that flip by chance in 2 to 50 % of
    their answers, 19 relations that share their bases are charged in 0 to 1 % of runs.
    """
    n = len(differences)
    mean = fsum(differences) / n
    if n == 1 or mean <= 0:
        return 1.0
    variance = fsum((value - mean) ** 2 for value in differences) / (n - 1)
    t_squared = mean**2 * n / variance if variance > _NOUGHT else inf
    freedom = n - 1
    # Student's t by the beta distribution (Abramowitz and Stegun, 26.7.1).
    share = freedom / (freedom + t_squared)
    return max(below(share, freedom / 2, 0.5) / 2, 2.0**-n)
