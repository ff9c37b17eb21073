"""Corrected rates are held to hand-computed values, and to what must be so whatever the counts."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.statistics.agreement import agreement
from comity.statistics.correction import (
    LEAST_YOUDEN,
    Measured,
    corrected,
    corrected_difference,
    discriminates,
    interval,
    powered,
    prediction_powered,
    youden,
)
from comity.statistics.rates import Estimate, Z, rate


def judge(found, missed, spared, alarmed, open_yes=0, open_no=0):
    """Return a judge that answered so many positives and negatives rightly, wrongly, or not."""
    return agreement(
        [(True, True)] * found
        + [(True, False)] * missed
        + [(True, None)] * open_yes
        + [(False, False)] * spared
        + [(False, True)] * alarmed
        + [(False, None)] * open_no
    )


def test_what_a_judge_reads_wrongly_is_taken_back():
    # se 0.9, sp 0.95: a true 0.2 is read as 0.18 + 0.04 = 0.22.
    found = corrected(22, 100, judge(90, 10, 190, 10))
    assert (found.n, found.value) == (100, pytest.approx(0.2))
    assert found.low < 0.2 < found.high
    raw = rate(22, 100)
    assert found.high - found.low > raw.high - raw.low


def test_the_limits_are_those_of_a_hand():
    z = Z**2
    p, se, sp = (22 + z / 2) / (100 + z), 91 / 102, 191 / 202
    theta = (p + sp - 1) / (se + sp - 1)
    yes, no = se * (1 - se) / 102, sp * (1 - sp) / 202
    shift = 2 * z * (theta * yes - (1 - theta) * no)
    error = sqrt(p * (1 - p) / (100 + z) + theta**2 * yes + (1 - theta) ** 2 * no) / (se + sp - 1)
    found = corrected(22, 100, judge(90, 10, 190, 10))
    assert found.low == pytest.approx(theta + shift - Z * error)
    assert found.high == pytest.approx(theta + shift + Z * error)


def test_fewer_yes_than_false_alarms_are_none():
    found = corrected(2, 100, judge(90, 10, 190, 10))
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0 < found.high < 0.1


def test_a_judge_that_is_better_known_leaves_less_doubt():
    known = corrected(30, 100, judge(900, 100, 950, 50))
    guessed = corrected(30, 100, judge(9, 1, 19, 1))
    assert known.value == pytest.approx(guessed.value)
    assert guessed.low < known.low < known.high < guessed.high


def test_what_was_left_open_does_not_count():
    assert corrected(30, 100, judge(9, 1, 19, 1, 5, 7)) == corrected(30, 100, judge(9, 1, 19, 1))


@pytest.mark.parametrize(
    "unfit",
    [
        judge(5, 5, 5, 5),  # guesses
        judge(2, 8, 3, 7),  # says the contrary
        judge(10, 0, 0, 0),  # nothing is known of what it does with no
        judge(0, 0, 10, 0),
        judge(0, 0, 0, 0, 5, 5),  # leaves all open
    ],
)
def test_a_judge_whose_yes_says_nothing_corrects_nothing(unfit):
    assert corrected(3, 10, unfit) == Estimate(10)
    assert not discriminates(unfit)


def test_nothing_counted_has_no_rate():
    assert corrected(0, 0, judge(90, 10, 190, 10)) == Estimate(0)


counted = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counted, counted, counted)
@settings(deadline=None, derandomize=True, database=None, max_examples=500)
def test_limits_are_rates_about_their_value(run, yes, no):
    (count, n), (found, positives), (spared, negatives) = run, yes, no
    if found / positives + spared / negatives <= 1:
        return
    value, low, high = interval(count, n, found, positives, spared, negatives)
    assert 0 <= low <= value <= high <= 1
    assert low < high


def test_a_judge_discriminates_where_its_lower_bound_does():
    good = judge(90, 10, 190, 10)
    yes, no = good.sensitivity, good.specificity
    found = youden(good)
    assert found.value == pytest.approx(0.85)
    assert found.low == pytest.approx(
        0.85 - sqrt((yes.value - yes.low) ** 2 + (no.value - no.low) ** 2)
    )
    assert discriminates(good)
    # As good by its figures, but of few labels, or not good.
    assert not discriminates(judge(2, 1, 3, 1))
    assert not discriminates(judge(30, 70, 190, 10))
    assert LEAST_YOUDEN == 0.2


def test_a_difference_is_that_of_the_corrected():
    fair = judge(90, 10, 190, 10)
    found = corrected_difference(Measured(73, 100, fair), Measured(22, 100, fair))
    one, two = corrected(73, 100, fair), corrected(22, 100, fair)
    assert found.value == pytest.approx(0.6)
    assert found.low == pytest.approx(0.6 - sqrt((0.8 - one.low) ** 2 + (two.high - 0.2) ** 2))
    assert found.high == pytest.approx(0.6 + sqrt((one.high - 0.8) ** 2 + (0.2 - two.low) ** 2))
    assert corrected_difference(
        Measured(73, 100, fair), Measured(22, 100, judge(5, 5, 5, 5))
    ) == Estimate(100)


def test_the_difference_of_one_who_always_warns_is_within_its_bounds():
    fair = judge(90, 10, 190, 10)
    found = corrected_difference(Measured(24, 24, fair), Measured(0, 24, fair))
    assert found.value == found.high == 1.0
    assert -1 <= found.low < 1


@pytest.mark.parametrize(("aware", "over"), [(0.5, 0.1), (0.9, 0.02), (0.05, 0.05), (1.0, 0.9)])
@pytest.mark.parametrize("together", [False, True])
def test_the_interval_of_a_difference_holds_the_truth(aware, over, together):
    runs, n, se, sp = 400, 48, 0.85, 0.95
    draw = np.random.default_rng(3)
    held = 0
    for _ in range(runs):
        warned = draw.random(n)
        pressed = warned if together else draw.random(n)
        counts = [
            int((draw.random(n) < np.where(truth, se, 1 - sp)).sum())
            for truth in (warned < aware, pressed < over)
        ]
        judges = [
            judge(yes, 100 - yes, no, 150 - no)
            for yes, no in zip(draw.binomial(100, se, 2), draw.binomial(150, sp, 2), strict=True)
        ]
        found = corrected_difference(
            *(Measured(count, n, one) for count, one in zip(counts, judges, strict=True))
        )
        held += found.low <= aware - over <= found.high
    assert held / runs >= 0.92


def test_labels_alone_decide_where_all_are_labelled():
    pairs = [(True, True)] * 6 + [(False, True)] * 2 + [(True, False)] * 4 + [(False, False)] * 12
    found = prediction_powered([guess for guess, _ in pairs], pairs)
    assert (found.n, found.value) == (24, pytest.approx(8 / 24))
    # Agresti and Coull's own interval of 8 in 24.
    size = 24 + Z**2
    centre = (8 + Z**2 / 2) / size
    half = Z * sqrt(centre * (1 - centre) / size)
    assert (found.low, found.high) == (pytest.approx(centre - half), pytest.approx(centre + half))


def test_what_the_judge_finds_elsewhere_moves_the_labels():
    pairs = [(True, True)] * 10 + [(False, False)] * 30
    more = prediction_powered([True] * 200 + [False] * 200, pairs)
    alone = prediction_powered([guess for guess, _ in pairs], pairs)
    assert alone.value == 0.25 < more.value < 0.5
    assert more.high - more.low < alone.high - alone.low


def test_a_judge_that_says_nothing_is_not_listened_to():
    pairs = [(True, True), (True, False), (False, True), (False, False)] * 5
    found = prediction_powered([True] * 200 + [False] * 20, pairs)
    assert found.value == pytest.approx(0.5)


def test_a_judge_that_says_the_contrary_is_not_listened_to():
    pairs = [(True, False)] * 10 + [(False, True)] * 10
    assert prediction_powered([True] * 200 + [False] * 20, pairs).value == 0.5


def test_few_labels_that_all_agree_do_not_make_a_judge_faultless():
    few = [(True, True)] * 2 + [(False, False)] * 6
    low, high = powered([2, 0, 0, 6], 98, 392)[1:]
    sure = rate(100, 400)
    assert high - low > 3 * (sure.high - sure.low)
    assert prediction_powered([True] * 100 + [False] * 300, few).low == low


def test_no_labels_have_no_rate():
    assert prediction_powered([True, False], []) == Estimate(0)


@pytest.mark.parametrize(
    ("predictions", "labelled"),
    [
        ([], [(True, True)]),
        ([True], [(True, True), (False, True)]),
        ([False, False], [(True, True)]),
        ([True, True], [(False, True)]),
    ],
)
def test_labels_of_other_cases_are_refused(predictions, labelled):
    with pytest.raises(ValueError, match="not among those predicted"):
        prediction_powered(predictions, labelled)
