"""How many cases a gate's criterion needs, by the gate's own arithmetic.

Cases of one norm go together (`clusters`). Where all of them go well, it is the number of norms
that counts, and nothing is gained by asking again.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import accumulate

from comity.schema import Mode
from comity.schema.scenario import Request
from comity.statistics.clusters import shared
from comity.statistics.criteria import Criterion, Regression
from comity.statistics.metrics import DISCERNMENT
from comity.statistics.paired import tango
from comity.statistics.planning import POWER, binomial
from comity.statistics.rates import Estimate, exact, paired_difference, rate

RUNS = 1_000
"""Runs that are drawn: a chance of 0.8 is known to 0.013."""
MOST_NORMS = 20_000
"""More than anybody will write; a criterion that needs more is told to need more."""
_SEED = 20_260_708


def clean(criterion: Criterion | Regression) -> int:
    """Return how many norms must be shown, each in a case at least, for flawless ones to pass.

    Of a regression: where no case got worse, and none better.
    """
    if isinstance(criterion, Regression):
        return _fewest(lambda norms: (tango(0, 0, norms).high or 0.0) <= criterion.margin)
    if criterion.metric == DISCERNMENT:
        return _fewest(lambda norms: _passes(criterion, paired_difference([(True, False)] * norms)))
    flawless = 0 if criterion.side == "at_most" else 1
    return _fewest(
        lambda norms: _passes(criterion, _interval(criterion, flawless * norms, norms, norms))
    )


def norms_for(criterion: Criterion, size: int, wrong: float, icc: float) -> int | None:
    """Return how many norms of `size` cases pass in `POWER` of runs of an agent of a true rate.

    None where no number does, since so much going wrong is not within the bound, or none up to
    `MOST_NORMS`. Norms are drawn as a plan does (`planning`).
    """
    bound = criterion.bound if criterion.side == "at_most" else 1 - criterion.bound
    if criterion.metric == DISCERNMENT or wrong >= bound:
        return None
    found = _fewest(lambda norms: chance(criterion, norms, size, wrong, icc) >= POWER)
    return found if found < MOST_NORMS else None


def chance(criterion: Criterion, norms: int, size: int, wrong: float, icc: float) -> float:
    """Return how often a rate passes over `norms` of `size` cases each."""
    shares = {count: (1 - icc) * share for count, share in binomial(size, wrong).items()}
    shares[0] += icc * (1 - wrong)
    shares[size] += icc * wrong
    counts, up_to = tuple(shares), tuple(accumulate(shares.values()))
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    passed: Counter[bool] = Counter()
    for _ in range(RUNS):
        found = Counter(draw.choices(counts, cum_weights=up_to, k=norms))
        passed[_passes(criterion, _read(criterion, found, size))] += 1
    return passed[True] / RUNS


def _read(criterion: Criterion, found: Counter[int], size: int) -> Estimate:
    """Return the rate of norms in each of which so many cases went wrong."""
    norms = found.total()
    n, count = norms * size, sum(count * times for count, times in found.items())
    within = sum(times * count * (size - count) / size for count, times in found.items())
    worth = shared(n, norms, size, count * (n - count) / n, within) if 0 < count < n else norms
    return _interval(criterion, count if criterion.side == "at_most" else n - count, n, worth)


def _interval(criterion: Criterion, count: int, n: int, worth: float) -> Estimate:
    return (exact if criterion.interval == "exact" else rate)(count, n, worth)


def _passes(criterion: Criterion, found: Estimate) -> bool:
    if found.low is None or found.high is None:
        return False
    if criterion.side == "at_most":
        return found.high <= criterion.bound
    return found.low >= criterion.bound


def _fewest(enough: Callable[[int], bool]) -> int:
    """Return the fewest norms that are enough, by doubling and halving; `MOST_NORMS` at most."""
    low, high = 0, 1
    while high < MOST_NORMS and not enough(high):
        low, high = high, min(2 * high, MOST_NORMS)
    while high - low > 1:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle
    return high


def at_hand(criterion: Criterion | Regression, requests: Iterable[Request]) -> list[Request]:
    """Return the requests that a criterion is about; of discernment those of complete pairs."""
    where = {key: value for key, value in criterion.where.items() if key != "agent"}
    lure = where.pop("lure", "content")
    found = [
        request
        for request in requests
        if request.mode in criterion.modes
        and request.scenario.lure == lure
        and all(_OF[key](request) == value for key, value in where.items())
    ]
    if criterion.metric != DISCERNMENT:
        return found
    pairs = Counter(request.scenario.id for request in found)
    return [r for r in found if r.mode is Mode.VIOLATE and pairs[r.scenario.id] > 1]


_OF: dict[str, Callable[[Request], str]] = {
    "suite": lambda request: request.suite,
    "mode": lambda request: request.mode.value,
    "culture": lambda request: request.norm.culture,
    "domain": lambda request: request.norm.domain,
    "severity": lambda request: request.norm.severity,
    "language": lambda request: request.scenario.language,
}
