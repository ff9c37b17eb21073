"""Whether a share got worse than in a baseline run, over the cases of both.

Non-inferiority: PASS where the whole interval of the difference keeps within the margin, FAIL where
none of it does. So "no difference was found" is no PASS; too few pairs are INCONCLUSIVE.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from comity.schema import Outcome, Status
from comity.statistics.clusters import clustered, effective_n
from comity.statistics.correction import corrected_change, discriminates
from comity.statistics.criteria import Regression
from comity.statistics.decision import Regressed, Verdict
from comity.statistics.families import holm
from comity.statistics.metrics import RATES, Rate, inside, measure, norm
from comity.statistics.paired import mcnemar, tango
from comity.statistics.rates import Estimate
from comity.statistics.trust import UNMEASURED, LookUp, asked, why_not


@dataclass(frozen=True)
class Baseline:
    """The run that another is held against."""

    run: str
    outcomes: tuple[Outcome, ...]
    same_judges: bool
    """Whether the very same pipeline judged both."""


@dataclass(frozen=True)
class _Pair:
    norm: str
    old: bool
    new: bool


def difference(pairs: Sequence[tuple[str, bool, bool]]) -> tuple[Estimate, float]:
    """Return how much higher the new rate is than the old, of pairs with their norm; and their worth.

    The interval is Tango's, at the effective n of the pairs' differences: of those that differ each
    counts as much less as that is smaller.
    """
    n = len(pairs)
    worth = effective_n(clustered((of, float(new) - old) for of, old, new in pairs))
    gained = sum(new and not old for _, old, new in pairs)
    lost = sum(old and not new for _, old, new in pairs)
    share = worth / n if n else 0.0
    more = min(gained * share, worth)
    found = tango(more, min(lost * share, worth - more), worth)
    return Estimate(n, found.value, found.low, found.high), worth
