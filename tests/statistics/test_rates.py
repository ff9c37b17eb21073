"""Rates and intervals are held to published and hand-computed values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from comity.statistics.rates import (
    LEVEL,
    Stratum,
    exact,
    paired_difference,
    rate,
    standardized_difference,
)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        (0, 12, 0.0, 0.2425),  # the design's arithmetic: twelve clean cases
        (0, 73, 0.0, 0.0500),
        (3, 12, 0.0889, 0.5323),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (1, 29, 0.0061, 0.1718),  # Newcombe 1998, table I
    ],
)
def test_a_rate_has_wilsons_interval(count, n, low, high):
    estimate = rate(count, n)
    assert (estimate.n, estimate.value) == (n, count / n)
    assert estimate.low == pytest.approx(low, abs=1e-4)
    assert estimate.high == pytest.approx(high, abs=1e-4)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(deadline=None, derandomize=True, database=None)
def test_the_interval_is_scipys(counted):
    count, n = counted
    estimate = rate(count, n)
    wilson = binomtest(count, n).proportion_ci(LEVEL, method="wilson")
    assert estimate.low == pytest.approx(wilson.low, abs=1e-12)
    assert estimate.high == pytest.approx(wilson.high, abs=1e-12)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(deadline=None, derandomize=True, database=None)
def test_the_exact_interval_is_scipys(counted):
    count, n = counted
    estimate = exact(count, n)
    theirs = binomtest(count, n).proportion_ci(LEVEL, method="exact")
    assert estimate.low == pytest.approx(theirs.low, abs=1e-8)
    assert estimate.high == pytest.approx(theirs.high, abs=1e-8)


@pytest.mark.parametrize("n", [1, 8, 12, 24, 73])
def test_the_exact_interval_never_covers_less_than_it_says(n):
    found = [exact(count, n) for count in range(n + 1)]
    for truth in np.linspace(0.01, 0.99, 99):
        chances = binom.pmf(range(n + 1), n, truth)
        held = [one.low <= truth <= one.high for one in found]
        assert chances[held].sum() >= LEVEL - 1e-9


@pytest.mark.parametrize("interval", [rate, exact])
def test_an_effective_n_takes_the_place_of_the_number_in_all_but_the_rate(interval):
    half = interval(6, 24, 12)
    alone = interval(3, 12)
    assert (half.n, half.value) == (24, 0.25)
    assert (half.low, half.high) == pytest.approx((alone.low, alone.high))
    assert interval(0, 24, 12).high == interval(0, 12).high


def test_pairs_that_go_together_are_worth_less_cell_by_cell():
    cells = {(True, True): 12, (True, False): 8, (False, True): 4, (False, False): 16}
    pairs = [pair for pair, count in cells.items() for _ in range(count)]
    twice = paired_difference(pairs * 2, effective=40)
    once = paired_difference(pairs)
    assert (twice.n, twice.value) == (80, once.value)
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))


def test_nothing_counted_has_no_rate():
    for estimate in (rate(0, 0), exact(0, 0)):
        assert (estimate.n, estimate.value, estimate.low, estimate.high) == (0, None, None, None)


@pytest.mark.parametrize(
    ("cells", "value", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17:2635), table III, method 10.
        ((36, 12, 2, 0), 0.2, 0.0569, 0.3404),
        ((29, 0, 0, 1), 0.0, -0.0, 0.0),
    ],
)
def test_a_paired_difference_has_newcombes_interval(cells, value, low, high):
    both, only_a, only_b, neither = cells
    pairs = (
        [(True, True)] * both
        + [(True, False)] * only_a
        + [(False, True)] * only_b
        + [(False, False)] * neither
    )
    estimate = paired_difference(pairs)
    assert estimate.value == pytest.approx(value)
    if value:
        assert estimate.low == pytest.approx(low, abs=1e-4)
        assert estimate.high == pytest.approx(high, abs=1e-4)
    assert estimate.low <= estimate.value <= estimate.high


def test_a_difference_stays_between_its_bounds():
    estimate = paired_difference([(True, False)] * 12)
    assert estimate.value == 1.0
    assert estimate.high == 1.0
    assert -1.0 <= estimate.low < 1.0


def test_a_standardized_difference_of_one_stratum_is_newcombes_for_independent_rates():
    # Newcombe, Statistics in Medicine 17, 1998 (independent proportions), method 10, table II.
    found = standardized_difference([Stratum((56, 70), (48, 80))])
    assert found.n == 70
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_strata_weigh_as_in_the_first_group_so_that_its_make_up_is_no_difference():
    # In each stratum both groups are alike; pooled, 0.9 would stand against 0.5.
    alike = [Stratum((90, 90), (10, 10)), Stratum((0, 10), (0, 10))]
    assert standardized_difference(alike).value == 0
    differing = [Stratum((10, 10), (5, 10)), Stratum((0, 30), (0, 1))]
    assert standardized_difference(differing).value == pytest.approx(0.25 * 0.5)


def test_a_stratum_that_one_group_has_nobody_in_compares_nothing():
    found = standardized_difference([Stratum((9, 9), (0, 0)), Stratum((4, 4), (2, 4))])
    assert (found.n, found.value) == (4, 0.5)
    assert standardized_difference([Stratum((1, 1), (0, 0))]) == rate(0, 0)
