"""How far a sum goes by chance is held to all signs there are, one by one."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.statistics.flips import MANY, Flips, ManyFlips
from comity.statistics.paired import mcnemar

LEVELS = (0.001, 0.01, 0.05, 0.2, 0.6)


def signed(parts):
    """The sums of the parts under all signs."""
    return [
        sum(s * p for s, p in zip(signs, parts, strict=True))
        for signs in product((1, -1), repeat=len(parts))
    ]


@given(st.lists(st.integers(-5, 5), max_size=8), st.sampled_from((1, 4)))
@settings(deadline=None, derandomize=True, database=None)
def test_a_chance_is_the_share_of_all_signs_that_go_as_far(parts, unit):
    parts = [unit * part for part in parts]
    sums = [abs(found) for found in signed(parts)]
    chances = {found: sum(one >= found for one in sums) / len(sums) for found in sums}
    flips = Flips(parts)
    for found, chance in chances.items():
        assert flips.chance(found) == flips.chance(-found) == pytest.approx(chance)
    for level in LEVELS:
        beyond = [found for found, chance in chances.items() if chance > level]
        assert flips.beyond(level) == max(beyond)
        alarms = sum(chances[found] <= level for found in sums) / len(sums)
        assert flips.alarms(level) == pytest.approx(alarms)


def test_of_norms_with_one_case_it_is_mcnemars_exact_test():
    for gained, lost in ((8, 0), (7, 1), (16, 6), (40, 20), (3, 3), (0, 0)):
        flips = Flips([1] * gained + [-1] * lost + [0] * 5)
        assert flips.chance(gained - lost) == pytest.approx(mcnemar(gained, lost))


def test_repeats_of_a_norm_add_nothing():
    once, often = Flips([1] * 7 + [-1]), Flips([4] * 7 + [-4])
    assert often.p(24) == once.p(6) == once.chance(6)


def test_a_sum_that_one_part_makes_up_is_no_evidence():
    flips = Flips([40, 1, 1, 1, 1, 1])
    assert flips.chance(45) == pytest.approx(2 / 64)
    assert flips.p(45) > 0.2


def test_many_norms_with_many_cases_are_reckoned_exactly():
    flips = Flips([10] * 300 + [3] * 200)
    assert flips.chance(0) == 1
    assert 0 < flips.chance(3_600) < 1e-100
    assert flips.alarms(0.05) == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize("sizes", [(1,), (1, 2, 3, 4)])
def test_of_many_norms_the_normal_law_says_the_same(sizes):
    parts = [size * (-1) ** number for number in range(MANY) for size in sizes]
    few, many = Flips(parts), ManyFlips(parts)
    for total in range(sum(map(abs, parts)) % 2, 60, 2):
        assert many.p(total) == pytest.approx(few.p(total), abs=0.001)
    assert many.alarms(0.03) == 0.03
