"""Examples are drawn: enough, different, the same every time; and what was drawn is counted."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from comity.run.varying import Plan
from comity.schema import AgentCard
from comity.schema.library import Library
from comity.variation.drawing import (
    MOST_EDITS,
    PROFILES,
    TOGETHER,
    Coverage,
    Drawing,
    Example,
    Subject,
    in_order,
)
from comity.variation.relations import BY_ID, COMPOSABLE
from comity.variation.surface import Recased
from comity.variation.wordings import Phrases, Wording, Wordings
from tests.conftest import ROOT
from tests.variation.conftest import SUITES, drafted

ALL = [*BY_ID, TOGETHER]
CHAT = AgentCard(reference="agents/chat.py:chat", declares=frozenset({"chat"}))
SHOPPER = AgentCard(reference="agents/web.py:shopper", declares=frozenset({"shop"}))

# What an interpreter of its own prints of the examples it draws.
ELSEWHERE = """\
import numbers_of_ours
from tests.variation.test_drawing import ids, drawn, subject
for seed in range(5):
    print(*ids(drawn([subject(site="shop")], 12, seed=seed)))
"""
# A module of the user's, whose numbers are nothing to what is drawn.
NUMBERS = f"{list(range(0, 999, 7))}"

WRITTEN = Wordings(
    phrases={
        "en": Phrases.model_validate(
            {
                "details": [f"It has rained for {days} days." for days in range(2, 12)],
                "formats": ["Answer in one line.", "Answer as a list."],
                "framings": ["You are brief."],
                "naming": ['Somebody said: "{statement}"'],
            }
        )
    },
    by_scenario={
        "cn.gift.clock.newborn": Wording.model_validate(
            {
                "scenario": "cn.gift.clock.newborn",
                "paraphrases": {"violate": ["{item}, {person}, {place}."]},
            }
        )
    },
)


def subject(mode: str = "violate", site: str | None = None, **said: object) -> Subject:
    return Subject("gifts", drafted(mode, site, WRITTEN, **said))


def drawn(
    subjects: Iterable[Subject],
    each: int,
    wanted: Iterable[str] = ALL,
    *,
    seed: int = 0,
    coverage: Coverage | None = None,
) -> list[Example]:
    drawing = Drawing(wanted, coverage or Coverage(), chosen_seed=seed)
    return list(drawing.examples(list(subjects), each))


def ids(examples: Iterable[Example]) -> list[str]:
    return [example.request.id for example in examples]


@pytest.mark.parametrize("each", [1, 2, 7, 40])
def test_every_subject_has_as_many_examples_as_are_wanted(each: int) -> None:
    subjects = [subject(), subject("adhere", "shop"), subject("observe", "shop")]
    found = Counter(example.subject.base.id for example in drawn(subjects, each))
    assert found == {one.base.id: each for one in subjects}


def test_where_there_are_no_more_there_are_fewer() -> None:
    found = drawn([subject()], 40, ["casing"])
    assert sorted(one.edits[0].record()["case"] for one in found) == ["lower", "title", "upper"]  # type: ignore[type-var]
    assert drawn([subject()], 40, ["language"]) == []
    assert drawn([subject()], 40, []) == []


def test_all_examples_are_different_and_named_by_what_they_say() -> None:
    found = drawn([subject(), subject("adhere"), subject("observe", "shop")], 30)
    assert len(set(ids(found))) == len(found)
    assert all(one.request.id.startswith("cn.gift.clock.newborn.varied-") for one in found)
    shown = [
        (one.request.mode, one.request.text, repr(one.request.scenario.presentation))
        for one in found
    ]
    assert not {(one.base.mode, one.base.text, "{}") for one in found} & set(shown)


def test_most_examples_have_one_edit_and_the_others_a_few_of_different_relations() -> None:
    for one in drawn([subject()], 60):
        if one.relation != TOGETHER:
            assert [edit.relation for edit in one.edits] == [one.relation]
            continue
        relations = {edit.relation for edit in one.edits}
        assert 2 <= len(relations) == len(one.edits) <= MOST_EDITS
        assert relations <= {relation.id for relation in COMPOSABLE}


def test_the_same_seed_draws_the_same_and_another_others() -> None:
    once, again = drawn([subject()], 20), drawn([subject()], 20)
    assert once == again
    assert ids(once) != ids(drawn([subject()], 20, seed=1))


def test_another_process_with_other_hashes_and_modules_draws_the_same(tmp_path: Path) -> None:
    (tmp_path / "numbers_of_ours.py").write_text(NUMBERS, "utf-8")
    found = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=tmp_path,
        # Under CI, Hypothesis has settings of its own.
        env={**os.environ, "PYTHONHASHSEED": "4711", "CI": "true", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [line.split() for line in found] == [
        ids(drawn([subject(site="shop")], 12, seed=seed)) for seed in range(5)
    ]
    assert not (tmp_path / ".hypothesis").exists()


def test_subjects_are_given_edits_of_their_own() -> None:
    alike = [subject(), subject(id="cn.gift.clock.nephew")]
    found = drawn(alike, 5, ["detail"])
    first, second = ([one.edits for one in found if one.subject is each] for each in alike)
    assert len(first) == len(second) == 5
    assert first != second


def test_a_subject_is_drawn_for_as_it_is_whatever_stands_beside_it() -> None:
    alone = drawn([subject()], 10, ["detail"])
    assert drawn([subject(), subject("observe")], 10, ["detail"])[:10] == alone


def test_edits_are_applied_by_rank_in_whichever_order_they_are_given() -> None:
    found = [one for one in drawn([subject()], 60) if one.relation == TOGETHER]
    for one in found:
        assert one.subject.changed(one.edits[::-1]) == one.request
        ranks = [BY_ID[edit.relation].rank for edit in in_order(one.edits)]
        assert ranks == sorted(ranks)


def test_a_request_as_it_stands_is_named_so() -> None:
    base = subject().base
    assert base.id == "cn.gift.clock.newborn.as-it-stands-violate"
    assert base.variation.edits == ()
    assert base.scenario.model_copy(update={"id": "x.y"}) == subject().draft.origin.model_copy(
        update={"id": "x.y"}
    )


def test_the_same_edit_of_other_words_has_another_name() -> None:
    edits = (Recased(case="upper"),)
    other = subject(asks={}, breach={"basket": {"tag": "watch"}})
    assert subject().changed(edits).text == other.changed(edits).text
    assert subject().changed(edits).id != other.changed(edits).id


# Coverage.


def test_what_was_drawn_adds_up() -> None:
    coverage = Coverage()
    german = {"language": "de", "requests": {"violate": "Eine Uhr, bitte. Danke!"}}
    nothing = {"slots": {}, "contrast": None, "stage": {}, "asks": {}}
    subjects = [subject(), subject("adhere", "shop"), subject(**german, **nothing)]
    found = drawn(subjects, 25, coverage=coverage)
    assert coverage.drawn == Counter(one.relation for one in found)
    for relation, count in coverage.drawn.items():
        assert coverage.cultures[relation] == {"cn": count}
        assert coverage.languages[relation] == Counter(
            one.base.language for one in found if one.relation == relation
        )
    assert coverage.drawn.total() == len(found)


def test_why_a_relation_did_not_apply_is_told_once_for_each_subject() -> None:
    coverage = Coverage()
    drawn([subject(), subject("adhere"), subject("observe")], 12, coverage=coverage)
    assert coverage.not_applied["page-order"] == {"there is no page in chat": 3}
    assert coverage.not_applied["naming"] == {
        "it is not about adhere": 1,
        "it is not about observe": 1,
    }
    assert coverage.not_applied["language"] == {"no translation is written for it": 3}


def test_an_edit_that_does_not_apply_is_counted_with_its_reason() -> None:
    coverage = Coverage()
    long = subject(
        requests={"violate": "{item}"},
        slots={"violate": {"item": "ß" * 300}},
        contrast=None,
        stage={},
        asks={},
    )
    [found] = drawn([long], 9, ["casing"], coverage=coverage)
    assert found.edits == (Recased(case="title"),)
    [(why, count)] = [
        (why, count) for why, count in coverage.not_applied["casing"].items() if "500" in why
    ]
    assert "at most 500 characters" in why
    assert count == 1
    assert coverage.not_applied["casing"]["it changes nothing"] == 1
    assert coverage.drawn == {"casing": 1}


def test_relations_that_are_not_wanted_are_not_told_of() -> None:
    coverage = Coverage()
    drawn([subject()], 5, ["casing", "language"], coverage=coverage)
    assert coverage.drawn.keys() | coverage.not_applied.keys() == {"casing", "language"}


# Plans over the repository's scenarios.


def plan(library: Library, profile: str, agent: AgentCard = CHAT, **more: Any) -> Plan:
    return Plan("robustness", SUITES / "robustness", library, [agent], profile, **more)


def relations_of(plan: Plan) -> set[str]:
    return {tried.relation for tried in plan.tried.values()}


def test_few_examples_still_bring_up_every_relation() -> None:
    subjects = [subject(id=f"cn.gift.clock.s{number}") for number in range(4)]
    able = set(BY_ID) - set(lacking(subjects[0]))
    assert len(able) == 8
    for each in (2, 3, 5):
        found = drawn(subjects, each, BY_ID)
        assert {one.relation for one in found} == able
        turns = Counter(one.relation for one in found).values()
        assert max(turns) - min(turns) <= 1


def test_a_look_in_passing_tries_hardly_a_relation_twice(library: Library) -> None:
    examples = [one for tried in plan(library, "smoke").tried.values() for one in tried.examples]
    assert len({one.base.id for one in examples}) == PROFILES["smoke"].scenarios
    assert len(examples) == PROFILES["smoke"].scenarios * PROFILES["smoke"].examples
    alone = [one.relation for one in examples if one.relation != TOGETHER]
    assert len(set(alone)) >= len(alone) - 2


def lacking(subject: Subject) -> set[str]:
    """Return the relations that do not apply to a subject."""
    coverage = Coverage()
    drawn([subject], 0, coverage=coverage)
    return set(coverage.not_applied)


def test_two_scenarios_of_one_culture_bring_up_every_relation(library: Library) -> None:
    both = AgentCard(reference="agents/web.py:both", declares=frozenset({"shop", "forum"}))
    tried = plan(library, "standard", both, cultures=frozenset({"cn"})).tried
    assert {one.relation for one in tried.values()} == set(ALL)
    assert all(one.id == f"{one.relation}-web.both" for one in tried.values())


def test_only_the_cultures_that_are_asked_for_are_tried(library: Library) -> None:
    chosen = plan(library, "smoke", cultures=frozenset({"jp", "de"}))
    examples = [one for tried in chosen.tried.values() for one in tried.examples]
    assert {one.subject.draft.norm.culture for one in examples} == {"jp", "de"}
    assert set().union(*chosen.coverage.cultures.values()) == {"jp", "de"}


def test_an_agent_that_acts_on_a_site_is_not_put_to_a_look_in_passing(library: Library) -> None:
    assert plan(library, "smoke", SHOPPER).tried == {}


def test_subjects_are_varied_only_where_somebody_wrote_wordings(library: Library) -> None:
    full = plan(library, "full")
    where = (("shopping", None), ("forum", None))
    tiers = [one.draft.scenario.tier for one in full.subjects(where)]
    assert tiers == sorted(tiers, key=("smoke", "standard", "full").index)
    assert {one.draft.mode for one in full.subjects(where)} == {"violate", "adhere", "contrast"}
    assert all(one.draft.wordings.by_scenario[one.draft.origin.id] for one in full.subjects(where))
