"""Parts of a run have the same facts, but for those that decide no answer."""

import pytest

from comity.run.belonging import differences, joined, told

FACTS = {
    "run": "a",
    "platform": "Linux",
    "git": {"revision": "1f", "changed": False},
    "settings": {"trials": 1, "concurrency": 16},
    "agents": [{"reference": "a.py:a", "oracle": False}, {"reference": "b.py:b", "oracle": False}],
    "model": {"name": "m", "urls": ["http://one"], "served": [{"version": "1"}]},
    "sites": {"shop": {"version": "2", "host": "localhost:1"}},
    "browser": None,
}


def bound(**change):
    return [str(one) for one in differences(FACTS, {**FACTS, **change}) if not one.is_free]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"settings": {"trials": 2, "concurrency": 16}}, "settings.trials was 1 and is 2"),
        ({"settings": {"concurrency": 16}}, "settings.trials was 1 and is not there"),
        (
            {"settings": {"trials": 1, "concurrency": 16, "rewordings": 3}},
            "settings.rewordings was not there and is 3",
        ),
        ({"git": {"revision": "2e", "changed": False}}, 'git.revision was "1f" and is "2e"'),
        ({"git": None}, 'git was {"revision": "1f", "changed": false} and is not there'),
        ({"agents": FACTS["agents"][:1]}, 'agents.b.py:b was {"oracle": false} and is not there'),
        (
            {"model": {**FACTS["model"], "served": [{"version": "2"}]}},
            'model.served was [{"version": "1"}] and is [{"version": "2"}]',
        ),
        (
            {"sites": {"shop": {"version": "3", "host": "x"}}},
            'sites.shop.version was "2" and is "3"',
        ),
        ({"of-a-later-version": True}, "of-a-later-version was not there and is true"),
    ],
)
def test_what_decides_answers_must_be_the_same(change, says):
    assert bound(**change) == [says]


@pytest.mark.parametrize(
    "change",
    [
        {"run": "b", "platform": "Darwin"},
        {"git": {"revision": "1f", "changed": True}},
        {"settings": {"trials": 1, "concurrency": 4}},
        {"agents": FACTS["agents"][::-1]},
        {"model": {**FACTS["model"], "urls": ["http://two"]}},
        {"model": {**FACTS["model"], "served": None}},
        {"sites": {"shop": {"version": "2", "host": "localhost:2"}}},
    ],
)
def test_where_when_and_how_fast_may_differ(change):
    assert bound(**change) == []
    assert differences(FACTS, {**FACTS, **change}) or change.get("agents") or "model" in change


def test_a_part_that_needs_no_model_and_no_site_has_none():
    assert bound(model=None, sites={}, browser={"version": "1"}) == []
    assert bound(sites={"forum": {"version": "9", "host": "h"}}) == []


def test_what_only_one_of_the_parts_needed_is_in_the_whole():
    other = {"model": None, "browser": {"version": "1"}, "sites": {"forum": {"version": "9"}}}
    whole = joined(FACTS, {**FACTS, **other})
    assert whole["model"] == FACTS["model"]
    assert whole["browser"] == {"version": "1"}
    assert whole["sites"] == {**FACTS["sites"], "forum": {"version": "9"}}
    assert FACTS["browser"] is None


def test_of_many_differences_a_few_are_told():
    found = differences({}, {f"fact-{number}": number for number in range(20)})
    assert told(found).endswith("; 14 more")


def test_hostile_facts_are_told_on_one_line_and_act_on_no_terminal():
    [found] = differences({}, {"a\x1b[2J\nb": "c\x1b[2J\n" + "x" * 1_000})
    assert not {"\x1b", "\n"} & set(str(found))
    assert len(str(found)) < 300


def test_facts_that_are_none_do_not_break_the_comparison():
    odd = {"agents": [1, "a", None, {}], "sites": [], "model": "m", "settings": 3, "git": []}
    assert differences(odd, FACTS)
    assert differences(FACTS, odd)
