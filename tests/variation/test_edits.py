"""What edits do to every scenario of the repository: it stays valid, and the norm at stake stays.

Each relation by itself is held to one known scenario in `test_relations.py`.
"""

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from comity.schema import Mode, Scenario, files
from comity.schema.library import load
from comity.schema.scenario import SITE_LANGUAGE
from comity.schema.writing import as_yaml
from comity.variation.drawing import MOST_EDITS, QUIET, Example, Subject
from comity.variation.laws import Law
from comity.variation.quiet import quiet
from comity.variation.relation import DoesNotApply, Draft, Edit
from comity.variation.relations import BY_ID, COMPOSABLE, RELATIONS

# Of each subject, of which there are more than two hundred.
DRAWS = 2
# What may differ between a scenario and what became of it.
CHANGED = {"id", "requests", "slots", "language", "presentation", "contrast"}


def able(draft: Draft) -> dict[str, st.SearchStrategy[Edit]]:
    found = {}
    for relation in RELATIONS:
        with suppress(DoesNotApply):
            found[relation.id] = relation.edits(draft)
    return found


@st.composite
def edits(draw: st.DrawFn, strategies: dict[str, st.SearchStrategy[Edit]]) -> tuple[Edit, ...]:
    """Draw one edit of any relation, or several that may stand together."""
    first = draw(st.sampled_from(sorted(strategies)))
    others = [r.id for r in COMPOSABLE if r.id in strategies and r.id != first]
    more = []
    if BY_ID[first] in COMPOSABLE:
        more = draw(st.lists(st.sampled_from(others), max_size=MOST_EDITS - 1, unique=True))
    return tuple(draw(strategies[relation]) for relation in (first, *more))


def changed(subject: Subject) -> list[Example]:
    """Return what becomes of a subject by edits that Hypothesis draws."""
    found: list[Example] = []

    @seed(subject.base.id)
    @settings(QUIET, max_examples=DRAWS)
    @given(edits(able(subject.draft)))
    def take(drawn: tuple[Edit, ...]) -> None:
        with suppress(DoesNotApply):
            found.append(Example(drawn[0].relation, subject, drawn, subject.changed(drawn)))

    with quiet():
        take()
    return found


@pytest.fixture(scope="module")
def origins(subjects: list[Subject]) -> list[str]:
    """All scenarios, as they were before anything was changed."""
    return told(subjects)


def told(subjects: list[Subject]) -> list[str]:
    return [repr((subject.draft.origin, subject.draft.scenario)) for subject in subjects]


@pytest.fixture(scope="module")
def examples(subjects: list[Subject], origins: list[str]) -> list[Example]:
    """Changed requests of every scenario in the repository, in each of its modes."""
    return [example for subject in subjects for example in changed(subject)]


@pytest.fixture(scope="module")
def few(examples: list[Example]) -> list[Example]:
    """One for each relation in each mode and language: files of all are slow to read."""
    found = {(one.relation, one.base.mode, one.base.language): one for one in examples}
    return list(found.values())


def law(example: Example) -> Law:
    """Return what must hold of an example; edits together are of relations that all hold."""
    return BY_ID[example.relation].law


def test_edits_apply_to_every_scenario_in_every_mode_on_sites_and_in_chat(
    subjects: list[Subject], examples: list[Example]
) -> None:
    assert len(examples) > 300
    assert {one.subject.base.id for one in examples} == {one.base.id for one in subjects}
    assert {one.site for one in examples} >= {"shop", "forum", None}
    assert {edit.relation for one in examples for edit in one.edits} == BY_ID.keys()
    assert {len(one.edits) for one in examples} == set(range(1, MOST_EDITS + 1))


def test_a_changed_scenario_is_a_valid_one_with_no_slot_left_open(examples: list[Example]) -> None:
    for one in examples:
        scenario = one.request.scenario
        assert Scenario.model_validate(scenario.model_dump()) == scenario
        assert one.request.text.strip()


def test_something_is_changed_and_told(examples: list[Example]) -> None:
    for one in examples:
        was, now = one.base.scenario, one.request.scenario
        assert (one.request.text, now.presentation) != (one.base.text, was.presentation)
        assert now.id != was.id
        assert one.request.variation.base == one.subject.draft.origin.id
        assert [edit["relation"] for edit in one.request.variation.edits] == [
            edit.relation
            for edit in sorted(one.edits, key=lambda e: (BY_ID[e.relation].rank, e.relation))
        ]


def test_the_norm_at_stake_stays_unless_it_must_go(examples: list[Example]) -> None:
    for one in examples:
        base, request = one.base, one.request
        assert request.norm == base.norm
        assert request.scenario.norm == base.scenario.norm
        if law(one) is Law.GOES:
            assert base.at_stake
            assert request.mode is Mode.CONTRAST
            assert not request.at_stake
            assert request.scenario.contrast is not None
            assert not request.norm.holds_in(request.scenario.contrast)
        else:
            assert request.mode is base.mode
            assert request.at_stake is base.at_stake
            assert request.scenario.contrast == base.scenario.contrast


def test_what_a_case_is_judged_by_is_as_it_was(examples: list[Example]) -> None:
    for one in examples:
        was, now = one.base.scenario.model_dump(), one.request.scenario.model_dump()
        assert {key for key in was if was[key] != now[key]} <= CHANGED
        assert one.request.asks == one.base.asks
        # In chat there is no page that could be shown otherwise.
        shown = set(now["presentation"]) - {SITE_LANGUAGE}
        assert one.request.needs == one.base.needs | shown
        assert one.site is not None or not now["presentation"]


def test_what_was_changed_is_left_as_it_was(
    subjects: list[Subject], origins: list[str], examples: list[Example]
) -> None:
    assert examples
    assert told(subjects) == origins


def test_a_changed_scenario_reads_back_from_yaml_as_it_was(
    few: list[Example], tmp_path: Path
) -> None:
    path = tmp_path / "changed.yaml"
    path.write_text("".join(as_yaml(one.request.scenario) for one in few), "utf-8")
    problems: list[str] = []
    found = files.entries(files.read(path, path), Scenario, problems)
    assert [scenario for _, scenario in found] == [one.request.scenario for one in few]
    assert problems == []


def test_a_changed_scenario_stands_beside_the_one_that_it_is_like(
    library_of_changed: Path, few: list[Example]
) -> None:
    """It is pasted into the file of its base, and leaves to that one what both have in common."""
    read = load(library_of_changed)
    for one in few:
        [found] = [
            scenario
            for scenario in read.scenarios[one.subject.suite]
            if scenario.id == one.request.scenario.id
        ]
        origin = one.subject.draft.origin
        assert found == one.request.scenario.model_copy(update={"like": origin.like or origin.id})


@pytest.fixture
def library_of_changed(subjects: list[Subject], few: list[Example], tmp_path: Path) -> Path:
    """A suites folder with all scenarios that are varied, each file with what became of them."""
    root = tmp_path / "suites"
    norms = {subject.draft.norm.id: subject.draft.norm for subject in subjects}
    # By what a norm is recognised takes long to read, and is nothing to scenarios.
    told = [
        norm.model_dump(mode="json", exclude_defaults=True)
        | {"raised_by": {language: ["x"] for language in norm.raised_by}}
        for norm in norms.values()
    ]
    write(root / "norms" / "all.yaml", yaml.safe_dump(told))
    by_file: dict[Path, dict[str, str]] = {}
    for one in few:
        origin, scenario = one.subject.draft.origin, one.request.scenario
        folder = root / one.subject.suite
        write(folder / "suite.yaml", "title: All\n")
        entries = by_file.setdefault(folder / "scenarios" / "all.yaml", {})
        entries[scenario.id] = as_yaml(scenario, like=origin.like or origin.id)
    for subject in subjects:
        scenario = subject.draft.origin
        for path, entries in by_file.items():
            if path.parts[-3] == subject.suite:
                entries[scenario.id] = as_yaml(scenario)
    for path, entries in by_file.items():
        write(path, "".join(entries.values()))
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
