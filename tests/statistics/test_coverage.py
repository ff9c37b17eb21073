"""What the intervals promise, held by simulation: how often they hold the truth, cell by cell."""

import itertools

import numpy as np
import pytest

from comity.statistics.correction import interval, powered
from comity.statistics.rates import rate

pytestmark = pytest.mark.long

RUNS = 1_000
# The bounds are those of the issue; the simulation's own doubt in a cell is 0.7 %.
LEAST, MEAN = 0.92, (0.94, 0.98)

PREVALENCES = (0.0, 0.02, 0.1, 0.3, 0.5, 0.8, 1.0)
SENSITIVITIES = (0.7, 0.85, 0.95, 1.0)
SPECIFICITIES = (0.8, 0.9, 0.95, 0.99, 1.0)


def held(found, truth):
    """Return the share of intervals, given once each with how often it came, that hold `truth`."""
    return sum(times for (low, high), times in found if low <= truth <= high) / RUNS


def each(reckon, *drawn):
    """Yield the interval of every different draw, and how often it came."""
    kinds, times = np.unique(np.column_stack(drawn), axis=0, return_counts=True)
    for kind, count in zip(kinds.tolist(), times.tolist(), strict=True):
        yield reckon(*kind), count


@pytest.fixture(scope="module")
def coverage():
    """How often the corrected and the raw interval hold the truth, by cell."""
    draw = np.random.default_rng(1)
    grid = itertools.product(
        PREVALENCES,
        SENSITIVITIES,
        SPECIFICITIES,
        [(50, 50), (100, 150), (400, 400)],
        [24, 100, 400],
    )
    found = {}
    for truth, se, sp, (positives, negatives), n in grid:
        counts = draw.binomial(n, truth * se + (1 - truth) * (1 - sp), RUNS)
        judge = draw.binomial(positives, se, RUNS), draw.binomial(negatives, sp, RUNS)

        def mend(count, yes, no, n=n, positives=positives, negatives=negatives):
            return interval(count, n, yes, positives, no, negatives)[1:]

        def raw(count, n=n):
            estimate = rate(count, n)
            return estimate.low, estimate.high

        found[truth, se, sp, positives, n] = (
            held(each(mend, counts, *judge), truth),
            held(each(raw, counts), truth),
        )
    return found


def test_the_corrected_interval_holds_the_truth_in_every_cell(coverage):
    short = {cell: mended for cell, (mended, _) in coverage.items() if mended < LEAST}
    assert short == {}


def test_the_corrected_interval_holds_the_truth_as_often_as_it_says(coverage):
    low, high = MEAN
    assert low <= np.mean([mended for mended, _ in coverage.values()]) <= high


def test_the_raw_interval_misses_where_the_judge_errs(coverage):
    erring = [raw for (_, se, sp, _, _), (_, raw) in coverage.items() if se <= 0.85 and sp <= 0.95]
    assert np.mean(erring) < 0.5
    assert np.mean([raw < LEAST for raw in erring]) > 0.75


def test_two_true_violations_in_a_hundred_are_read_as_seven_and_mended(coverage):
    # The example: a specificity of 0.95, and enough cases for it to show.
    mended, raw = coverage[0.02, 1.0, 0.95, 400, 400]
    assert raw < 0.05
    assert mended > LEAST


@pytest.fixture(scope="module")
def powered_coverage():
    """How often the prediction-powered interval holds the truth, and its width, by cell."""
    draw = np.random.default_rng(2)
    grid = itertools.product(
        PREVALENCES, SENSITIVITIES, SPECIFICITIES[:-1], [10, 20, 50], [24, 400]
    )
    found = {}
    for truth, se, sp, labelled, cases in grid:
        if labelled >= cases:
            continue
        kinds = [truth * se, (1 - truth) * (1 - sp), truth * (1 - se), (1 - truth) * sp]
        cells = draw.multinomial(labelled, kinds, RUNS)
        rest = cases - labelled
        rest_yes = draw.binomial(rest, min(1.0, kinds[0] + kinds[1]), RUNS)

        def reckon(*counts, rest=rest):
            return powered(counts[:4], counts[4], rest)[1:]

        intervals = list(each(reckon, cells, rest_yes))
        width = sum((high - low) * times for (low, high), times in intervals) / RUNS
        found[truth, se, sp, labelled, cases] = held(intervals, truth), width
    return found


def test_the_prediction_powered_interval_holds_the_truth_in_every_cell(powered_coverage):
    short = {cell: share for cell, (share, _) in powered_coverage.items() if share < LEAST}
    assert short == {}
    assert np.mean([share for share, _ in powered_coverage.values()]) > MEAN[0]


def test_a_good_judge_makes_few_labels_go_further(powered_coverage):
    # Fifty labels by themselves have an interval of 0.27 at a half.
    _, width = powered_coverage[0.5, 0.95, 0.95, 50, 400]
    _, idle = powered_coverage[0.5, 0.7, 0.8, 50, 400]
    assert width < 0.2 < idle < 0.28
