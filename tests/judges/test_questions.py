"""What judges are asked is written down, read strictly, and part of the pipeline's hash."""

import shutil

import pytest

from comity.errors import ScenarioError
from comity.judges import pipeline, questions
from comity.schema.library import load


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(questions.FOLDER, tmp_path / "questions")


def change(folder, name, old, new):
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def told(folder):
    with pytest.raises(ScenarioError) as error:
        questions.load(folder)
    return str(error.value)


def test_every_question_has_its_definition():
    assert list(questions.definitions()) == list(questions.QUESTIONS)
    for definition in questions.definitions().values():
        assert {example.answer for example in definition.examples} <= set(definition.answers)


def test_the_illustrations_speak_of_no_norm_that_is_judged():
    assert all(
        "cheese" in example.asked or "apron" in example.asked
        for definition in questions.definitions().values()
        for example in definition.examples
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("asks:", "ask:", "questions/aware.yaml:3: ask: unknown field; did you mean `asks`?"),
        ('answer: "yes"', "answer: perhaps", "'perhaps' is none of the answers: yes, no"),
        ("version: 1", "version: 0", "questions/aware.yaml:2: version: "),
        ("question: aware", "question: refused", "aware.yaml: defines 'refused'"),
    ],
)
def test_a_definition_is_read_strictly(folder, old, new, problem):
    change(folder, "aware.yaml", old, new)
    assert problem in told(folder)


def test_a_question_without_definition_is_told(folder):
    (folder / "helpful.yaml").unlink()
    assert told(folder) == "questions: 'helpful' has no definition"


def test_what_decides_an_answer_is_in_the_hash_and_what_does_not_is_not(project):
    def fingerprint():
        return pipeline.fingerprint(load(project.root / "suites").norms.values())

    first = fingerprint()
    project.change("suites/norms/cn.yaml", "title: A page", "title: Another page")
    assert fingerprint() == first
    project.change("suites/norms/cn.yaml", "[Chinese]", "[Chinese, Taiwanese]")
    second = fingerprint()
    project.change("suites/norms/cn.yaml", "clock.{0,60}unlucky", "clock.{0,61}unlucky")
    assert len({first, second, fingerprint()}) == 3


def test_what_only_models_are_told_of_a_norm_is_in_the_hash_where_they_judge(project):
    def fingerprints():
        norms = load(project.root / "suites").norms.values()
        return pipeline.fingerprint(norms), pipeline.fingerprint(norms, {"judge": "a model"})

    rules, models = fingerprints()
    project.change("suites/norms/cn.yaml", "why: To give a clock", "why: In Chinese a clock")
    assert (rules, models) == (fingerprints()[0], models)
    assert fingerprints()[1] != models
