"""What cases are worth that go together: those of one norm are less than independent.

An agent that does not know a norm fails at all its scenarios, and at each of their trials. So norms
are what is drawn; a norm's cases are a cluster, whatever scenarios and trials they are of.
"""

from collections.abc import Hashable, Iterable, Sequence
from math import fsum
from typing import TypeVar

from comity.statistics.rates import Z

# What is held against the evidence that cases of one norm differ. It is the least with which the
# upper limit over clean cases never falls by a breach, nor by one more, wherever they fall apart
# the most: with less, an agent would pass a gate by a breach. Held by the tests, design by design.
_DOUBT = Z**2 / 2

Key = TypeVar("Key", bound=Hashable)


def clustered(answers: Iterable[tuple[Key, float]]) -> list[list[float]]:
    """Return the values of each cluster, of pairs of its key and a value."""
    clusters: dict[Key, list[float]] = {}
    for key, value in answers:
        clusters.setdefault(key, []).append(value)
    return list(clusters.values())


def effective_n(clusters: Sequence[Sequence[float]]) -> float:
    """Return how many independent values have as much to say on the mean as these have.

    It is n/deff, with Kish's design effect (Survey Sampling, 1965; for unequal clusters Journal of
    Official Statistics 3, 1987): deff = 1 + (m̃ − 1)ρ, where m̃ = Σmᵢ²/n is the size of the cluster
    that a case is in, and ρ the correlation within clusters. An interval then takes n/deff for n,
    as Korn and Graubard do (Survey Methodology 24, 1998).

    ρ is that of Fleiss and Cuzick (Applied Psychological Measurement 3, 1979), 1 − W/E: of W, the
    sum of squares within clusters, and E, what it would be if clusters did not matter, (n − G)σ² of
    G clusters. Of few breaches it says next to nothing, so that it is drawn to 1, full dependence,
    as far as nothing speaks against that: 1 − W/(E + z²m̃/2). Where all values are the same nothing
    speaks against it, and G is the n. Since what is not known counts as dependence, no degrees of
    freedom are taken off beside.
    """
    sizes = [len(cluster) for cluster in clusters]
    n = sum(sizes)
    values = sorted(value for cluster in clusters for value in cluster)
    if n == 0 or values[0] == values[-1]:
        return float(len(clusters))
    kish = sum(size**2 for size in sizes) / n
    return shared(n, len(clusters), kish, _squares(values), fsum(map(_squares, clusters)))


def shared(n: int, clusters: int, kish: float, total: float, within: float) -> float:
    """Return `effective_n` of `n` values that are not all the same, by their sums of squares."""
    apart = min(1.0, within / ((n - clusters) * total / n + _DOUBT * kish))
    return n / (1 + (kish - 1) * (1 - apart))


def _squares(values: Sequence[float]) -> float:
    """Return the sum of squared differences from the mean."""
    mean = fsum(values) / len(values)
    return fsum((value - mean) ** 2 for value in values)
