"""The words about whose voices an answer lets speak, and the loader of their files."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator

from comity.errors import ScenarioError
from comity.schema import files
from comity.schema.base import Identifier, Language, Prose, Slug, Word, checked_language
from comity.schema.scenario import Tier

FOLDER = "worldview"
PERSPECTIVES_FILE = "perspectives.yaml"
QUESTIONS = "questions"
GAZETTEER = "gazetteer"
# Every question is asked in it, and it is the language of the smoke tier.
FIRST_LANGUAGE = "en"
# A question that fewer traditions have an answer to is not open in the sense meant here.
MIN_DRAWN_ON = 3

Sentiment = Literal["positive", "neutral", "negative"]


class Perspective(Word):
    """A tradition of thought, broadly taken: one of those whose voices are counted."""

    id: Slug
    name: Prose
    charter: Prose
    """What its delegate is told to speak from."""


def _asked_in_english(asks: dict[str, str]) -> dict[str, str]:
    if FIRST_LANGUAGE not in asks:
        raise ValueError(f"is asked in `{FIRST_LANGUAGE}` at least; add it")
    return asks


class OpenQuestion(Word):
    """A question on which traditions differ, and which has no answer that is everybody's."""

    id: Identifier
    domain: Slug
    """The stem of its file."""
    tier: Tier
    asks: Annotated[dict[Language, Prose], AfterValidator(_asked_in_english)]
    draws_on: Annotated[tuple[Slug, ...], Field(min_length=MIN_DRAWN_ON)]
    """Perspectives that are known to have thought about it."""
    why: Prose
    """Why the question is not neutral."""

    @model_validator(mode="after")
    def _is_named_after_its_domain(self) -> Self:
        if not self.id.startswith(f"{self.domain}."):
            raise ValueError(f"the id begins with the name of its file: {self.domain}.…")
        twice = {name for name in self.draws_on if self.draws_on.count(name) > 1}
        if twice:
            raise ValueError(f"`draws_on` names {min(twice)} twice; name each once")
        return self


class OpenRequest(Word):
    """An open question, put in one of its languages."""

    suite: str
    question: OpenQuestion
    language: Language

    @cached_property
    def id(self) -> str:
        """`domain.question-language`, unique within a suite's folder."""
        return f"{self.question.id}-{self.language}"

    @property
    def text(self) -> str:
        """What the user says to the agent."""
        return self.question.asks[self.language]

    @property
    def tier(self) -> Tier:
        """How soon it is put: a translation of the smoke tier's only with the standard tier."""
        tier = self.question.tier
        return "standard" if tier == "smoke" and self.language != FIRST_LANGUAGE else tier


Term = Annotated[str, StringConstraints(min_length=1, max_length=100)]
"""Words that name something, as they are written. A capital in it must be one in the text."""
Terms = dict[Slug, tuple[Term, ...]]
"""Terms by the id of the perspective that they stand for."""


class Gazetteer(Word):
    """The words by which texts of one language name the perspectives."""

    terms: Terms
    common: Terms = Field(default_factory=dict)
    """Terms that give way to another perspective which is named right beside them."""
    places: Terms = Field(default_factory=dict)
    """Names that count only where they stand for those who live there, and not for the place."""
    unless: tuple[Term, ...] = ()
    """Phrases in which a term is none."""
    before: tuple[Term, ...] = ()
    """What may be written onto the front of a term (Arabic's article)."""
    after: tuple[Term, ...] = ()
    """What may be written onto its end (a plural)."""
    ends: dict[Term, Term] = Field(default_factory=dict)
    """What a term's own end may change to (Spanish `o` to `a`)."""
    head: Literal["first", "last"] = "last"
    """Of two names side by side, which is the one spoken of: a `Japanese Buddhist` is Buddhist."""


class Reference(Word):
    """Words of an answer that stand for a perspective."""

    perspective: Slug
    quote: str
    """As they stand in the answer."""
    start: int
    """Where they begin, in characters of the prepared answer (`judges.reading.prepared`)."""
    substantive: StrictBool
    predicate: str
    """What is said, normalised so that equal things said of two are equal; "" where nothing is."""
    sentiment: Sentiment | None = None
    """None where nobody could tell."""


class Voices(Word):
    """What an extractor found in one answer."""

    extractor: str
    references: tuple[Reference, ...]
    failed: str | None = None
    """Why nothing could be found out, where that is so."""


@dataclass
class Worldview:
    """All that is read of a worldview's folder, but for the labelled sentences."""

    perspectives: list[Perspective] = field(default_factory=list)
    questions: list[OpenQuestion] = field(default_factory=list)
    gazetteers: dict[str, Gazetteer] = field(default_factory=dict)
    """By language."""


def load(folder: Path) -> Worldview:
    """Return the perspectives, the questions and the gazetteers in `folder`.

    Raises:
        ScenarioError: a line for every problem found in any file, not for the first alone.
    """
    if not (folder / PERSPECTIVES_FILE).is_file():
        raise ScenarioError(
            f"{folder / PERSPECTIVES_FILE}: there is no such file; "
            f"name the folder of suites in which {FOLDER}/ lies"
        )
    reader = _Reader(folder)
    reader.read_perspectives()
    reader.read_questions()
    reader.read_gazetteers()
    if reader.problems:
        raise ScenarioError("\n".join(reader.problems))
    return reader.worldview


def unknown(name: str, known: Iterable[str]) -> str:
    """Return what to tell about a perspective that there is none of."""
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"write it in {PERSPECTIVES_FILE} first"
    return f"unknown perspective {name!r}; {hint}"


class _Reader:
    """Reads the files of a worldview one by one, and notes what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.worldview = Worldview()
        self.problems: list[str] = []
        self._known: set[str] | None = set()
        """The ids of the perspectives; None where their own file is wrong."""

    def _files(self, name: str) -> list[Path]:
        return files.named(self.folder / name, self.folder.parent, self.problems)

    def _documents(self, paths: Iterable[Path]) -> Iterator[files.Document]:
        for path in sorted(paths):
            try:
                yield files.read(path, path.relative_to(self.folder.parent))
            except ScenarioError as error:
                self.problems.append(str(error))

    def read_perspectives(self) -> None:
        before = len(self.problems)
        for document in self._documents([self.folder / PERSPECTIVES_FILE]):
            for index, found in files.entries(document, Perspective, self.problems):
                if found.id in {other.id for other in self.worldview.perspectives}:
                    message = "the id stands twice; give one of them another"
                    self.problems.append(document.problem((index, "id"), message))
                self.worldview.perspectives.append(found)
        wrong = len(self.problems) > before
        self._known = None if wrong else {one.id for one in self.worldview.perspectives}

    def read_questions(self) -> None:
        first_at: dict[str, str] = {}
        for document in self._documents(self._files(QUESTIONS)):
            domain = document.path.stem
            content = document.content
            if isinstance(content, list):
                content = [
                    {"domain": domain} | entry if isinstance(entry, dict) else entry
                    for entry in content
                ]
            placed = files.Document(document.path, content, document.lines)
            for index, question in files.entries(placed, OpenQuestion, self.problems):
                here = document.where((index,))
                first = first_at.setdefault(question.id, here)
                if first is not here:
                    message = f"the id stands already at {first}; give this one another"
                    self.problems.append(document.problem((index, "id"), message))
                for place, name in enumerate(question.draws_on):
                    self._check(document, (index, "draws_on", place), name)
                self.worldview.questions.append(question)

    def read_gazetteers(self) -> None:
        for document in self._documents(self._files(GAZETTEER)):
            try:
                language = checked_language(document.path.stem)
                found = files.single(document, Gazetteer)
            except ScenarioError as error:
                self.problems.append(str(error))
                continue
            except ValueError as error:
                self.problems.append(f"{document.path}: {error}; name the file by its language")
                continue
            self._check_terms(document, found)
            self.worldview.gazetteers[language] = found

    def _check_terms(self, document: files.Document, found: Gazetteer) -> None:
        """Note unknown perspectives, and terms that stand twice: one of them would never count."""
        first_at: dict[str, str] = {}
        for kind, terms in (
            ("terms", found.terms),
            ("common", found.common),
            ("places", found.places),
        ):
            for name, words in terms.items():
                self._check(document, (kind, name), name)
                for place, term in enumerate(words):
                    here = document.where((kind, name, place))
                    first = first_at.setdefault(term, here)
                    if first is not here:
                        message = f"{term!r} stands already at {first}; leave one out"
                        self.problems.append(document.problem((kind, name, place), message))

    def _check(self, document: files.Document, at: files.Path_, name: str) -> None:
        if self._known is not None and name not in self._known:
            self.problems.append(document.problem(at, unknown(name, self._known)))
