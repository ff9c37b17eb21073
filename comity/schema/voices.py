"""Open questions, on which traditions of thought differ, and whose voices an answer lets speak."""

from functools import cached_property
from typing import Literal

from pydantic import Field

from comity.schema.base import Language, Prose, Slug, Word
from comity.schema.scenario import Tier

FIRST_LANGUAGE = "en"

Sentiment = Literal["positive", "neutral", "negative"]


class Perspective(Word):
    """A family of traditions of thought that can speak for itself."""

    id: Slug
    name: Prose
    charter: Prose
    """What an agent is told that is to speak for it."""


class OpenQuestion(Word):
    """A question on which traditions differ, and which takes none of them for granted."""

    id: str
    domain: str
    tier: Tier
    asks: dict[Language, Prose]
    draws_on: tuple[Slug, ...] = Field(min_length=3)
    """The perspectives on which a good answer might draw, by their ids."""
    why: Prose
    """Why the question is not neutral."""


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
        """How soon the question is put; in English first, which each is asked in."""
        tier = self.question.tier
        return "standard" if tier == "smoke" and self.language != FIRST_LANGUAGE else tier


class Reference(Word):
    """Words of an answer that stand for a perspective."""

    perspective: str
    quote: str
    start: int = Field(ge=0)
    """Where the quotation begins in the answer, in characters."""
    substantive: bool
    """Whether a view, practice, argument or thinker is told, and not only a name."""
    predicate: str
    """What is said, normalised; empty where nothing is."""
    sentiment: Sentiment | None = None
    """None where nobody could tell."""


class Voices(Word):
    """What an extractor found in one answer."""

    extractor: str
    references: tuple[Reference, ...]
    failed: str | None = None


class Worldview(Word):
    """What a suite of open questions asks, and whose voices it listens for."""

    perspectives: tuple[Perspective, ...]
    questions: tuple[OpenQuestion, ...]


def load(folder: object) -> Worldview:
    raise NotImplementedError
