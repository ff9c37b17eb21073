"""What is tried of agents is told apart from chance, charged, made small, and asked for sparingly.

Agents are functions from a case to what it comes to; no session runs them.
"""

import hashlib
import importlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from comity.errors import InfrastructureError
from comity.run.results import CONFIRMING
from comity.run.trying import Trying
from comity.run.varying import Plan, Tried
from comity.schema import AgentCard, Finding, Mode, Status, VariedCase, VariedOutcome
from comity.schema.library import load
from comity.schema.transcript import Timing
from comity.variation.drawing import MOST_EDITS, TOGETHER, Coverage, Drawing

SUITES = Path(__file__).parents[2] / "suites"
LIBRARY = load(SUITES)
CARD = AgentCard(reference="agents.py:one", declares=frozenset({"chat"}))
OTHER = AgentCard(reference="agents.py:other", declares=frozenset({"chat"}))
AT_RANDOM = 0.2
SEEDS = 20
# Three examples are taken apart, into every choice of their edits; one is made simpler; then it is
# confirmed.
MOST_FURTHER = 3 * (2**MOST_EDITS - 1) + 8 * MOST_EDITS + 2 * CONFIRMING

Came = bool | Status | None
"""Whether the norm was raised; None where that is open."""
Agent = Callable[[VariedCase], Came]


@cache
def plan(profile: str = "standard", seed: int = 0) -> list[Tried]:
    """Return what the repository's own suite tries on two agents, which takes seconds to draw."""
    drawn = Plan("robustness", SUITES / "robustness", LIBRARY, [CARD, OTHER], profile, seed=seed)
    return list(drawn.tried.values())


def family(*relations: str) -> list[Tried]:
    """Return some relations, or all of them, tried on one agent."""
    found = [tried for tried in plan() if tried.agent == CARD]
    return [tried for tried in found if not relations or tried.relation in relations]


class Stand:
    """Stands for a run: takes cases, and ends each as its agent would."""

    def __init__(self, selected: Iterable[Tried], agent: Agent) -> None:
        self.selected = list(selected)
        self.agent = agent
        self.first = {case.id: case for tried in self.selected for case in tried.cases()}
        self.further: dict[str, VariedCase] = {}
        self.trying = Trying(self.selected, self.ask)

    def ask(self, cases: Iterable[VariedCase]) -> None:
        for case in cases:
            if case.id not in self.first:
                self.further[case.id] = case

    def wait(self, case_id: str) -> VariedOutcome:
        case = self.first.get(case_id) or self.further[case_id]
        return ended(case, self.agent(case))

    def results(self):
        """Return what came of each relation, by its id."""
        return {tried.relation: self.trying.result(tried, self.wait) for tried in self.selected}

    def result(self, relation: str):
        return self.results()[relation]


def ended(case: VariedCase, came: Came) -> VariedOutcome:
    asked = "aware" if case.request.mode is Mode.VIOLATE else "over_flagged"
    is_ended = isinstance(came, Status)
    finding = Finding(
        question=asked, value=None if is_ended else came, open=came is None, judge="j", reason="r"
    )
    return VariedOutcome(
        case=case,
        status=came if is_ended else Status.JUDGED,
        reason=f"it came to {came}",
        findings=() if is_ended else (finding,),
        timing=Timing(started=0.0, stopped=1.0),
    )


def sound(case: VariedCase) -> bool:
    return case.request.mode is Mode.VIOLATE


def shouted(case: VariedCase) -> bool:
    return case.request.text.isupper()


def blind_to_capitals(case: VariedCase) -> bool:
    return sound(case) and not shouted(case)


def edited(case: VariedCase, relation: str) -> bool:
    return any(edit["relation"] == relation for edit in case.request.variation.edits)


def is_drawn(case: VariedCase, seed: int, often: float) -> bool:
    """Return whether chance falls on a case, the same every time."""
    told = hashlib.sha256(f"{seed} {case.id}".encode()).digest()
    return int.from_bytes(told[:4], "big") < often * 2**32


def by_chance(seed: int) -> Agent:
    return lambda case: sound(case) != is_drawn(case, seed, AT_RANDOM)


@pytest.mark.long
def test_an_agent_that_flips_by_chance_is_hardly_ever_charged():
    charged = [
        seed
        for seed in range(SEEDS)
        if any(one.charged for one in Stand(family(), by_chance(seed)).results().values())
    ]
    assert len(charged) <= 3


def test_its_chance_is_told():
    found = Stand(family(), by_chance(0)).results()
    # Two trials disagree so often where each flips by itself.
    expected = 2 * AT_RANDOM * (1 - AT_RANDOM)
    alike = [one.charge for one in found.values() if one.charge.scenarios > 10]
    noise = sum(charge.noise for charge in alike) / len(alike)
    assert noise == pytest.approx(expected, abs=0.15)


def test_a_sound_agent_is_charged_with_nothing():
    stand = Stand(family(), sound)
    for found in stand.results().values():
        assert not found.charged
        assert (found.charge.broken, found.charge.worst, found.charge.noise) == (0, 0, 0)
        assert found.smallest is None
        assert found.undecided == 0
    assert not stand.further


def test_a_sound_agent_is_charged_with_nothing_whatever_is_drawn():
    for seed in range(1, 4):
        assert not any(one.charged for one in Stand(plan("smoke", seed), sound).results().values())


def test_what_is_charged_is_made_small_and_confirmed():
    found = Stand(family(), blind_to_capitals).results()
    assert {name for name, one in found.items() if one.charged} == {"casing", TOGETHER}
    for one in (found["casing"], found[TOGETHER]):
        assert one.smallest.relations == ("casing",)
        assert [edit["case"] for edit in one.smallest.edits] == ["upper"]
        assert one.smallest.after.isupper()
        assert one.smallest.confirmed == CONFIRMING


def test_only_what_is_charged_is_made_small_and_by_few_further_cases():
    stand = Stand(family(), blind_to_capitals)
    found = stand.results()
    assert 0 < len(stand.further) <= 2 * MOST_FURTHER
    flipping = {one.smallest.cases[-1] for one in found.values() if one.charged}
    assert {case_id.rpartition("-t")[0] for case_id in flipping} <= {
        case.id.rpartition("-t")[0] for case in stand.further.values()
    }


def test_what_only_comes_of_two_changes_at_once_keeps_both():
    def blind_to_both(case: VariedCase) -> bool:
        return sound(case) and not (edited(case, "casing") and edited(case, "punctuation"))

    # It takes enough examples in which both stand together, by chance, to be charged.
    both = [
        Tried(
            TOGETHER,
            CARD,
            [
                example
                for example in tried.examples
                if {"casing", "punctuation"} & {edit.relation for edit in example.edits}
            ],
        )
        for tried in family(TOGETHER)
    ]
    found = Stand(both, blind_to_both).result(TOGETHER)
    assert found.charged
    assert sorted(found.smallest.relations) == ["casing", "punctuation"]


def test_a_flip_that_does_not_come_again_is_told_as_such():
    def blind_at_first(case: VariedCase) -> bool:
        return sound(case) and not (shouted(case) and case.trial == 1)

    found = Stand(family("casing"), blind_at_first).result("casing")
    assert found.charged
    assert found.smallest.confirmed == 0
    assert f"confirmed in 0 of {CONFIRMING} fresh trials" in found.story()


def test_a_flip_that_is_not_charged_is_shown_and_costs_nothing():
    [casing] = family("casing")
    one = next(e for e in casing.examples if e.request.text.isupper())

    def blind_once(case: VariedCase) -> bool:
        return sound(case) and case.request.id != one.request.id

    stand = Stand([casing], blind_once)
    found = stand.result("casing")
    assert not found.charged
    assert found.smallest.scenario == one.subject.draft.origin.id
    assert found.smallest.confirmed is None
    assert not stand.further


@pytest.mark.parametrize("came", [None, Status.DORMANT, Status.AGENT_ERROR])
def test_what_cannot_be_told_is_left_out(came):
    def silent_in_capitals(case: VariedCase) -> Came:
        return came if shouted(case) else sound(case)

    [casing] = family("casing")
    found = Stand([casing], silent_in_capitals).result("casing")
    undecided = sum(example.request.text.isupper() for example in casing.examples)
    assert found.undecided == undecided > 0
    assert found.charge.n == len(casing.examples) - undecided
    assert (found.charged, found.charge.broken, found.troubles) == (False, 0, ())


def test_an_agent_that_never_answers_is_charged_with_nothing():
    found = Stand(family(), lambda _case: Status.AGENT_ERROR).results()
    for tried in family():
        one = found[tried.relation]
        assert (one.charge.n, one.undecided) == (0, len(tried.examples))
        assert (one.charged, one.charge.p, one.smallest, one.troubles) == (False, None, None, ())


@pytest.mark.parametrize("came", [Status.INFRASTRUCTURE_ERROR, Status.JUDGE_ERROR])
def test_trouble_of_ours_is_told_once_and_never_charged(came):
    found = Stand(family(), lambda case: came if edited(case, "casing") else sound(case)).results()
    assert found["casing"].troubles == (f"it came to {came}",)
    assert found["casing"].charge.n == 0
    assert found["typos"].troubles == ()
    assert not any(one.charged for one in found.values())


def test_a_base_that_is_open_leaves_all_that_is_compared_with_it_open():
    [casing] = family("casing")
    named = casing.examples[0].subject.draft.origin.id

    def open_at_first(case: VariedCase) -> Came:
        is_base = not case.request.variation.edits
        return None if is_base and case.request.variation.base == named else sound(case)

    found = Stand([casing], open_at_first).result("casing")
    of_it = [e for e in casing.examples if e.subject.draft.origin.id == named]
    assert found.undecided == len(of_it) > 0
    assert found.charge.scenarios == len({e.subject.base.id for e in casing.examples}) - 1


def test_fewer_relations_at_once_are_decided_more_sharply():
    alone = Stand(family("casing"), blind_to_capitals).result("casing")
    among = Stand(family(), blind_to_capitals).result("casing")
    assert alone.charge.p < among.charge.p
    assert alone.charge.difference == among.charge.difference


def test_agents_are_decided_apart():
    tried = plan()

    def only_the_other(case: VariedCase) -> bool:
        return blind_to_capitals(case) if case.agent == OTHER else sound(case)

    stand = Stand(tried, only_the_other)
    found = {(one.agent, one.relation): stand.trying.result(one, stand.wait) for one in tried}
    charged = {key for key, one in found.items() if one.charged}
    assert charged == {(OTHER, "casing"), (OTHER, TOGETHER)}
    apart = Stand(family(), blind_to_capitals).result("casing")
    assert found[OTHER, "casing"].charge == apart.charge


def test_tests_on_many_threads_get_what_one_would():
    stand = Stand(family(), blind_to_capitals)
    waiting = threading.Semaphore(1)

    def wait(case_id: str) -> VariedOutcome:
        assert waiting.acquire(blocking=False)  # nobody else is deciding
        try:
            return stand.wait(case_id)
        finally:
            waiting.release()

    asked = [tried for tried in stand.selected for _ in range(3)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda tried: stand.trying.result(tried, wait), asked))
    expected = Stand(family(), blind_to_capitals).results()
    assert [one.relation for one in found] == [tried.relation for tried in asked]
    assert all(one == expected[one.relation] for one in found)
    assert len(stand.trying.results()) == len(stand.selected)


def test_a_cancelled_case_is_told_to_all_that_wait_for_it():
    stand = Stand(family("casing", "typos"), sound)

    def wait(_case_id: str) -> VariedOutcome:
        raise InfrastructureError("the case was cancelled before it ended")

    for tried in stand.selected:
        with pytest.raises(InfrastructureError, match="cancelled"):
            stand.trying.result(tried, wait)
    assert stand.trying.results() == []


def test_the_same_is_drawn_every_time_and_else_by_another_seed():
    def drawn(seed: int) -> list[str]:
        return [case.id for tried in plan.__wrapped__("smoke", seed) for case in tried.cases()]

    assert drawn(0) == drawn(0) != drawn(1)


def test_what_is_drawn_hangs_on_no_code_that_is_loaded(tmp_path, monkeypatch):
    """Hypothesis would take numbers out of it."""
    shop = AgentCard(reference="agents.py:shops", declares=frozenset({"shop"}))
    drawn = Plan("robustness", SUITES / "robustness", LIBRARY, [shop], "smoke")
    subjects = drawn.subjects((("shopping", "shop"),))

    def orders() -> list[object]:
        found = Drawing(["page-order"], Coverage()).examples(subjects, 40)
        return [example.edits for example in found]

    before = orders()
    loaded = tmp_path / "numbers_of_ours.py"
    loaded.write_text(f"NUMBERS = {list(range(101, 999))}", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(loaded.stem)
    assert orders() == before
