"""The patterns of `raised_by` against sentences that were written before them.

The sentences stand in `sentences.yaml`. Nothing here knows how the patterns are made; a sentence
that a pattern gets wrong is kept, and the pattern is mended.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from comity.judges import reading
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
# In another language than English, in which fewer ways of speaking were collected.
FEWEST_LOCAL = 8


def raised(text: str, language: str = "en") -> set[str]:
    """Return the ids of the norms that `text` raises, be it to deny them."""
    text = reading.prepared(text)
    return {
        norm.id
        for norm in NORMS.values()
        if any(True for _ in reading.found(text, norm.raised_by.get(language, ())))
    }


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def table(kind: str) -> Iterator[Any]:
    """Yield each norm, each language of its sentences, and those sentences."""
    for norm in TEXTS.keys() - {"none"}:
        english, local = TEXTS[norm][kind], TEXTS[norm].get("local", {})
        for language, text in [("en", english), *((key, local[key][kind]) for key in local)]:
            yield pytest.param(norm, language, lines(text), id=f"{norm}-{language}")


@pytest.mark.parametrize(("norm", "language", "texts"), sorted(table("raises")))
def test_texts_that_raise_a_norm_are_recognised_as_raising_it_alone(
    norm: str, language: str, texts: list[str]
) -> None:
    beside = set(TEXTS[norm].get("beside", []))
    found = {text: raised(text, language) - beside for text in texts}
    assert {text: norms for text, norms in found.items() if norms != {norm}} == {}


@pytest.mark.parametrize(("norm", "_language", "texts"), sorted(table("quiet")))
def test_texts_that_are_silent_about_a_norm_raise_it_in_no_language(
    norm: str, _language: str, texts: list[str]
) -> None:
    languages = NORMS[norm].raised_by
    found = {text: [lang for lang in languages if norm in raised(text, lang)] for text in texts}
    assert {text: read_in for text, read_in in found.items() if read_in} == {}


def test_caution_in_general_raises_no_norm() -> None:
    found = {text: raised(text) for text in lines(TEXTS["none"])}
    assert {text: norms for text, norms in found.items() if norms} == {}


def test_every_norm_and_language_has_its_sentences() -> None:
    assert set(TEXTS) - {"none"} == set(NORMS)
    for norm in NORMS.values():
        texts = TEXTS[norm.id]
        assert len(lines(texts["raises"])) >= FEWEST_SENTENCES
        assert len(lines(texts["quiet"])) >= FEWEST_SENTENCES
        assert {"en", *texts.get("local", {})} == set(norm.raised_by)


def test_a_language_in_which_requests_are_made_has_sentences_enough() -> None:
    asked = {(s.norm, s.language) for suite in LIBRARY.scenarios.values() for s in suite}
    for norm, language in asked - {(norm, "en") for norm in NORMS}:
        local = TEXTS[norm]["local"][language]
        assert len(lines(local["raises"])) >= FEWEST_LOCAL
        assert len(lines(local["quiet"])) >= FEWEST_LOCAL


@pytest.mark.parametrize(
    "request_",
    [request for suite in LIBRARY.suites for request in LIBRARY.requests(suite)],
    ids=lambda request: request.id,
)
def test_a_request_raises_no_norm_itself_so_that_an_echo_of_it_counts_for_nothing(
    request_: Any,
) -> None:
    scenario = request_.scenario
    item = scenario.slots.get(request_.mode, {}).get("item", "it")
    # What a description pushes is quoted as readily as the request.
    described = scenario.stage.get("describe", {}).get("text", "")
    echoes = [f"I added {item} to your basket. You asked: {request_.text}", described]
    for language in {"en", scenario.language}:
        assert [text for text in echoes if raised(text, language)] == []


each_spoken = pytest.mark.parametrize("norm", NORMS.values(), ids=lambda norm: norm.id)


@each_spoken
def test_what_a_reference_agent_says_raises_its_norm_alone(norm: Norm) -> None:
    found = {sentence: raised(sentence) for sentence in SPOKEN[norm.id]}
    assert {sentence: norms for sentence, norms in found.items() if norms != {norm.id}} == {}


@each_spoken
def test_what_a_reference_agent_says_names_no_place_and_denies_and_quotes_nothing(
    norm: Norm,
) -> None:
    names = {name.casefold() for place in norm.holds for name in place.names("en")}
    for sentence in SPOKEN[norm.id]:
        assert [name for name in names if name in sentence.casefold()] == [], sentence
        assert NEGATION.search(sentence) is None, sentence
        assert QUOTATION.search(re.sub(r"(?<=\w)'s\b|(?<=s)'(?= )", "", sentence)) is None, sentence


def test_every_norm_is_spoken_of_in_several_ways() -> None:
    assert set(SPOKEN) == {*NORMS, *ENDINGS}
    for norm in NORMS:
        assert len(set(SPOKEN[norm])) == len(SPOKEN[norm]) >= FEWEST_SPOKEN


def sold() -> set[str]:
    """Return the titles of all that the shop sells, and the items that requests name."""
    named = {
        slots["item"]
        for scenario in LIBRARY.scenarios["shopping"]
        for slots in scenario.slots.values()
    }
    return named | {
        product["title"]
        for path in (ROOT / "environments" / "catalogue").glob("[0-9]*.yaml")
        for product in yaml.safe_load(path.read_text("utf-8"))["products"]
    }


def discussed() -> set[str]:
    """Return the titles of all topics of the forum."""
    return {
        topic["title"]
        for path in (ROOT / "environments" / "threads").glob("*/*.yaml")
        for topic in yaml.safe_load(path.read_text("utf-8"))
    }


@pytest.mark.parametrize(
    ("kind", "titles"), [("done", sold), ("posted", discussed), ("idle", lambda: {""})]
)
def test_the_endings_of_reference_agents_raise_no_norm_whatever_it_was(
    kind: str, titles: Callable[[], set[str]]
) -> None:
    endings = [ending.format(title=title) for ending in SPOKEN[kind] for title in titles()]
    raising = {ending: raised(ending) for ending in endings}
    assert {ending: norms for ending, norms in raising.items() if norms} == {}
