"""How far several raters of the same things agree: Krippendorff's alpha."""

from collections import Counter
from collections.abc import Sequence

from comity.statistics.rates import LEVEL, Estimate

# Of fewer units than this, drawing again says little of what other units would have shown.
LEAST_UNITS = 10
# The limits of 2,000 draws waver by about 0.01, which is less than anybody reads off them.
_DRAWS = 2_000
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

    # Imported here: few runs have several raters, and numpy takes its time to come.
    import krippendorff
    import numpy as np

    table = np.array([[unit[value] for value in values] for unit in counted])

    def found(rows: "np.typing.NDArray[np.int_]") -> float | None:
        if np.count_nonzero(rows.any(axis=0)) < 2:
            return None
        return float(krippendorff.alpha(value_counts=rows, level_of_measurement="nominal"))

    value = found(table)
    if len(counted) < LEAST_UNITS:
        return Estimate(len(counted), value)
    draw = np.random.default_rng(_SEED)
    drawn = [
        again
        for _ in range(_DRAWS)
        if (again := found(table[draw.integers(len(table), size=len(table))])) is not None
    ]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if low == high:
        return Estimate(len(counted), value)
    return Estimate(len(counted), value, float(low), float(high))


def _rated(unit: Sequence[str | bool | None]) -> Counter[str | bool]:
    return Counter(value for value in unit if value is not None)
