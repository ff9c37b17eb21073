"""Changes by norm: the test and the interval agree, and hold what they say by simulation."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from comity.statistics.changes import ALPHA, Paired
from comity.statistics.paired import tango
from comity.statistics.rates import Z

PAIRS = 500
# Three standard errors of a share of 0.95 over so many.
SLACK = 0.03


def paired(norms, most=1):
    return Paired(dict(enumerate(norms)), most)


@pytest.mark.parametrize("counts", [(9, 3, 32), (14, 0, 50), (0, 0, 50), (40, 20, 160)])
def test_norms_of_one_case_have_tangos_interval(counts):
    gained, lost, n = counts
    row = paired([[1]] * gained + [[-1]] * lost + [[0]] * (n - gained - lost))
    furthest = row.flips.beyond(ALPHA) / sqrt(gained + lost) if gained else 0.0
    assert row.difference == tango(gained, lost, n, quantile=max(Z, furthest))


def test_cases_that_say_the_same_are_worth_one():
    once, often = ([[1] * k] * 9 + [[-1] * k] * 3 + [[0] * k] * 20 for k in (1, 4))
    one, four = paired(once).difference, paired(often).difference
    assert (four.value, four.n) == (one.value, 4 * one.n)
    assert (four.low, four.high) == pytest.approx((one.low, one.high))


def test_cases_that_do_not_hang_together_are_worth_their_number():
    apart = paired([[1, 0, 0, 0], [0, -1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]] * 10).difference
    alone = tango(30, 10, 160)
    assert apart.high - apart.low == pytest.approx(alone.high - alone.low, rel=0.1)


def test_nothing_is_known_of_nothing_and_little_of_little():
    assert paired([]).difference.value is None
    one = paired([[1]])
    assert (one.p, one.difference.high) == (1.0, 1.0)
    assert one.difference.low < 0
    reversed_ = paired([[2]] * 9, most=2)
    assert reversed_.difference.high == 2
    assert reversed_.p == pytest.approx(2 / 2**9)


@given(
    st.lists(st.lists(st.integers(-2, 2), min_size=1, max_size=5), min_size=1, max_size=14),
    st.sampled_from((1, 2)),
)
@settings(deadline=None, derandomize=True, database=None)
def test_p_and_interval_never_contradict_each_other(norms, most):
    row = paired([[max(-most, min(most, d)) for d in norm] for norm in norms], most)
    found = row.difference
    assert -most <= found.low <= found.value <= found.high <= most
    assert (found.low <= 1e-9 and found.high >= -1e-9) is (row.p > ALPHA)
    mirrored = paired([[-d for d in norm] for norm in row.by_norm.values()], most).difference
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-8)


def drawn(draw, norms, size, icc, *rates):
    """Cases of runs whose norms have beta-distributed rates, in the same order in each."""
    rank, strength = draw.random((PAIRS, norms)), 1 / icc - 1
    for rate in rates:
        of_norm = beta.ppf(rank, rate * strength, (1 - rate) * strength)
        yield (draw.random((PAIRS, norms, size)) < of_norm[:, :, None]).astype(int)


@pytest.mark.parametrize(("norms", "size"), [(12, 4), (40, 2)])
@pytest.mark.parametrize("icc", [0.1, 0.6])
@pytest.mark.parametrize(("base", "new"), [(0.05, 0.05), (0.3, 0.3), (0.9, 0.6)])
def test_the_interval_covers_and_the_test_holds_its_level(norms, size, icc, base, new):
    first, second = drawn(np.random.default_rng(5), norms, size, icc, base, new)
    rows = [paired(of) for of in (second - first).tolist()]
    limits = np.array([(row.difference.low, row.difference.high) for row in rows])
    covered = np.mean((limits[:, 0] <= new - base + 1e-9) & (new - base - 1e-9 <= limits[:, 1]))
    assert covered >= 0.95 - SLACK
    if base == new:
        assert np.mean([row.p <= ALPHA for row in rows]) <= ALPHA + SLACK


@pytest.mark.parametrize(("aware", "over"), [((0.9, 0.9), (0.1, 0.1)), ((0.9, 0.6), (0.1, 0.3))])
def test_so_does_that_of_discernment(aware, over):
    draw = np.random.default_rng(6)
    first, second = drawn(draw, 24, 2, 0.4, *aware)
    warned, warned_again = drawn(draw, 24, 2, 0.4, *over)
    truth = (aware[1] - over[1]) - (aware[0] - over[0])
    rows = [paired(of, 2) for of in ((second - warned_again) - (first - warned)).tolist()]
    covered = np.mean(
        [r.difference.low <= truth + 1e-9 and truth <= r.difference.high + 1e-9 for r in rows]
    )
    assert covered >= 0.95 - SLACK
    if truth == 0:
        assert np.mean([row.p <= ALPHA for row in rows]) <= ALPHA + SLACK
