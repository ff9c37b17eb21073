"""A judge's figures are held to hand-computed and published values."""

from math import sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from comity.statistics.agreement import agreement, kappa
from comity.statistics.rates import Z, rate


def answered(*counts):
    """Return pairs of label and answer: yes found, missed, open; no found, missed, open."""
    kinds = [(True, True), (True, False), (True, None), (False, False), (False, True)]
    return [
        pair
        for pair, count in zip([*kinds, (False, None)], counts, strict=True)
        for _ in range(count)
    ]


def test_the_figures_are_those_of_a_hand():
    found = agreement(answered(40, 8, 2, 90, 5, 5))
    assert (found.n, found.positives, found.negatives) == (150, 50, 100)
    assert found.true_positives + found.false_negatives + found.open_positives == 50
    assert found.true_negatives + found.false_positives + found.open_negatives == 100
    assert found.sensitivity == rate(40, 48)
    assert found.specificity == rate(90, 95)
    assert found.sensitivity_open_wrong == rate(40, 50)
    assert found.specificity_open_wrong == rate(90, 100)
    assert found.open_among_positives == rate(2, 50)
    assert found.open_among_negatives == rate(5, 100)
    # 143 answered: 130 alike; by chance (48 · 45 + 95 · 98) / 143².
    chance = (48 * 45 + 95 * 98) / 143**2
    assert found.kappa.n == 143
    assert found.kappa.value == pytest.approx((130 / 143 - chance) / (1 - chance))


def test_nothing_labelled_has_no_figures():
    found = agreement([])
    assert found.n == 0
    assert found.sensitivity.value is found.specificity.value is found.kappa.value is None


def test_what_is_all_open_has_shares_of_open_alone():
    found = agreement([(True, None), (False, None)])
    assert found.sensitivity.value is found.specificity.value is found.kappa.value is None
    assert found.open_among_positives.value == found.open_among_negatives.value == 1.0
    assert found.sensitivity_open_wrong.value == 0.0


def test_labels_that_are_all_the_same_have_no_kappa():
    found = agreement(answered(6, 2, 1, 0, 0, 0))
    assert (found.kappa.n, found.kappa.value) == (8, None)


def test_kappa_is_the_published_one():
    # Fleiss, Statistical Methods for Rates and Proportions, ch. 18: two raters, 100 subjects.
    estimate = kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert estimate.value == pytest.approx(0.676, abs=5e-4)
    assert (estimate.high - estimate.value) / Z == pytest.approx(0.087, abs=1e-3)


def value_of(p):
    kinds = range(len(p))
    observed = sum(p[i][i] for i in kinds)
    chance = sum(sum(p[i]) * sum(p[j][i] for j in kinds) for i in kinds)
    return (observed - chance) / (1 - chance)


def error_by_differences(table):
    """Return kappa's standard error by the delta method, its slopes taken by small steps."""
    n = sum(map(sum, table))
    p = [[count / n for count in row] for row in table]
    step = 1e-6
    slopes = {}
    for i in range(len(p)):
        for j in range(len(p)):
            up, down = [list(row) for row in p], [list(row) for row in p]
            up[i][j] += step
            down[i][j] -= step
            # `value_of` is a function of all cells, so each may be moved by itself.
            slopes[i, j] = (value_of(up) - value_of(down)) / (2 * step)
    mean = sum(p[i][j] * slope for (i, j), slope in slopes.items())
    spread = sum(p[i][j] * slope**2 for (i, j), slope in slopes.items()) - mean**2
    return sqrt(max(0.0, spread) / n)


@given(st.lists(st.lists(st.integers(1, 60), min_size=2, max_size=2), min_size=2, max_size=2))
@settings(deadline=None, derandomize=True, database=None)
def test_its_interval_is_that_of_the_delta_method(table):
    estimate = kappa(table)
    assume(estimate.low is not None and estimate.low > -1 and estimate.high < 1)
    assert (estimate.high - estimate.value) / Z == pytest.approx(
        error_by_differences(table), rel=1e-3
    )


@pytest.mark.parametrize("table", [[[5, 0], [0, 7]], [[0, 5], [5, 0]]])
def test_where_the_formula_knows_no_doubt_kappa_has_no_interval(table):
    estimate = kappa(table)
    assert estimate.value in (1.0, -1.0)
    assert (estimate.low, estimate.high) == (None, None)


def test_where_all_is_one_answer_there_is_no_kappa():
    estimate = kappa([[12, 0], [0, 0]])
    assert (estimate.n, estimate.value) == (12, None)
