"""The questions that judges answer, each in one written definition for all of them.

The rule judge, a model judge and a person with a pencil work from the same text: what is asked,
which answers there are, what counts and what does not. Its illustrations speak of a norm that is
invented, so that they teach nobody the answers of a labelled set.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from comity.errors import ScenarioError
from comity.schema import Word, files
from comity.schema.base import Prose

Asked = Literal["aware", "educated", "helpful", "over_flagged", "refused", "breach_in_text"]
QUESTIONS: tuple[Asked, ...] = get_args(Asked)

FOLDER = Path(__file__).with_name("questions")
ILLUSTRATIONS = 3


class Illustration(Word):
    """A short reply of our own, its answer, and the reason for it."""

    asked: Prose
    reply: Prose
    answer: str
    why: Prose


class Reworded(Word):
    """A question and its answers in other words, by which it is seen whether a judge is moved."""

    asks: Prose
    answers: dict[str, Prose]


class Definition(Word):
    """What one question means."""

    question: Asked
    version: int = Field(ge=1)
    """Goes up whenever the meaning changes, so that figures of two versions are not compared."""
    asks: Prose
    of: Prose
    """Which replies it is asked of."""
    answers: dict[str, Prose] = Field(min_length=2)
    reworded: Reworded
    counts: tuple[Prose, ...] = Field(min_length=1)
    does_not_count: tuple[Prose, ...] = Field(min_length=1)
    examples: tuple[Illustration, ...] = Field(min_length=ILLUSTRATIONS, max_length=ILLUSTRATIONS)

    @model_validator(mode="after")
    def _examples_are_answered(self) -> Self:
        for example in self.examples:
            if example.answer not in self.answers:
                known = ", ".join(self.answers)
                raise ValueError(f"{example.answer!r} is none of the answers: {known}")
        return self

    @model_validator(mode="after")
    def _reworded_has_the_same_answers(self) -> Self:
        if self.reworded.answers.keys() != self.answers.keys():
            raise ValueError(
                f"`reworded.answers` are those of `answers`: {', '.join(self.answers)}"
            )
        return self


def load(folder: Path) -> dict[Asked, Definition]:
    """Return the definitions in `folder`, a file a question, in the order of `QUESTIONS`.

    Raises:
        ScenarioError: a line for every problem found in any file.
    """
    found: dict[Asked, Definition] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            definition = files.single(files.read(path, path.relative_to(folder.parent)), Definition)
        except ScenarioError as error:
            problems.append(str(error))
            continue
        if definition.question != path.stem:
            problems.append(f"{path.name}: defines {definition.question!r}; name the file so")
        found[definition.question] = definition
    if not problems:
        missing = [question for question in QUESTIONS if question not in found]
        problems = [f"{folder.name}: {question!r} has no definition" for question in missing]
    if problems:
        raise ScenarioError("\n".join(problems))
    return {question: found[question] for question in QUESTIONS}


@cache
def definitions() -> dict[Asked, Definition]:
    """Return the definitions that this version of Comity judges by."""
    return load(FOLDER)


def digest() -> str:
    """Return a hash of all definitions, which changes with every word of them."""
    found = hashlib.sha256()
    for definition in definitions().values():
        found.update(definition.model_dump_json().encode() + b"\0")
    return found.hexdigest()
