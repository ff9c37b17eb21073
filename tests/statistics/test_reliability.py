"""Agreement among raters is held to published values, and to what can go wrong with ratings."""

import pytest

from comity.statistics.rates import Estimate
from comity.statistics.reliability import LEAST_UNITS, alpha


def rated(text):
    """Return a rater's ratings: a letter a unit, a dot where there is none."""
    return [None if letter == "." else letter for letter in text]


# Hayes and Krippendorff's four observers of twelve units (Krippendorff, Computing Krippendorff's
# Alpha-Reliability, 2011, part C): 0.743 for names.
FOUR = [rated(text) for text in ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")]


def test_alpha_is_the_published_one():
    found = alpha(FOUR)
    assert found.n == 11
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert 0 < found.low < found.value < found.high <= 1


def test_alpha_is_that_of_a_hand():
    # Two raters, twelve units, yes and no. 24 ratings, 10 of them yes; 2 units disagree, which is
    # 4 of 24 in the coincidences; by chance 2 · 10 · 14 / 23 of 24.
    one = [True] * 4 + [False] * 6 + [True, False]
    two = [True] * 4 + [False] * 6 + [False, True]
    found = alpha([one, two])
    assert (found.n, found.value) == (12, pytest.approx(1 - 4 / (2 * 10 * 14 / 23)))


def test_a_unit_rated_once_does_not_count():
    one, two = rated("yynnyynnyynn"), rated("yynnyynnyyny")
    alone = alpha([[*one, "n", None], [*two, None, "y"]])
    assert alone == alpha([one, two])


@pytest.mark.parametrize(
    ("ratings", "n"),
    [
        ([], 0),
        ([[], []], 0),
        ([rated("yyn")], 0),
        ([rated("y.n"), rated(".y.")], 0),
        ([rated("yyy"), rated("yyy")], 3),
        ([rated("yyyn"), rated("yyy.")], 3),  # another value, but where nobody can agree with it
    ],
)
def test_where_there_is_nothing_to_compare_there_is_no_alpha(ratings, n):
    assert alpha(ratings) == Estimate(n)


def test_perfect_agreement_has_no_interval():
    ratings = rated("yn" * LEAST_UNITS)
    assert alpha([ratings, ratings]) == Estimate(2 * LEAST_UNITS, 1.0)


def test_few_units_have_no_interval():
    found = alpha([rated("yynn"), rated("ynnn")])
    assert found.value is not None
    assert (found.low, found.high) == (None, None)


def test_names_and_truths_are_different_answers():
    one = [True, False, "wrong"] * 4
    two = [True, False, True] * 4
    assert 0 < alpha([one, two]).value < 1


def test_a_second_reckoning_has_the_same_interval():
    assert alpha(FOUR) == alpha(FOUR)


def test_raters_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="argument"):
        alpha([rated("yn"), rated("y")])
