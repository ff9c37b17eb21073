"""Labelled sentences: of which people have said whose voices are in them, to measure extractors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import StrictBool, StringConstraints, model_validator

from comity.errors import ScenarioError
from comity.schema import files, json_lines
from comity.schema.base import Language, Prose, Slug, Word
from comity.schema.example import Origin, origin_of
from comity.schema.voices import Sentiment, unknown

FOLDER = "sentences"
# A few sentences; what is longer is an answer, and a label of it would hide where it erred.
MAX_TEXT_CHARACTERS = 2_000


class LabelledReference(Word):
    """Words that stand for a perspective, and whether anything is said of it."""

    quote: Annotated[str, StringConstraints(min_length=1)]
    perspective: Slug
    substantive: StrictBool
    sentiment: Sentiment | None = None
    """None where nobody has said."""


class Labelled(Word):
    """A text of a sentence or a few, and the references in it."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    language: Language
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT_CHARACTERS)]
    references: tuple[LabelledReference, ...]
    why: Prose
    """The reason for the labels."""

    @model_validator(mode="after")
    def _quotes_its_text(self) -> Self:
        for reference in self.references:
            if reference.quote not in self.text:
                raise ValueError(
                    f"the quote {reference.quote!r} does not stand in `text`; copy it from there"
                )
        return self


@dataclass(frozen=True)
class Sentence:
    """A labelled text, and where it comes from."""

    labelled: Labelled
    file: Path
    origin: Origin


def load(paths: Sequence[Path], perspectives: Collection[str]) -> list[Sentence]:
    """Return the labelled sentences of all files, whose `perspectives` are these.

    Raises:
        ScenarioError: a line for every problem found in any file, not for the first alone.
    """
    found: list[Sentence] = []
    problems: list[str] = []
    first_at: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        before = len(problems)
        try:
            document = json_lines.read(path, path, problems)
        except ScenarioError as error:
            problems.append(str(error))
            continue
        if not document.content and len(problems) == before:
            problems.append(f"{path}: has no sentence in it")
        for index, labelled in files.entries(document, Labelled, problems):
            here = document.where((index,))
            # A text that stands twice counts twice, or is seen and held apart at once.
            for name, value in (("id", labelled.id), ("text", labelled.text)):
                first = first_at.setdefault(f"{name} {value}", here)
                if first is not here:
                    message = f"stands already at {first}; leave one out, or change it"
                    problems.append(document.problem((index, name), message))
            for place, reference in enumerate(labelled.references):
                if reference.perspective not in perspectives:
                    at: files.Path_ = (index, "references", place, "perspective")
                    message = unknown(reference.perspective, perspectives)
                    problems.append(document.problem(at, message))
            found.append(Sentence(labelled, document.path, origin_of(document.path)))
    if problems:
        raise ScenarioError("\n".join(problems))
    return found
