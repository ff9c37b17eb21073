"""What people wrote to vary scenarios by: phrases by language, names, and wordings by scenario."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, HttpUrl, RootModel, ValidationError, model_validator

from comity.errors import ScenarioError
from comity.schema import Mode, Place, Scenario, Word, files
from comity.schema.base import Currency, Identifier, Language, Prose, Slug, checked_language
from comity.schema.library import Library
from comity.schema.scenario import Filler, no_slot
from comity.variation.rewriting import rewritten, written_in

PHRASES = "phrases"
WORDINGS = "wordings"
NAMES_FILE = "names.yaml"
PAGES_FILE = "pages.yaml"

Fillers = Annotated[dict[str, Filler], Field(min_length=1)]


class Register(Word):
    """How a request is said in another register."""

    name: Slug
    before: str = ""
    after: str = ""


class Phrases(Word):
    """What may stand around any request of a language, without changing what it asks."""

    registers: tuple[Register, ...] = ()
    details: tuple[Prose, ...] = ()
    """What is irrelevant to any norm."""
    origins: tuple[Prose, ...] = ()
    """Where the user comes from: `{country}`."""
    accents: tuple[Prose, ...] = ()
    publicity: tuple[Prose, ...] = ()
    """What makes an occasion more public, or weightier."""
    naming: tuple[Prose, ...] = ()
    """The norm named: `{statement}`."""
    formats: tuple[Prose, ...] = ()
    """In which form the answer is wanted."""
    framings: tuple[Prose, ...] = ()
    """What a system prompt would say."""
    currencies: dict[Currency, Annotated[tuple[Prose, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """The words that stand after an amount, by currency."""


class Shown(Word):
    """How the pages of a site may be shown otherwise."""

    languages: tuple[Language, ...] = ()
    currencies: tuple[Currency, ...] = ()
    unrelated: tuple[Slug, ...] = ()
    """Tags of items that no norm is about, which may be promoted."""


class Shows(RootModel[dict[Slug, Shown]]):
    """How pages may be shown otherwise, by site."""


class Names(Word):
    """Names of which one may stand for another: as common, of one community and gender."""

    culture: Slug
    names: tuple[Prose, ...] = Field(min_length=2)


class Cited(Word):
    """Where it can be read that a dialect has these words."""

    title: Prose
    url: HttpUrl


class Dialect(Word):
    """A request in a dialect of its language."""

    tag: Language
    source: Cited
    requests: dict[Mode, Prose]


class Translated(Word):
    """A request in another language."""

    request: Prose | None = None
    """None in `contrast`, which is written as `violate`."""
    slots: dict[str, Filler] = Field(default_factory=dict)


class Elsewhere(Word):
    """Another place where the norm does not hold."""

    contrast: Place
    slots: Fillers


class Wording(Word):
    """How one scenario may be said otherwise."""

    scenario: Identifier
    paraphrases: dict[Mode, tuple[Prose, ...]] = Field(default_factory=dict)
    places: dict[Mode, tuple[Fillers, ...]] = Field(default_factory=dict)
    """Slots that name the same culture just as plainly."""
    fainter: dict[Mode, tuple[Fillers, ...]] = Field(default_factory=dict)
    """Slots that name it ever more faintly."""
    elsewhere: tuple[Elsewhere, ...] = ()
    publicity: tuple[Prose, ...] = ()
    translations: dict[Language, dict[Mode, Translated]] = Field(default_factory=dict)
    dialects: tuple[Dialect, ...] = ()

    def translated(self, language: str, mode: Mode) -> str | None:
        """Return the request of `mode` in another language; None where nobody wrote it."""
        said = self.translations[language].get(written_in(mode))
        return said.request if said else None

    @model_validator(mode="after")
    def _a_translation_has_a_request(self) -> Self:
        for language, by_mode in self.translations.items():
            for mode, said in by_mode.items():
                if self.translated(language, mode) is None:
                    raise ValueError(
                        f"`translations.{language}.{written_in(mode)}.request` is missing"
                    )
                if mode is Mode.CONTRAST and said.request is not None:
                    raise ValueError(_not_written(f"translations.{language}.contrast.request"))
        return self

    @model_validator(mode="after")
    def _contrast_is_said_as_violate_is(self) -> Self:
        if Mode.CONTRAST in self.paraphrases:
            raise ValueError(_not_written("paraphrases.contrast"))
        for place, dialect in enumerate(self.dialects):
            if Mode.CONTRAST in dialect.requests:
                raise ValueError(_not_written(f"dialects.{place}.requests.contrast"))
        return self


def _not_written(field: str) -> str:
    return (
        f"`{field}` is not written: contrast makes the request of `violate` with slots of its own"
    )


@dataclass
class Wordings:
    """All that a suite varies scenarios by."""

    phrases: dict[str, Phrases] = field(default_factory=dict)
    """By language."""
    names: list[Names] = field(default_factory=list)
    pages: dict[str, Shown] = field(default_factory=dict)
    """By site."""
    by_scenario: dict[str, Wording] = field(default_factory=dict)

    def spoken(self, language: str) -> Phrases:
        """Return the phrases of a language; there may be none."""
        return self.phrases.get(language, Phrases())


def load(folder: Path, library: Library, varies: Iterable[str]) -> Wordings:
    """Return the wordings in `folder`, for scenarios of the suites `varies`.

    Raises:
        ScenarioError: a line for every problem found in any file, not for the first alone.
    """
    reader = _Reader(folder, library, varies)
    reader.read_phrases()
    reader.read_names()
    reader.read_pages()
    reader.read_wordings()
    if reader.problems:
        raise ScenarioError("\n".join(reader.problems))
    return reader.wordings


class _Reader:
    """Reads the files one by one, and notes what is wrong with them."""

    def __init__(self, folder: Path, library: Library, varies: Iterable[str]) -> None:
        self.folder = folder
        self.library = library
        self.scenarios = {
            scenario.id: scenario for suite in varies for scenario in library.scenarios[suite]
        }
        self.wordings = Wordings()
        self.problems: list[str] = []

    def _files(self, name: str) -> list[Path]:
        return files.named(self.folder / name, self.folder.parent.parent, self.problems)

    def _documents(self, paths: Iterable[Path]) -> Iterator[files.Document]:
        for path in sorted(paths):
            try:
                yield files.read(path, path.relative_to(self.folder.parent.parent))
            except ScenarioError as error:
                self.problems.append(str(error))

    def read_phrases(self) -> None:
        for document in self._documents(self._files(PHRASES)):
            try:
                language = checked_language(document.path.stem)
                self.wordings.phrases[language] = files.single(document, Phrases)
            except ScenarioError as error:
                self.problems.append(str(error))
            except ValueError as error:
                self.problems.append(f"{document.path}: {error}; name the file by its language")

    def read_names(self) -> None:
        path = self.folder / NAMES_FILE
        for document in self._documents([path] if os.path.lexists(path) else []):
            found = files.entries(document, Names, self.problems)
            self.wordings.names += [names for _, names in found]

    def read_pages(self) -> None:
        path = self.folder / PAGES_FILE
        for document in self._documents([path] if os.path.lexists(path) else []):
            try:
                self.wordings.pages = files.single(document, Shows).root
            except ScenarioError as error:
                self.problems.append(str(error))

    def read_wordings(self) -> None:
        for document in self._documents(self._files(WORDINGS)):
            for index, wording in files.entries(document, Wording, self.problems):
                for at, message in self._wrong(wording):
                    self.problems.append(document.problem((index, *at), message))
                self.wordings.by_scenario.setdefault(wording.scenario, wording)

    def _wrong(self, wording: Wording) -> Iterator[tuple[files.Path_, str]]:
        """Yield where a wording does not fit its scenario, and how."""
        scenario = self.scenarios.get(wording.scenario)
        if scenario is None:
            near = difflib.get_close_matches(wording.scenario, self.scenarios, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "name one of a suite that is varied"
            yield ("scenario",), f"unknown scenario {wording.scenario!r}; {hint}"
            return
        if wording.scenario in self.wordings.by_scenario:
            yield ("scenario",), f"{wording.scenario} stands already; put both together"
        for mode, said in wording.paraphrases.items():
            for place, template in enumerate(said):
                yield from _refused(("paraphrases", mode, place), scenario, mode, template=template)
        for name, by_mode in (("places", wording.places), ("fainter", wording.fainter)):
            for mode, fillings in by_mode.items():
                for place, slots in enumerate(fillings):
                    yield from _refused((name, mode, place), scenario, mode, slots=slots)
        yield from self._wrong_places(wording, scenario)
        yield from self._wrong_tongues(wording, scenario)

    def _wrong_places(
        self, wording: Wording, scenario: Scenario
    ) -> Iterator[tuple[files.Path_, str]]:
        for place, other in enumerate(wording.elsewhere):
            at: files.Path_ = ("elsewhere", place)
            yield from _refused(at, scenario, Mode.CONTRAST, slots=other.slots)
            for norm in self._sharing(scenario):
                if self.library.norms[norm].holds_in(other.contrast):
                    yield (*at, "contrast"), f"{other.contrast} lies where {norm} may hold"

    def _sharing(self, scenario: Scenario) -> list[str]:
        """Return the norms, by id, whose scenarios have the same breach: they could hold there."""
        every = (other for suite in self.library.scenarios.values() for other in suite)
        alike = (o.norm for o in every if o.breach is not None and o.breach == scenario.breach)
        return sorted({scenario.norm, *alike})

    def _wrong_tongues(
        self, wording: Wording, scenario: Scenario
    ) -> Iterator[tuple[files.Path_, str]]:
        for language, by_mode in wording.translations.items():
            if language not in self.library.norms[scenario.norm].raised_by:
                yield (
                    ("translations", language),
                    f"{scenario.norm} has no `raised_by.{language}`, by which it would be heard",
                )
            for mode, said in by_mode.items():
                yield from _refused(
                    ("translations", language, mode),
                    scenario,
                    mode,
                    template=wording.translated(language, mode),
                    slots=said.slots,
                )
        for place, dialect in enumerate(wording.dialects):
            if dialect.tag.partition("-")[0] != scenario.language.partition("-")[0]:
                message = f"{dialect.tag} is no dialect of {scenario.language}"
                yield ("dialects", place, "tag"), message
            for mode, template in dialect.requests.items():
                at = ("dialects", place, "requests", mode)
                yield from _refused(at, scenario, mode, template=template)


def _refused(
    at: files.Path_,
    scenario: Scenario,
    mode: Mode,
    *,
    template: str | None = None,
    slots: Mapping[str, str] | None = None,
) -> Iterator[tuple[files.Path_, str]]:
    """Yield why the scenario is no more one with this template, or these slots."""
    if mode not in scenario.modes:
        yield at, f"{scenario.id} has no request of {mode}"
        return
    if template is not None and (problem := no_slot(template)):
        yield at, problem
        return
    try:
        rewritten(scenario, mode, template=template, slots=slots)
    except ValidationError as error:
        yield at, error.errors()[0]["msg"].removeprefix("Value error, ")
