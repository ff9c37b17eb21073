"""What is promised of a comparison is held by comparing simulated runs, drawn by other code."""

import numpy as np
import pytest
from scipy.stats import beta

from comity.statistics.alarms import adjusted
from comity.statistics.changes import ALPHA, Paired
from comity.statistics.planning import PAIRS, Plan, Planned

ICC = 0.5


def settled(draw, norms, before, after):
    """Each norm's rate in both runs: settled in a share `ICC` of them, in the same order."""
    rank, is_settled = draw.random((2, PAIRS, norms))
    for rate in (before, after):
        yield np.where(is_settled < ICC, rank < rate, rate)


def graded(draw, norms, before, after):
    """The same by the beta distribution with this correlation: no norm is wholly settled."""
    rank, strength = draw.random((PAIRS, norms)), 1 / ICC - 1
    for rate in (before, after):
        yield beta.ppf(rank, rate * strength, (1 - rate) * strength)


def compared(law, norms, size, before, after, seed):
    """Each comparison's differences, norm by norm, case by case."""
    draw = np.random.default_rng(seed)
    first, second = (
        draw.random((PAIRS, norms, size)) < rates[:, :, None]
        for rates in law(draw, norms, before, after)
    )
    return [
        Paired(dict(enumerate(pairs))).tested
        for pairs in (second.astype(int) - first.astype(int)).tolist()
    ]


def noticed(rows):
    """How often the first row's change is noticed among all."""
    return np.mean([adjusted(family)[0] <= ALPHA for family in zip(*rows, strict=True)])


@pytest.mark.parametrize(
    ("law", "norms", "size", "wrong"),
    [(settled, 240, 1, 0.1), (settled, 70, 4, 0.1), (settled, 90, 3, 0.3), (graded, 70, 4, 0.1)],
)
def test_a_drop_of_ten_points_is_found_as_often_as_promised(law, norms, size, wrong):
    rows = [
        Planned(metric, {}, (size,) * norms, wrong) for metric in ("Silent-R", "AC-R", "Over-R")
    ]
    promised = Plan(rows, ICC).power(rows[0], 0.1)
    dropped = compared(law, norms, size, wrong, wrong + 0.1, 1)
    others = [compared(law, norms, size, wrong, wrong, seed) for seed in (2, 3)]
    found = noticed([dropped, *others])
    print(law.__name__, norms, size, wrong, promised, found)
    if law is settled:
        assert abs(found - promised) <= 0.03
    else:
        assert found >= promised - 0.03
