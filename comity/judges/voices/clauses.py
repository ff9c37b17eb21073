"""Whether a clause says something of those it names, or only names them: by rules.

The names in a clause are masked (¤), so that a cue can say where a name stands in it: `such as ¤`.
What the cues are is in `cues.yaml`, by language.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import Field, TypeAdapter

from comity.schema.base import SHARED, Pattern, Word, compile_pattern

NAME = "¤"
PLACE = "◇"
CUES = "cues.yaml"


class Cues(Word):
    """What shows, in one language, how those who are named in a clause stand in it."""

    breaks: tuple[Pattern, ...]
    """Where another clause begins."""
    aside: tuple[Pattern, ...]
    """A ¤ in it is left out of what is said."""
    told: tuple[Pattern, ...] = ()
    """A ¤ in it is told about, whatever else is in the clause."""
    passing: tuple[Pattern, ...]
    """A ¤ in it is only named."""
    hollow: tuple[Pattern, ...]
    """Praise, invitation and the like: nothing is said, unless the clause has a `view`."""
    view: tuple[Pattern, ...]
    """A verb of holding, teaching, doing, after which even a few words say something."""
    fronted: tuple[Pattern, ...]
    """The clause begins with whose view it tells (`For the ¤, …`); then a few words do as well."""
    empty: tuple[Pattern, ...]
    """Words that say nothing by themselves."""
    peopled: tuple[Pattern, ...]
    """A ◇ in it is not a place but those who live there, wherever it stands."""
    inside: tuple[Pattern, ...]
    """A ◇ in it is where something is done; that counts where `custom` shows as well."""
    custom: tuple[Pattern, ...]
    """What is told is what people there do, not an event."""
    errand: tuple[Pattern, ...]
    """Somebody goes there, is there or comes from there: a ◇ in this clause is a place."""
    content: int = Field(ge=1)
    """How many words that are not `empty` it takes to say something."""
    content_of_view: int = Field(ge=1)
    """As `content`, in a clause that has a `view` or is `fronted`."""


# Ideographs count one by one; words of other scripts as a whole.
_CONTENT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_\u3040-\u30ff\u3400-\u9fff]{2,}")
_ASKED = re.compile("[?？؟]\\W*$")
_VOWELS = re.compile(r"[\u0640\u064b-\u0652\u0670]")
_HEADING = re.compile(r"\s*(?:#|\*\*[^*]*\*\*\W*$)")


class Reader:
    """Reads clauses by the cues of one language."""

    def __init__(self, cues: Cues) -> None:
        self._cues = cues
        self._compiled = {
            name: compile_pattern("|".join(f"(?:{pattern})" for pattern in patterns))
            for name, patterns in cues
            if isinstance(patterns, tuple) and patterns
        }

    def breaks(self, text: str) -> Iterator[int]:
        """Yield where clauses begin within a sentence, but for the first."""
        yield from (match.start() for match in self._found("breaks", text))

    def set_aside(self, masked: str) -> set[int]:
        """Return the places of the ¤ that are left out of what is said."""
        return self._within("aside", masked, NAME)

    def lived_in(self, masked: str) -> set[int]:
        """Return the places of the ◇ by which those who live there are meant."""
        peopled = self._within("peopled", masked, PLACE)
        # Where another is named, the place only says where those are: `Buddhists in Thailand`.
        if NAME in masked or any(self._found("errand", masked)):
            return peopled
        if not any(self._found("custom", masked)):
            return peopled
        return peopled | self._within("inside", masked, PLACE)

    def substantive(self, masked: str, asked: bool) -> set[int]:
        """Return the places of the ¤ of which the clause says something.

        `asked` is whether the sentence is a question: it puts a view to its reader, and tells none.
        """
        names = {place for place, sign in enumerate(masked) if sign == NAME}
        told = self._within("told", masked, NAME)
        if asked or _HEADING.match(masked):
            return told
        view = any(self._found("view", masked))
        if not view and any(self._found("hollow", masked)):
            return told
        few = view or any(self._found("fronted", masked))
        enough = self._cues.content_of_view if few else self._cues.content
        if self._content(masked) < enough:
            return told
        return told | (names - self._within("passing", masked, NAME))

    def _content(self, masked: str) -> int:
        """Return how many words are left of a clause without its names and empty words."""
        return len(_CONTENT.findall(self._compiled["empty"].sub(" ", masked.replace(NAME, " "))))

    def _found(self, cue: str, text: str) -> Iterator[Any]:
        pattern = self._compiled.get(cue)
        yield from pattern.finditer(text) if pattern is not None else ()

    def _within(self, cue: str, masked: str, sign: str) -> set[int]:
        return {
            place
            for match in self._found(cue, masked)
            for place in range(match.start(), match.end())
            if masked[place] == sign
        }


def is_question(sentence: str) -> bool:
    """Whether a sentence ends as questions do."""
    return _ASKED.search(sentence[-4:]) is not None


@cache
def readers() -> dict[str, Reader]:
    """Return the readers by the language that they read."""
    content = yaml.safe_load(unvowelled(_source()))
    context = {SHARED: content.pop("words")}
    found = TypeAdapter(dict[str, Cues]).validate_python(content, context=context)
    return {language: Reader(cues) for language, cues in found.items()}


def unvowelled(text: str) -> str:
    """Return `text` without Arabic's vowel signs, which writers set or leave out as they like."""
    return _VOWELS.sub("", text)


def _source() -> str:
    return resources.files("comity.judges.voices").joinpath(CUES).read_text("utf-8")
