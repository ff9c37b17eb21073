"""What is promised of a comparison is held by comparing simulated runs, drawn by other code."""

import numpy as np
import pytest
from scipy.stats import beta

from comity.statistics.alarms import Found, adjusted
from comity.statistics.changes import ALPHA
from comity.statistics.flips import Flips
from comity.statistics.planning import PAIRS, POWER, PROMISED_PAIRS, STEP, Plan, Planned, of_norm

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
    """What each comparison finds, of runs that are drawn case by case."""
    draw = np.random.default_rng(seed)
    first, second = (
        draw.random((PAIRS, norms, size)) < rates[:, :, None]
        for rates in law(draw, norms, before, after)
    )
    changes = second.sum(axis=2) - first.astype(int).sum(axis=2)
    return [Found(flips.p(sum(of)), flips) for of in changes.tolist() for flips in (Flips(of),)]


def promised_and_found(law, norms, size, wrong, change):
    rows = [Planned(metric, {}, (size,) * norms, wrong) for metric in ("Silent-R", "Over-R")]
    dropped = compared(law, norms, size, wrong, wrong + change, 11)
    other = compared(law, norms, size, wrong, wrong, 12)
    found = np.mean([adjusted(family)[0] <= ALPHA for family in zip(dropped, other, strict=True)])
    return Plan(rows, ICC, PROMISED_PAIRS).power(rows[0], change), found


@pytest.mark.parametrize(("norms", "size", "wrong"), [(200, 1, 0.1), (60, 3, 0.3)])
def test_a_drop_of_ten_points_is_found_as_often_as_promised(norms, size, wrong):
    promised, found = promised_and_found(settled, norms, size, wrong, 0.1)
    assert 0.3 < promised < 0.95
    assert found == pytest.approx(promised, abs=0.03)


def test_where_no_norm_is_wholly_settled_more_is_found():
    promised, found = promised_and_found(graded, 40, 4, 0.1, 0.15)
    assert found > promised


def test_the_least_change_is_noticed_and_a_point_less_is_not():
    row = Planned("Silent-R", {}, (2,) * 60, 0.1)
    plan = Plan([row], ICC)
    least = plan.smallest(row)
    assert plan.power(row, least) >= POWER > plan.power(row, least - STEP)


def test_no_change_is_an_alarm_in_one_comparison_of_twenty_at_most():
    row = Planned("Silent-R", {}, (2,) * 60, 0.3)
    assert Plan([row], ICC).power(row, 0.0) <= ALPHA + 0.01


def test_more_norms_show_more_than_as_many_more_trials():
    def least(norms, size):
        row = Planned("Silent-R", {}, (size,) * norms, 0.1)
        return Plan([row], ICC, 400).smallest(row)

    assert least(48, 1) < least(24, 2) < least(24, 1)


def test_there_are_changes_that_nothing_notices():
    few = Planned("Silent-R", {}, (4,) * 5, 0.1)
    assert Plan([few], ICC).smallest(few) is None
    never = Planned("Silent-R", {}, (1,) * 50, 1.0)
    assert Plan([never], ICC).smallest(never) is None
    with pytest.raises(ValueError, match="cannot go wrong"):
        Plan([few], ICC).power(few, 0.95)


@pytest.mark.parametrize("over", [None, 0.2])
def test_shares_of_a_norm_have_the_change_for_their_mean(over):
    shares = of_norm(Planned("", {}, (), 0.1, over), 4, 0.15, 0.3)
    assert sum(shares.values()) == pytest.approx(1)
    assert sum(value * share for value, share in shares.items()) == pytest.approx(4 * 0.15)
