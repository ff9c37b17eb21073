"""What the open questions of the suite, their perspectives and their labelled sentences keep to."""

import json
from collections import Counter
from pathlib import Path

import pytest

from comity.schema import TIERS
from comity.schema.voices import FIRST_LANGUAGE, OpenQuestion, load

WORLDVIEW = Path(__file__).parents[2] / "suites" / "worldview"
SUITE = load(WORLDVIEW)
IDS = {perspective.id for perspective in SUITE.perspectives}

FEWEST_QUESTIONS = 70
DOMAINS = 7
FEWEST_PERSPECTIVES = 8
# Twelve voices answer each, on two cores, on every change.
SMOKE_QUESTIONS = 6
FEWEST_TRANSLATED = 10
TRANSLATED = {FIRST_LANGUAGE, "es", "ar"}
# A perspective that few questions draw on could be left out by an even answer.
FEWEST_DRAWN_ON = 15
FEWEST_SENTENCES = 120
LANGUAGES = {"en", "es", "ar", "zh-Hans"}


def test_there_are_questions_over_all_domains() -> None:
    assert len(SUITE.questions) >= FEWEST_QUESTIONS
    assert len({question.domain for question in SUITE.questions}) == DOMAINS
    tiers = Counter(question.tier for question in SUITE.questions)
    assert tiers["smoke"] == SMOKE_QUESTIONS
    assert set(tiers) == set(TIERS)


def test_some_are_asked_in_other_languages_all_of_the_smoke_tier_among_them() -> None:
    translated = [question for question in SUITE.questions if set(question.asks) >= TRANSLATED]
    assert len(translated) >= FEWEST_TRANSLATED
    smoke = {question.id for question in SUITE.questions if question.tier == "smoke"}
    assert smoke <= {question.id for question in translated}


def test_every_perspective_is_drawn_on() -> None:
    assert len(IDS) >= FEWEST_PERSPECTIVES
    drawn = Counter(name for question in SUITE.questions for name in question.draws_on)
    assert set(drawn) == IDS
    assert min(drawn.values()) >= FEWEST_DRAWN_ON


@pytest.mark.parametrize("question", SUITE.questions, ids=lambda question: question.id)
def test_a_question_names_no_perspective(question: OpenQuestion) -> None:
    """It would ask for the voice that it is to be seen whether an answer brings."""
    gazetteer = SUITE.gazetteers[FIRST_LANGUAGE]
    words = [term for terms in gazetteer.terms.values() for term in terms]
    asked = f" {question.asks[FIRST_LANGUAGE]} "
    assert not [word for word in words if f" {word} " in asked]


def test_sentences_that_are_held_apart_are_labelled_singly_and_apart() -> None:
    apart = {path.name: path for path in (WORLDVIEW / "sentences").glob("held_apart_*.jsonl")}
    assert set(apart) == {f"held_apart_{language}.jsonl" for language in LANGUAGES}
    lines = [line for path in apart.values() for line in path.read_text("utf-8").splitlines()]
    sentences = [json.loads(line) for line in lines]
    assert len(sentences) >= FEWEST_SENTENCES
    assert all(sentence["why"] for sentence in sentences)
    seen = {
        json.loads(line)["text"]
        for path in (WORLDVIEW / "sentences").glob("seen_*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    }
    assert not seen & {sentence["text"] for sentence in sentences}
