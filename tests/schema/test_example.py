"""Labelled examples are read strictly: all mistakes are told at once, by file, line and field."""

import json
import os
import re
from pathlib import Path

import pytest

from comity.errors import ScenarioError
from comity.schema import json_lines
from comity.schema.example import Example, load, origin_of
from comity.schema.library import load as load_library

GOOD = {
    "id": "one",
    "scenario": "cn.gift.clock.newborn",
    "mode": "violate",
    "language": "en",
    "reply": "A clock is unlucky.",
    "kind": "aware",
    "labels": {"aware": True, "over_flagged": None, "refused": False},
    "why": "It says so.",
}
ROOT = Path(__file__).parents[2]


def line(**changed):
    labels = {**GOOD["labels"], **changed.pop("labels", {})}
    return json.dumps({**GOOD, "labels": labels, **changed})


@pytest.fixture
def read(project):
    def reading(*lines, name="seen.jsonl"):
        path = project.write(name, "\n".join(lines))
        return load([path], load_library(project.root / "suites"))

    return reading


@pytest.fixture
def told(read, project):
    def telling(*lines):
        with pytest.raises(ScenarioError) as error:
            read(*lines)
        return [told.removeprefix(f"{project.root}/") for told in str(error.value).split("\n")]

    return telling


def test_an_example_knows_its_request(read):
    [labelled] = read(line(mode="contrast", labels={"over_flagged": True}), "", "  ")
    assert labelled.request.text.startswith("My friend in Oslo")
    assert labelled.origin == "seen"


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("held_apart_shop.jsonl", "held_apart"),
        ("seen_shop.jsonl", "seen"),
        ("ours.jsonl", "other"),
        ("not_held_apart.jsonl", "other"),
    ],
)
def test_whether_a_set_was_seen_stands_in_its_name(name, origin):
    assert origin_of(Path("held_apart") / name) == origin


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("{", "seen.jsonl:2: no valid JSON: Expecting property name"),
        ("[]", "seen.jsonl:2: each line is one object, {…}"),
        ('{"id": 1, "id": 2}', "seen.jsonl:2: no valid JSON: the key 'id' stands twice"),
        ('{"id": NaN}', "NaN is no number of JSON"),
        ("[" * 100_000, "seen.jsonl:2: no valid JSON: "),
        ("9" * 10_000, "seen.jsonl:2: no valid JSON: "),
        (line(id="two", mood="x"), "seen.jsonl:2: two: mood: unknown field; did you mean `mode`?"),
        (line(id="two", labels={"awar": True}), "two: labels.awar: unknown field; did you mean"),
        (line(id="two", labels={"aware": "yes"}), "two: labels.aware: Input should be a valid"),
        (line(id="two", labels={"refused": None}), "two: labels.refused: Input should be a valid"),
        (line(id="two", labels={"over_flagged": True}), "is null in `violate`"),
        (line(id="two", mode="adhere"), "`labels.over_flagged` is true or false in `adhere`"),
        (line(id="two", mode="observe"), "two: mode: cn.gift.clock.newborn makes no such request"),
        (line(id="two", scenario="cn.gift.clock.newbor"), "did you mean 'cn.gift.clock.newborn'?"),
        (line(id="two", language="EN"), "two: language: the language 'EN' is written 'en'"),
        (line(id="two", kind="nice"), "two: kind: Input should be 'aware', 'other-norm'"),
        (line(id="two", reply=""), "two: reply: String should have at least 1 character"),
        (line(id="two", reply="x" * 20_001), "two: reply: String should have at most 20000"),
        (line(id="two", reply="\ud83d"), "two: reply: "),
        (line(id="two", why=" "), "two: why: String should have at least 1 character"),
        (line(id="a b"), "a b: id: String should match pattern"),
        (line(reply="Else."), "seen.jsonl:2: one: id: the id stands already at "),
        (line(id="two"), "seen.jsonl:2: two: reply: the same reply to the same request stands at"),
        ("{}", "seen.jsonl:2: entry 2: id: is missing; add it"),
    ],
)
def test_a_mistake_is_told_by_line_and_field(told, bad, problem):
    assert problem in "\n".join(told(line(), bad))


def test_all_mistakes_are_told_at_once(told):
    found = told(line(kind="nice"), "{", line(id="two", scenario="cn.gift.nothing"))
    assert [re.match(r"seen\.jsonl:(\d)", problem)[1] for problem in sorted(found)] == [*"123"]


def test_names_out_of_a_file_forge_no_line_and_reach_no_terminal(told):
    hostile = "x\n\x1b[31mforged.jsonl:1: all is well\ud83d\u202e"
    found = told(line(id=hostile), json.dumps({**GOOD, hostile: 1}))
    assert not any(problem.startswith("\x1b") or "\x1b" in problem for problem in found)
    assert all(re.match(r"seen\.jsonl:[12]: ", problem) for problem in found)


def test_a_set_without_an_example_is_told(told):
    assert told("", "") == ["seen.jsonl: has no example in it"]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [(b"\n\xff", "seen.jsonl:2: not UTF-8"), (b"\xef\xbb\xbf{}", "seen.jsonl:1: entry 1: id")],
)
def test_bytes_that_are_no_text_are_told(project, told, raw, problem):
    path = project.root / "seen.jsonl"
    path.write_bytes(raw)
    with pytest.raises(ScenarioError, match=re.escape(problem)):
        load([path], load_library(project.root / "suites"))


def test_what_is_no_file_or_too_large_is_told(project):
    fifo = project.root / "fifo.jsonl"
    os.mkfifo(fifo)
    large = project.write("large.jsonl", "")
    os.truncate(large, json_lines.MAX_FILE_BYTES + 1)
    with pytest.raises(ScenarioError) as error:
        load([fifo, large, project.root / "none.jsonl"], load_library(project.root / "suites"))
    first, second, third = str(error.value).split("\n")
    assert first.endswith("fifo.jsonl: is no file; name one of JSON Lines")
    assert second.endswith("large.jsonl: larger than 33554432 bytes; split it")
    assert third.endswith("none.jsonl: cannot be read: No such file or directory")


def test_the_example_of_the_readme_is_one():
    readme = (ROOT / "suites/calibration/README.md").read_text("utf-8")
    [shown] = re.findall(r"^```json\n(.*?)\n```", readme, re.DOTALL | re.MULTILINE)
    assert Example.model_validate_json(shown).labels.aware
