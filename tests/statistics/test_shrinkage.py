"""Rates of small cultures, drawn inwards: they err less, and hold the truth as they say."""

import numpy as np
import pytest

from comity.statistics.metrics import Metric
from comity.statistics.shrinkage import LEAST_CULTURES, drawn_inwards, shrunken

SIZES = (1, 1, 2, 2, 2, 3, 3, 4, 4, 6, 6, 8)
RUNS = 50
WORLDS = {
    # How cultures' true rates are drawn: all alike, somewhat unlike, widely unlike, near nought.
    "alike": lambda draw: np.full(len(SIZES), 0.3),
    "somewhat": lambda draw: draw.beta(6, 4, len(SIZES)),
    "widely": lambda draw: draw.beta(0.7, 0.7, len(SIZES)),
    "seldom": lambda draw: draw.beta(0.3, 5, len(SIZES)),
}


@pytest.fixture(scope="module")
def worlds():
    """By world: how often the truth is held, and the squared errors, drawn inwards and raw."""
    draw = np.random.default_rng(9)
    found = {}
    for name, rates in WORLDS.items():
        held, errors = [], []
        for _ in range(RUNS):
            truths = rates(draw)
            counts = draw.binomial(SIZES, truths)
            for truth, count, size, (value, low, high) in zip(
                truths, counts, SIZES, drawn_inwards(counts.tolist(), SIZES), strict=True
            ):
                held.append(low <= truth <= high)
                errors.append(((value - truth) ** 2, (count / size - truth) ** 2))
        found[name] = np.mean(held), *np.mean(errors, axis=0)
    return found


@pytest.mark.parametrize("world", WORLDS)
def test_limits_hold_the_truth_on_average_over_cultures(worlds, world):
    held, *_ = worlds[world]
    # Cultures are 600 a world, so that the simulation's own doubt is 0.9 %.
    assert held >= 0.92


@pytest.mark.parametrize("world", WORLDS)
def test_what_is_drawn_inwards_errs_less_than_the_raw_rate(worlds, world):
    _, inwards, raw = worlds[world]
    assert inwards < raw * (0.5 if world == "alike" else 0.95)


def test_small_cultures_are_drawn_further_and_the_mean_is_what_all_show():
    counts, sizes = [0, 0, 20, 18, 19], [1, 20, 20, 20, 20]
    (small, *_), (large, *_), *_ = drawn_inwards(counts, sizes)
    assert small > 0.2 > 0.1 > large
    clean = drawn_inwards([0] * 6, [2] * 6)
    assert all(low <= value <= high < 0.5 for value, low, high in clean)


def row(culture, count, n, name="AC-R", **keys):
    slice_ = {"agent": "a.py:a", "suite": "shopping", "culture": culture, **keys}
    return Metric(
        metric=name,
        slice=slice_,
        n=n,
        value=count / n if n else None,
        low=None,
        high=None,
        counts=(count,),
        effective_n=float(n),
        effective=(float(n),),
    )


def test_each_metric_of_each_agent_and_mode_is_drawn_to_its_own():
    cultures = ("cn", "jp", "th")
    rows = [
        *(row(culture, 2, 2) for culture in cultures),
        *(row(culture, 0, 2, "Silent-R", mode="violate") for culture in cultures),
        *(row(culture, 2, 2, "Silent-R", mode="observe") for culture in cultures),
        row("cn", 1, 2, "discernment"),
        row("no", 0, 0),
    ]
    found = shrunken(rows)
    assert [(one.metric, one.n) for one in found] == [
        *[("AC-R", 2)] * 3,
        *[("Silent-R", 2)] * 6,
    ]
    assert all(one.value > 0.8 for one in found[:3])
    assert all(one.value < 0.2 for one in found[3:6])
    assert all(one.value > 0.8 for one in found[6:])


def test_of_too_few_cultures_nothing_is_learnt():
    rows = [row(culture, 1, 2) for culture in ("cn", "jp")]
    assert len(rows) < LEAST_CULTURES
    assert shrunken(rows) == []
