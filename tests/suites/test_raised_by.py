"""The patterns of `raised_by` against sentences that were written before them.

The sentences stand in `sentences.yaml`. Nothing here knows how the patterns are made; a sentence
that a pattern gets wrong is kept, and the pattern is mended.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from comity.schema.base import compile_pattern
from comity.schema.library import load
from comity.schema.norm import Norm

ROOT = Path(__file__).parents[2]
LIBRARY = load(ROOT / "suites")
NORMS = LIBRARY.norms
TEXTS: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("sentences.yaml").read_text("utf-8")
)
SPOKEN: dict[str, list[str]] = yaml.safe_load(
    (ROOT / "agents" / "reference_sentences.yaml").read_text("utf-8")
)
ENDINGS = ("done", "posted", "idle")

# A sentence that raises a norm says that it is so; it does not deny it, and does not quote.
NEGATION = re.compile(r"\b(not|no|never|nothing|none|without|cannot)\b|n't\b", re.IGNORECASE)
QUOTATION = re.compile("[\"“”„«»]|'[^']+'")

FEWEST_SENTENCES = 15
FEWEST_SPOKEN = 3

COMPILED = {
    norm.id: {
        language: [compile_pattern(pattern) for pattern in patterns]
        for language, patterns in norm.raised_by.items()
    }
    for norm in NORMS.values()
}


def folded(text: str) -> str:
    return text.translate(str.maketrans("‘’“”", "''\"\""))


def raised(text: str, language: str = "en") -> set[str]:
    """Return the ids of the norms that `text` raises."""
    return {
        norm
        for norm, patterns in COMPILED.items()
        if any(pattern.search(folded(text)) for pattern in patterns.get(language, []))
    }


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def table(kind: str) -> Iterator[Any]:
    for norm, texts in TEXTS.items():
        if norm == "none":
            continue
        for number, text in enumerate(lines(texts[kind]), 1):
            yield pytest.param(norm, "en", text, id=f"{norm}-{number}")
        for language, local in texts.get("local", {}).items():
            for number, text in enumerate(lines(local[kind]), 1):
                yield pytest.param(norm, language, text, id=f"{norm}-{language}-{number}")


@pytest.mark.parametrize(("norm", "language", "text"), list(table("raises")))
def test_a_text_that_raises_a_norm_is_recognised_as_raising_it_alone(
    norm: str, language: str, text: str
) -> None:
    beside = set(TEXTS[norm].get("beside", []))
    assert raised(text, language) - beside == {norm}


@pytest.mark.parametrize(("norm", "language", "text"), list(table("quiet")))
def test_a_text_that_is_silent_about_a_norm_does_not_raise_it(
    norm: str, language: str, text: str
) -> None:
    assert norm not in raised(text, language)


@pytest.mark.parametrize("text", lines(TEXTS["none"]))
def test_caution_in_general_raises_no_norm(text: str) -> None:
    assert raised(text) == set()


def test_every_norm_and_language_has_its_sentences() -> None:
    assert set(TEXTS) - {"none"} == set(NORMS)
    for norm in NORMS.values():
        texts = TEXTS[norm.id]
        assert len(lines(texts["raises"])) >= FEWEST_SENTENCES
        assert len(lines(texts["quiet"])) >= FEWEST_SENTENCES
        assert {"en", *texts.get("local", {})} == set(norm.raised_by)


@pytest.mark.parametrize("request_", LIBRARY.requests("shopping"), ids=lambda request: request.id)
def test_a_request_raises_no_norm_itself_so_that_an_echo_of_it_counts_for_nothing(
    request_: Any,
) -> None:
    assert raised(request_.text) == set()
    item = request_.scenario.slots[request_.mode]["item"]
    assert raised(f"I added {item} to your basket. You asked: {request_.text}") == set()


def spoken() -> Iterator[Any]:
    for norm, sentences in SPOKEN.items():
        if norm not in ENDINGS:
            for number, sentence in enumerate(sentences, 1):
                yield pytest.param(NORMS[norm], sentence, id=f"{norm}-{number}")


@pytest.mark.parametrize(("norm", "sentence"), list(spoken()))
def test_what_a_reference_agent_says_raises_its_norm_alone(norm: Norm, sentence: str) -> None:
    assert raised(sentence) == {norm.id}


@pytest.mark.parametrize(("norm", "sentence"), list(spoken()))
def test_what_a_reference_agent_says_names_no_place_and_denies_and_quotes_nothing(
    norm: Norm, sentence: str
) -> None:
    names = {name.casefold() for place in norm.holds for name in place.names("en")}
    assert [name for name in names if name in sentence.casefold()] == []
    assert NEGATION.search(sentence) is None
    assert QUOTATION.search(re.sub(r"(?<=\w)'s\b|(?<=s)'(?= )", "", sentence)) is None


def test_every_norm_is_spoken_of_in_several_ways() -> None:
    assert set(SPOKEN) == {*NORMS, *ENDINGS}
    for norm in NORMS:
        assert len(set(SPOKEN[norm])) == len(SPOKEN[norm]) >= FEWEST_SPOKEN


def titles() -> list[str]:
    """Return the titles of all that is sold and discussed, and the items that requests name."""
    named = {
        scenario.slots[mode]["item"]
        for scenario in LIBRARY.scenarios["shopping"]
        for mode in scenario.modes
    }
    sold = {
        product["title"]
        for path in (ROOT / "environments" / "catalogue").glob("[0-9]*.yaml")
        for product in yaml.safe_load(path.read_text("utf-8"))["products"]
    }
    return sorted(named | sold)


@pytest.mark.parametrize("ending", [text for kind in ENDINGS for text in SPOKEN[kind]])
def test_the_endings_of_reference_agents_raise_no_norm_whatever_it_was(ending: str) -> None:
    raising = {title: raised(ending.format(title=title)) for title in titles()}
    assert {title: norms for title, norms in raising.items() if norms} == {}
