"""Charges: Student's t by scipy, and where it has no answer; what chance alone is charged with."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from comity.statistics.families import holm
from comity.statistics.resampling import LEAST_QUESTIONS
from comity.statistics.sensitivity import LEVEL, Charge, Trial, beyond_chance, charge

NOTHING = Trial(broken=0.0, noise=0.0)
BROKEN = Trial(broken=1.0, noise=0.0)

SCENARIOS = 12
RELATIONS = 19


def of(*groups: list[Trial]) -> dict[str, list[Trial]]:
    return {f"xx.s{number}": group for number, group in enumerate(groups)}


def charged(**trials: dict[str, list[Trial]]) -> dict[str, Charge]:
    return charge(trials)


@pytest.mark.parametrize("n", [2, 3, 6, 12, 40])
@pytest.mark.parametrize("shift", [0.01, 0.1, 0.4])
def test_p_is_scipys_one_sided_t_but_for_its_floor(n: int, shift: float) -> None:
    draw = np.random.default_rng(n)
    for _ in range(20):
        values = draw.normal(shift, 0.3, n)
        theirs = ttest_1samp(values, 0.0, alternative="greater").pvalue
        ours = beyond_chance(values.tolist())
        if values.mean() > 0:
            assert ours == pytest.approx(max(theirs, 2.0**-n), rel=1e-9, abs=1e-12)
        else:
            assert ours == 1.0


def test_what_always_goes_one_way_is_as_rare_as_so_many_coins() -> None:
    for n in (2, 5, 12):
        assert beyond_chance([1.0] * n) == 2.0**-n
        assert beyond_chance([1.0 - 1e-12 * i for i in range(n)]) == 2.0**-n
    # Four scenarios are too few for anything: 2^-4 is above the level.
    assert beyond_chance([1.0] * 4) > LEVEL > beyond_chance([1.0] * 5)


def test_one_scenario_and_what_does_not_rise_are_no_charge() -> None:
    assert beyond_chance([1.0]) == 1.0
    assert beyond_chance([0.0] * 8) == 1.0
    assert beyond_chance([-0.5, 0.5, 0.0]) == 1.0
    assert beyond_chance([-1.0] * 8) == 1.0


def test_the_ps_of_a_family_are_adjusted_together() -> None:
    flawed = of(*[[BROKEN]] * 9, [NOTHING], [NOTHING], [NOTHING])
    sound = of(*[[NOTHING]] * 12)
    alone = charged(casing=flawed)["casing"].p
    among = charged(casing=flawed, **{f"r{number}": sound for number in range(9)})
    assert alone is not None
    assert among["casing"].p == pytest.approx(10 * alone)
    assert among["r1"].p == 1.0
    ps = [0.01, 0.02, 0.5]
    assert holm(ps) == pytest.approx([0.03, 0.04, 0.5])


def test_relations_without_a_judged_example_are_no_part_of_the_family() -> None:
    flawed = of(*[[BROKEN]] * 9, [NOTHING])
    alone = charged(casing=flawed)["casing"]
    beside = charged(casing=flawed, typos={}, place=of([], []))
    assert beside["casing"] == alone
    for nothing in (beside["typos"], beside["place"]):
        assert nothing == Charge(
            n=0,
            scenarios=0,
            broken=None,
            noise=None,
            worst=None,
            difference=None,
            low=None,
            high=None,
            p=None,
        )
        assert not nothing.charged


def test_no_relations_have_no_charges() -> None:
    assert charge({}) == {}


def test_a_scenario_counts_once_however_many_examples_it_has() -> None:
    few = charged(casing=of([BROKEN], [NOTHING], *[[NOTHING]] * 6))["casing"]
    many = charged(casing=of([BROKEN] * 30, [NOTHING], *[[NOTHING]] * 6))["casing"]
    assert (few.n, many.n) == (8, 37)
    assert few.scenarios == many.scenarios == 8
    assert (few.broken, few.difference, few.p) == (many.broken, many.difference, many.p)


def test_what_chance_breaks_is_taken_off() -> None:
    fickle = charged(casing=of(*[[Trial(broken=0.5, noise=0.5)]] * 12))["casing"]
    assert (fickle.broken, fickle.noise, fickle.difference) == (0.5, 0.5, 0.0)
    assert fickle.worst == 0.0
    assert not fickle.charged


def test_the_worst_case_is_any_example_and_the_average_is_all() -> None:
    found = charged(casing=of(*[[BROKEN, NOTHING, NOTHING, NOTHING]] * 8))["casing"]
    assert found.broken == pytest.approx(0.25)
    assert found.worst == 1.0


def test_the_interval_lies_about_the_difference_and_is_left_out_of_few() -> None:
    groups = [[BROKEN]] * 5 + [[NOTHING]] * 7
    found = charged(casing=of(*groups))["casing"]
    assert found.low is not None
    assert found.high is not None
    assert found.difference is not None
    assert 0 < found.low < found.difference < found.high < 1
    few = charged(casing=of(*groups[: LEAST_QUESTIONS - 1]))["casing"]
    assert (few.low, few.high, few.difference) == (None, None, 1.0)
    assert few.charged  # five of five, by the floor


def family(
    draw: np.random.Generator, chance: float, flaw: float = 0.0, examples: int = 2
) -> list[float]:
    """Return the adjusted ps of relations that share their bases, of an agent that flips by chance.

    The last relation flips the verdict in a share `flaw` of scenarios besides.
    """
    bases = draw.random((SCENARIOS, 2)) < chance
    noise = bases[:, 0] != bases[:, 1]
    changed = draw.random((RELATIONS, SCENARIOS, examples)) < chance
    changed[-1] ^= (draw.random(SCENARIOS) < flaw)[:, None]
    broken = (changed[..., None] != bases[None, :, None, :]).mean(axis=(2, 3))
    return holm([beyond_chance(row) for row in (broken - noise).tolist()])


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5])
def test_an_agent_that_flips_by_chance_is_hardly_ever_charged_with_anything(chance: float) -> None:
    draw = np.random.default_rng(11)
    runs = 200
    wrong = sum(min(family(draw, chance)) <= LEVEL for _ in range(runs))
    # The level, and three deviations of the simulation.
    assert wrong / runs <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / runs) ** 0.5


@pytest.mark.parametrize(("chance", "flaw", "least"), [(0.0, 0.8, 0.95), (0.05, 1.0, 0.9)])
def test_a_flaw_is_charged_and_charged_to_its_cause(
    chance: float, flaw: float, least: float
) -> None:
    draw = np.random.default_rng(12)
    runs = 100
    found = [family(draw, chance, flaw) for _ in range(runs)]
    assert sum(ps[-1] <= LEVEL for ps in found) / runs >= least
    assert sum(min(ps[:-1]) <= LEVEL for ps in found) / runs <= 0.1
