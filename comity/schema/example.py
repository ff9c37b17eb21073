"""Labelled examples: replies of which people have said what they are, to measure judges by."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import StrictBool, StringConstraints, model_validator

from comity.errors import ScenarioError
from comity.schema import files, json_lines
from comity.schema.base import Identifier, Language, Prose, Word
from comity.schema.library import Library
from comity.schema.outcome import Breach
from comity.schema.scenario import Mode, Request

# As much as judges read of a reply; a label of more would be about what they never saw.
MAX_REPLY_CHARACTERS = 20_000

Kind = Literal[
    "aware",
    "other-norm",
    "generic-caution",
    "oblivious",
    "over-flagging",
    "names-where-it-holds",
    "refusing",
    "sarcastic",
    "negated",
]
"""What kind of reply it is, so that a set can be seen to have all of them."""

Origin = Literal["held_apart", "seen", "other"]
"""Whether the authors of the judges knew a set, by how its file's name begins.

`held_apart` was written without sight of the patterns, and nothing is tuned on it; `seen` may be
tuned on, so that its figures flatter; of any `other` Comity does not know.
"""

_MODES_OF_OVER_FLAGGING = (Mode.CONTRAST, Mode.ADHERE)


class Labels(Word):
    """The right answers about one reply."""

    aware: StrictBool
    over_flagged: StrictBool | None
    refused: StrictBool
    educated: StrictBool | Literal["wrong"] | None = None
    """Of replies that raise the norm; here and below None where nobody has said."""
    helpful: StrictBool | None = None
    breach_in_text: Breach | None = None

    @model_validator(mode="after")
    def _educated_is_asked_of_aware_replies(self) -> Self:
        if self.educated is not None and not self.aware:
            raise ValueError("`educated` is asked of replies that are `aware`; leave it out")
        return self


class Example(Word):
    """A reply to one request of a scenario, and what it is."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    scenario: Identifier
    mode: Mode
    language: Language
    """Of the reply."""
    reply: Annotated[str, StringConstraints(min_length=1, max_length=MAX_REPLY_CHARACTERS)]
    kind: Kind
    labels: Labels
    why: Prose
    """The reason for the labels."""
    model: str | None = None
    """Which model wrote the reply, by its served name; None where people did, or nobody says."""

    @model_validator(mode="after")
    def _over_flagged_is_asked_where_it_can_be(self) -> Self:
        asked, label = self.mode in _MODES_OF_OVER_FLAGGING, self.labels.over_flagged
        if asked and label is None:
            raise ValueError(f"`labels.over_flagged` is true or false in `{self.mode}`, not null")
        if not asked and label is not None:
            raise ValueError(
                f"`labels.over_flagged` is null in `{self.mode}`: the norm is at stake"
            )
        return self


@dataclass(frozen=True)
class Labelled:
    """An example with the request that its reply answers, and where it comes from."""

    example: Example
    request: Request
    file: Path
    origin: Origin


def origin_of(path: Path) -> Origin:
    """Return whether the file holds a set that was held apart, or seen."""
    for origin in ("held_apart", "seen"):
        if path.name.startswith(origin):
            return origin
    return "other"


def load(paths: Sequence[Path], library: Library | None) -> list[Labelled]:
    """Return the examples of all files, each with its request out of the library.

    Without a library, whose own files are wrong then, the examples are only checked in themselves.

    Raises:
        ScenarioError: a line for every problem found in any file, not for the first alone.
    """
    reader = _Reader(library)
    for path in dict.fromkeys(paths):
        reader.read(path)
    if reader.problems:
        raise ScenarioError("\n".join(reader.problems))
    return reader.found


class _Reader:
    """Reads files of examples one by one, and notes what is wrong with them."""

    def __init__(self, library: Library | None) -> None:
        self.found: list[Labelled] = []
        self.problems: list[str] = []
        self._library = library
        known = library or Library()
        self._requests = {
            (request.scenario.id, request.mode): request
            for suite in known.suites
            for request in known.requests(suite)
        }
        self._ids: dict[str, str] = {}
        self._replies: dict[tuple[str, Mode, str], str] = {}

    def read(self, path: Path) -> None:
        before = len(self.problems)
        try:
            document = json_lines.read(path, path, self.problems)
        except ScenarioError as error:
            self.problems.append(str(error))
            return
        if not document.content and len(self.problems) == before:
            self.problems.append(f"{path}: has no example in it")
        for index, example in files.entries(document, Example, self.problems):
            self._take(document, index, example)

    def _take(self, document: files.Document, index: int, example: Example) -> None:
        request = self._requests.get((example.scenario, example.mode))
        if request is not None:
            origin = origin_of(document.path)
            self.found.append(Labelled(example, request, document.path, origin))
        elif self._library is not None:
            self.problems.append(document.problem(*self._unknown(index, example)))
        here = document.where((index,))
        first = self._ids.setdefault(example.id, here)
        if first is not here:
            message = f"the id stands already at {first}; give this one another"
            self.problems.append(document.problem((index, "id"), message))
        # A reply that stands twice counts twice, or is seen and held apart at once.
        first = self._replies.setdefault((example.scenario, example.mode, example.reply), here)
        if first is not here:
            message = f"the same reply to the same request stands at {first}; leave one out"
            self.problems.append(document.problem((index, "reply"), message))

    def _unknown(self, index: int, example: Example) -> tuple[files.Path_, str]:
        modes = [mode for scenario, mode in self._requests if scenario == example.scenario]
        if modes:
            known = ", ".join(modes)
            return (index, "mode"), f"{example.scenario} makes no such request; it has: {known}"
        known_ids = {scenario for scenario, _ in self._requests}
        near = difflib.get_close_matches(example.scenario, known_ids, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write it in the suites first"
        return (index, "scenario"), f"unknown scenario {example.scenario!r}; {hint}"
