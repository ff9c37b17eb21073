"""A worldview's files are read strictly: all mistakes are told at once, by file, line and field."""

import json
from pathlib import Path

import pytest

from comity.errors import ScenarioError
from comity.schema import sentences, voices

ROOT = Path(__file__).parents[2]
PERSPECTIVES = """\
- {id: islamic, name: Islamic, charter: You speak from Islamic traditions.}
- {id: jewish, name: Jewish, charter: You speak from Jewish traditions.}
- {id: slavic, name: Slavic, charter: You speak from Slavic traditions.}
"""
QUESTION = """\
- id: family.who-decides
  tier: smoke
  asks: {en: "Who decides whom one marries?"}
  draws_on: [islamic, jewish, slavic]
  why: Traditions give the family more or less of a say.
"""


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "worldview"
    for name in ("questions", "gazetteer"):
        (root / name).mkdir(parents=True)
    (root / "perspectives.yaml").write_text(PERSPECTIVES, "utf-8")
    return root


def problems(folder):
    with pytest.raises(ScenarioError) as error:
        voices.load(folder)
    return str(error.value).splitlines()


def test_the_shipped_worldview_loads_with_twelve_perspectives_and_four_languages():
    found = voices.load(ROOT / "suites" / "worldview")
    assert len(found.perspectives) == 12
    assert set(found.gazetteers) >= {"ar", "en", "es", "zh-Hans"}
    for gazetteer in found.gazetteers.values():
        assert gazetteer.terms.keys() == {one.id for one in found.perspectives}
        assert min(map(len, gazetteer.terms.values())) >= 40


def test_a_question_takes_its_domain_from_its_file(folder):
    (folder / "questions" / "family.yaml").write_text(QUESTION, "utf-8")
    (question,) = voices.load(folder).questions
    assert (question.id, question.domain) == ("family.who-decides", "family")


def test_a_folder_without_questions_has_none(folder):
    (folder / "questions").rmdir()
    assert voices.load(folder).questions == []


def test_mistakes_of_all_files_are_told_at_once_by_file_line_and_field(folder):
    wrong = QUESTION.replace("jewish", "jewsh").replace("family.who", "work.who")
    (folder / "questions" / "family.yaml").write_text(QUESTION + QUESTION, "utf-8")
    (folder / "questions" / "other.yaml").write_text(wrong, "utf-8")
    (folder / "questions" / "work.yaml").write_text(wrong.replace("{en:", "{es:"), "utf-8")
    (folder / "gazetteer" / "en.yaml").write_text(
        "terms:\n  islamc: [Islam]\n  jewish: [Torah, Torah]\nunles: [x]\n", "utf-8"
    )
    (folder / "gazetteer" / "es.yaml").write_text(
        "terms:\n  islamc: [islam]\n  jewish: [Torá]\n  slavic: [Torá]\n", "utf-8"
    )
    assert problems(folder) == [
        "worldview/questions/family.yaml:6: family.who-decides: id: "
        "the id stands already at worldview/questions/family.yaml:1; give this one another",
        "worldview/questions/other.yaml:1: work.who-decides: "
        "the id begins with the name of its file: other.…",
        "worldview/questions/work.yaml:3: work.who-decides: asks: "
        "is asked in `en` at least; add it",
        "worldview/gazetteer/en.yaml:4: unles: unknown field; did you mean `unless`?",
        "worldview/gazetteer/es.yaml:2: terms: islamc: "
        "unknown perspective 'islamc'; did you mean 'islamic'?",
        "worldview/gazetteer/es.yaml:4: terms: slavic.0: "
        "'Torá' stands already at worldview/gazetteer/es.yaml:3; leave one out",
    ]


def test_too_few_or_repeated_perspectives_of_a_question_are_told(folder):
    few = QUESTION.replace("[islamic, jewish, slavic]", "[islamic, jewish]")
    twice = QUESTION.replace("[islamic, jewish, slavic]", "[islamic, jewish, jewish]")
    for text, told in ((few, "at least 3 items"), (twice, "names jewish twice")):
        (folder / "questions" / "family.yaml").write_text(text, "utf-8")
        (line,) = problems(folder)
        assert told in line


def test_a_folder_without_perspectives_says_what_it_misses(tmp_path):
    with pytest.raises(ScenarioError, match=r"perspectives\.yaml: there is no such file"):
        voices.load(tmp_path)


def labelled(**changed):
    row = {
        "id": "one",
        "language": "en",
        "text": "The Torah commands rest.",
        "references": [{"quote": "Torah", "perspective": "jewish", "substantive": True}],
        "why": "It says so.",
    }
    return json.dumps({**row, **changed})


def test_labelled_sentences_are_read_with_where_they_come_from(tmp_path):
    path = tmp_path / "held_apart_en.jsonl"
    path.write_text(labelled(), "utf-8")
    (found,) = sentences.load([path], ["jewish"])
    assert (found.origin, found.labelled.references[0].sentiment) == ("held_apart", None)


def test_mistakes_in_labelled_sentences_are_told_by_line(tmp_path):
    path = tmp_path / "seen_en.jsonl"
    reference = {"quote": "Talmud", "perspective": "jewish", "substantive": True}
    unknown = {**reference, "quote": "Torah", "perspective": "jewsh"}
    lines = [
        labelled(),
        labelled(text="Other."),
        labelled(id="two"),
        labelled(id="three", text="The Torah.", references=[unknown]),
        labelled(id="four", text="Nothing.", references=[]),
    ]
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(ScenarioError) as error:
        sentences.load([path], ["jewish"])
    told = str(error.value)
    assert f"{path}:2: one: the quote 'Torah' does not stand in `text`" in told
    assert f"{path}:3: two: text: stands already at {path}:1" in told
    assert f"{path}:4: three: references.0.perspective: unknown perspective 'jewsh'" in told
    assert ":5:" not in told


@pytest.mark.parametrize("name", ["english", "EN", "zh_Hans"])
def test_a_gazetteer_is_named_by_its_language(folder, name):
    (folder / "gazetteer" / f"{name}.yaml").write_text("terms: {islamic: [Islam]}\n", "utf-8")
    [problem] = problems(folder)
    assert problem.startswith(f"worldview/gazetteer/{name}.yaml: ")
    assert problem.endswith("; name the file by its language")
