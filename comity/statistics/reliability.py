"""How far several raters of the same things agree: Krippendorff's alpha."""

import random
from collections import Counter
from collections.abc import Sequence

from comity.statistics.rates import LEVEL, Estimate

# Of fewer units than this, drawing again says little of what other units would have shown.
LEAST_UNITS = 10
# The limits of 500 draws waver by about 0.02; each draw takes milliseconds.
_DRAWS = 500
_LIMITS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
# The same ratings have the same interval.
_SEED = 20_260_705


def alpha(ratings: Sequence[Sequence[str | bool | None]]) -> Estimate:
    """Return Krippendorff's alpha of `ratings`: a row a rater, a column a unit; None is not rated.

    The values are names without an order. `n` is how many units were rated at least twice; only
    these count. Where there is none, or where all their ratings are the same, there is no alpha:
    chance explains all of it. The interval is of a bootstrap over the units: drawn with
    replacement, each with all its ratings. It is left out under `LEAST_UNITS`, and where all draws
    are alike, as under perfect agreement.

    Raises:
        ValueError: the raters do not have equally many units.
    """
    units = [_rated(unit) for unit in zip(*ratings, strict=True)]
    counted = [unit for unit in units if unit.total() > 1]
    values = sorted({value for unit in counted for value in unit}, key=repr)
    if len(values) < 2:
        return Estimate(len(counted))

    value = _alpha(counted)
    if len(counted) < LEAST_UNITS:
        return Estimate(len(counted), value)
    draw = random.Random(_SEED)  # noqa: S311 - no secret
    drawn = sorted(
        again
        for _ in range(_DRAWS)
        if (again := _alpha(draw.choices(counted, k=len(counted)))) is not None
    )
    low, high = (drawn[round(share * (len(drawn) - 1))] for share in _LIMITS)
    if low == high:
        return Estimate(len(counted), value)
    return Estimate(len(counted), value, low, high)


def _alpha(units: Sequence[Counter[str | bool]]) -> float | None:
    """Return alpha of units, each with how often it was rated what."""
    if len({value for unit in units for value in unit}) < 2:
        return None
    # Imported here: few runs have several raters, and NLTK takes a second to come.
    from nltk.metrics.agreement import AnnotationTask

    # Who gave a rating is nothing to alpha: each unit numbers its own.
    told = [
        (rater, number, value)
        for number, unit in enumerate(units)
        for rater, value in enumerate(unit.elements())
    ]
    return float(AnnotationTask(data=told).alpha())


def _rated(unit: Sequence[str | bool | None]) -> Counter[str | bool]:
    return Counter(value for value in unit if value is not None)
