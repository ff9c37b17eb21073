"""Noise apart from sensitivity: what a change of the request does to verdicts, beyond chance.

An agent that answers at random flips its verdict on any change, and on none. So a relation is not
charged with its flips, but with how many more there are than between two trials of the same
request, scenario by scenario.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from comity.schema import Word
from comity.statistics import resampling
from comity.statistics.families import holm

LEVEL = 0.05
"""The chance of charging any relation of a family that nothing is wrong with."""

# Up to so many different sums the distribution is had in full; beyond, it is drawn from.
_MOST_SUMS = 100_000
_DRAWS = 20_000
_SEED = 20_261_122
# Sums are compared after so many decimals: what differs less differs by rounding.
_DECIMALS = 9


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


def charge(trials: Mapping[str, Mapping[str, Sequence[Trial]]]) -> dict[str, Charge]:
    """Return what each relation is charged with, from its trials by scenario.

    Of each scenario counts the mean of its trials: d = broken − noise, so that one with more of
    them weighs no more. The mean of d over scenarios has its interval by drawing scenarios again.

    Whether it could be chance is told by a randomization test over scenarios: were broken and noise
    alike, each d had either sign as well. Its p is the share of choices of signs whose sum is at
    least as large (Canay, Romano and Shaikh, Econometrica 85, 2017, for few clusters); with G
    scenarios that differ it is at least 2^−G. All relations' p are adjusted together after Holm.
    """
    tried = {relation: by for relation, by in trials.items() if any(by.values())}
    differences = {
        relation: [fsum(one.broken - one.noise for one in of) / len(of) for of in by.values() if of]
        for relation, by in tried.items()
    }
    adjusted = dict(
        zip(differences, holm([by_signs(found) for found in differences.values()]), strict=True)
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


def by_signs(differences: Iterable[float]) -> float:
    """Return the one-sided p of the randomization test: that their sum is this large by chance."""
    # A nought has the same sum with either sign.
    values = [value for value in differences if value]
    observed = round(fsum(values), _DECIMALS)
    sums = Counter({0.0: 1})
    for value in values:
        longer: Counter[float] = Counter()
        for total, count in sums.items():
            longer[round(total + value, _DECIMALS)] += count
            longer[round(total - value, _DECIMALS)] += count
        if len(longer) > _MOST_SUMS:
            return _drawn(values, observed)
        sums = longer
    least = observed - 10.0 ** (2 - _DECIMALS)
    return sum(count for total, count in sums.items() if total >= least) / sums.total()


def _drawn(values: Sequence[float], observed: float) -> float:
    signs = random.Random(_SEED)  # noqa: S311 - it keeps no secret
    sums = (fsum(signs.choice((-1, 1)) * value for value in values) for _ in range(_DRAWS))
    least = observed - 10.0 ** (2 - _DECIMALS)
    # The choice that was observed is one of them.
    return (1 + sum(total >= least for total in sums)) / (1 + _DRAWS)
