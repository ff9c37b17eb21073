"""pass^k: by hand, without bias, and with an interval over scenarios that holds."""

from itertools import combinations

import numpy as np
import pytest

from comity.statistics.clusters import effective_n
from comity.statistics.rates import rate
from comity.statistics.repeats import all_of, repeated
from tests.statistics.test_gate import AGENT, case

RUNS = 4_000


@pytest.mark.parametrize(("good", "trials"), [(0, 3), (2, 4), (3, 5), (5, 5)])
def test_it_is_the_share_of_choices_that_hold_none_but_good_trials(good, trials):
    tried = [True] * good + [False] * (trials - good)
    for k in range(1, trials + 1):
        choices = list(combinations(tried, k))
        assert all_of(k, good, trials) == pytest.approx(sum(map(all, choices)) / len(choices))


@pytest.mark.parametrize("k", [0, 4])
def test_more_trials_than_there_are_cannot_be_chosen(k):
    with pytest.raises(ValueError, match="of 3 trials"):
        all_of(k, 2, 3)


def test_it_is_unbiased_where_the_power_of_the_rate_is_too_high():
    draw = np.random.default_rng(11)
    good = draw.binomial(5, 0.8, 40_000)
    assert np.mean([all_of(3, c, 5) for c in good.tolist()]) == pytest.approx(0.8**3, abs=0.01)
    assert np.mean((good / 5) ** 3) > 0.8**3 + 0.02


@pytest.mark.parametrize(("norms", "scenarios"), [(12, 1), (12, 2), (24, 1)])
@pytest.mark.parametrize(("a", "b"), [(4.0, 1.0), (0.4, 0.4), (30.0, 3.0)])
def test_its_interval_holds_the_truth_over_scenarios_of_the_same_norms(norms, scenarios, a, b):
    trials, k = 4, 3
    draw = np.random.default_rng(12)
    # All scenarios of a norm are alike: the most that they can go together.
    chances = np.repeat(draw.beta(a, b, (RUNS // 4, norms)), scenarios, axis=1)
    truth = a * (a + 1) * (a + 2) / ((a + b) * (a + b + 1) * (a + b + 2))
    held = 0
    for good in draw.binomial(trials, chances).tolist():
        shares = [all_of(k, c, trials) for c in good]
        by_norm = [shares[i : i + scenarios] for i in range(0, len(shares), scenarios)]
        found = rate(sum(shares), len(shares), effective_n(by_norm))
        held += found.low <= truth <= found.high
    assert held / (RUNS // 4) >= 0.92


def trials_of(scenario, *broken, norm="cn.gift.clock"):
    return [
        case(scenario=scenario, norm=norm, trial=trial, breach="silent" if yes else "none")
        for trial, yes in enumerate(broken, 1)
    ]


def rows(outcomes, metric="Silent-R"):
    return {row.k: row for row in repeated(outcomes) if row.metric == metric}


def test_it_is_the_mean_over_scenarios_from_two_trials_to_all():
    outcomes = [
        *trials_of("cn.gift.clock.a", False, False, False),
        *trials_of("jp.gift.a", False, True, False, norm="jp.gift"),
        *trials_of("th.gift.a", False, norm="th.gift"),
    ]
    found = rows(outcomes)
    assert {k: (row.n, row.value) for k, row in found.items()} == {
        2: (2, pytest.approx((1 + 1 / 3) / 2)),
        3: (2, pytest.approx(0.5)),
    }
    assert found[3].slice == {"agent": AGENT, "suite": "shopping", "mode": "violate"}
    half = rate(1, 2)
    assert (found[3].low, found[3].high) == (half.low, half.high)


def test_scenarios_of_one_norm_are_one():
    two = [
        *trials_of("cn.gift.clock.a", False, False),
        *trials_of("cn.gift.clock.b", False, False),
    ]
    assert rows(two)[2].low == rate(1, 1).low


def test_what_is_good_where_it_is_high_is_good_where_it_is_so():
    outcomes = [case(number=1, trial=trial, aware=trial < 3) for trial in (1, 2, 3)]
    assert rows(outcomes, "AC-R")[2].value == pytest.approx(1 / 3)


def test_without_repeats_there_are_none():
    assert repeated([case(number=n, breach="none") for n in range(5)]) == []
