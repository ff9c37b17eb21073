"""Which runs of the same went before, as far as a folder of runs can tell."""

import json

import pytest

from comity.run.earlier import earlier

GATE = "a" * 64
FACTS = {
    "git": {"revision": "c0ffee", "changed": False},
    "suites": "5" * 64,
    "agents": [{"reference": "agents/a.py:a"}],
    "settings": {"seed": 0},
    "model": {"name": "m"},
    "selected": ["one-violate-a.a-t1", "two-violate-a.a-t1"],
}


@pytest.fixture
def keep(tmp_path):
    """Keeps a run by its name, of the facts above but for what is given."""

    def run(name, verdict=None, gate=GATE, folder=None, **facts):
        folder = tmp_path / "runs" / (folder or name)
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"run": name, **FACTS, **facts}))
        if verdict is not None:
            told = {"verdict": {"verdict": verdict, "gate": {"sha256": gate}}}
            (folder / "summary.json").write_text(json.dumps(told))
        return folder

    return run


def names(folder):
    return [(one.run, one.verdict) for one in earlier(folder, GATE)]


def test_runs_of_the_same_that_were_made_before_are_found_with_what_this_gate_said(keep):
    keep("20261101-000000-a", "FAIL")
    keep("20261101-000001-a", "FAIL", gate="b" * 64)
    keep("20261101-000002-a", folder="zzz")
    mine = keep("20261102-000000-a", "PASS", folder="aaa")
    keep("20261103-000000-a", "FAIL")
    assert names(mine) == [
        ("20261101-000000-a", "FAIL"),
        ("20261101-000001-a", None),
        ("20261101-000002-a", None),
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"git": {"revision": "other", "changed": False}},
        {"git": {"revision": "c0ffee", "changed": True}},
        {"git": None},
        {"suites": "6" * 64},
        {"agents": [{"reference": "agents/b.py:b"}]},
        {"model": {"name": "n"}},
        {"model": None},
        {"selected": ["three-violate-a.a-t1"]},
        {"settings": {"shard": {"number": 1, "of": 2}}},
    ],
)
def test_what_differs_is_another_run(keep, facts):
    keep("1", "FAIL", **facts)
    assert names(keep("2")) == []


def test_a_part_of_the_cases_and_another_seed_are_the_same_tried_again(keep):
    keep("1", "FAIL", selected=FACTS["selected"][:1], settings={"seed": 9, "temperature": 0.7})
    assert names(keep("2")) == [("1", "FAIL")]


@pytest.mark.parametrize(
    "change", [{"git": None}, {"git": {"revision": "c0ffee", "changed": True}}]
)
def test_of_a_run_whose_revision_says_nothing_none_is_known(keep, change):
    keep("1", "FAIL", **change)
    assert names(keep("2", **change)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"git": 3}',
        json.dumps({"run": "1", **FACTS, "agents": 1}),
        json.dumps({"run": "1", **FACTS, "selected": [[]]}),
        json.dumps({"run": 1, **FACTS}),
        "[" * 100_000,
    ],
)
def test_a_damaged_run_is_none(keep, text):
    (keep("1", "FAIL") / "run.json").write_text(text)
    (keep("2", "FAIL") / "summary.json").write_text(text)
    mine = keep("3")
    (mine.parent / "2.txt").write_text("")
    assert names(mine) == [("2", None)]
    (mine / "run.json").write_text(text)
    assert names(mine) == []
