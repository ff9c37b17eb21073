"""What is left of edits that flip a verdict: the fewest, and the simplest, for few questions."""

from collections.abc import Callable

import pytest
from hypothesis.errors import NoSuchExample

from comity.variation import shrinking
from comity.variation.around import Surrounded
from comity.variation.pages import Shuffled
from comity.variation.relation import Edit
from comity.variation.surface import Mistyped, Recased, Repunctuated
from comity.variation.wordings import Phrases, Wordings
from tests.variation.conftest import drafted

CAPITALS = Recased(case="title")
SLIPS = Mistyped(words=(0, 1))
STARS = Repunctuated(ending="stars")
ORDER = Shuffled(seed=977)
FOUR: tuple[Edit, ...] = (STARS, CAPITALS, ORDER, SLIPS)


class Asked:
    """Whether edits flip a verdict, by a rule; it keeps what it was asked."""

    def __init__(self, rule: Callable[[tuple[Edit, ...]], bool]) -> None:
        self.rule = rule
        self.asked: list[tuple[Edit, ...]] = []

    def __call__(self, edits: tuple[Edit, ...]) -> bool:
        self.asked.append(edits)
        return self.rule(edits)

    @property
    def cost(self) -> int:
        """How many cases that takes, where the same is not run again."""
        return len(set(self.asked))


def test_the_parts_of_edits_are_all_choices_of_some_the_smallest_first() -> None:
    found = shrinking.parts(FOUR)
    assert len(set(found)) == len(found) == 15
    assert [len(part) for part in found] == [1] * 4 + [2] * 6 + [3] * 4 + [4]
    assert all(part == tuple(edit for edit in FOUR if edit in part) for part in found)
    assert shrinking.parts([]) == []


@pytest.mark.parametrize("cause", shrinking.parts(FOUR), ids=lambda cause: f"{len(cause)}")
def test_the_fewest_are_those_that_flip_by_themselves(cause: tuple[Edit, ...]) -> None:
    flips = Asked(lambda edits: set(cause) <= set(edits))
    assert shrinking.fewest([FOUR], flips) == cause
    # Nothing but parts of what failed, all of which were run beforehand.
    assert set(flips.asked) <= set(shrinking.parts(FOUR))


def test_of_several_failures_that_of_fewest_edits_is_left() -> None:
    flips = Asked(lambda edits: CAPITALS in edits or {STARS, SLIPS} <= set(edits))
    assert shrinking.fewest([(STARS, SLIPS), (ORDER, CAPITALS, SLIPS)], flips) == (CAPITALS,)


def test_either_of_two_causes_is_enough() -> None:
    found = shrinking.fewest([FOUR], lambda edits: CAPITALS in edits or SLIPS in edits)
    assert found in [(CAPITALS,), (SLIPS,)]
    assert found == shrinking.fewest([FOUR], lambda edits: CAPITALS in edits or SLIPS in edits)


def test_what_flips_no_more_has_no_fewest() -> None:
    flips = Asked(lambda _: False)
    with pytest.raises(NoSuchExample):
        shrinking.fewest([FOUR], flips)
    assert set(flips.asked) == set(shrinking.parts(FOUR))
    assert () not in flips.asked


def test_parameters_become_the_simplest_that_still_flip() -> None:
    flips = Asked(lambda edits: any(isinstance(edit, Recased) for edit in edits))
    assert shrinking.simplest(drafted(), (CAPITALS,), flips) == (Recased(case="upper"),)


def test_a_parameter_that_matters_stays() -> None:
    flips = Asked(lambda edits: CAPITALS in edits)
    assert shrinking.simplest(drafted(), (CAPITALS,), flips) == (CAPITALS,)


def test_each_edit_is_made_simpler_beside_the_others() -> None:
    def rule(edits: tuple[Edit, ...]) -> bool:
        return ORDER.relation in {edit.relation for edit in edits} and CAPITALS in edits

    flips = Asked(rule)
    found = shrinking.simplest(drafted(), (CAPITALS, ORDER), flips)
    assert found[0] == CAPITALS
    assert isinstance(found[1], Shuffled)
    assert found[1].seed < ORDER.seed
    assert all(len(edits) == 2 for edits in flips.asked)


def test_where_nothing_else_flips_the_edits_stay_as_they_are() -> None:
    flips = Asked(lambda _: False)
    assert shrinking.simplest(drafted(), FOUR, flips) == FOUR


def test_an_edit_whose_relation_applies_no_more_stays() -> None:
    flips = Asked(lambda _: True)
    assert shrinking.simplest(drafted(site=None), (ORDER,), flips) == (ORDER,)
    assert flips.asked == []


def test_a_budget_of_cases_is_kept_and_what_was_found_so_far_stands() -> None:
    written = Wordings(phrases={"en": Phrases(details=tuple(f"It is {n}." for n in range(40)))})
    said = Surrounded(relation="detail", language="en", after="It is 39.")
    left = 3

    def rule(_: tuple[Edit, ...]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0

    flips = Asked(rule)
    [found] = shrinking.simplest(drafted(written=written), (said,), flips)
    assert isinstance(found, Surrounded)
    assert (found,) in flips.asked[:3]


def test_to_make_simpler_takes_few_cases() -> None:
    flips = Asked(lambda edits: any(isinstance(e, Shuffled) and e.seed > 500 for e in edits))
    [found] = shrinking.simplest(drafted(), (ORDER,), flips)
    assert flips.rule((found,))
    again = Asked(flips.rule)
    assert shrinking.simplest(drafted(), (ORDER,), again) == (found,)
    assert again.asked == flips.asked
    assert flips.cost <= 30
