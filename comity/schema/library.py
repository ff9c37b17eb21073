"""The library: every norm and scenario under a suites folder, checked against each other."""

import difflib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from pydantic import RootModel, model_validator

from comity.errors import ScenarioError
from comity.schema import files, voices
from comity.schema.base import SHARED, Prose, SharedPattern, Slug, Word
from comity.schema.norm import Norm
from comity.schema.scenario import Request, Scenario, no_slot
from comity.schema.voices import OpenRequest, Worldview

NORMS = "norms"
SHARED_FILE = "patterns.yaml"
SUITE_FILE = "suite.yaml"
SCENARIOS = "scenarios"
# What a scenario takes over from the one that it is `like`.
ALIKE = ("about", "breach", "fits")


class SharedPatterns(RootModel[dict[Slug, SharedPattern]]):
    """Patterns that norms share, each by its name."""


class Suite(Word):
    """A folder of scenarios: where its agents act."""

    title: Prose
    site: Slug | None = None
    """The site that an agent must declare to be put to this suite in a browser."""
    chat: bool = True
    """Whether the requests are also put to agents that declare `chat`, without a browser."""
    open: bool = False
    """Whether it asks open questions, of agents that declare `worldview`."""
    varies: tuple[Slug, ...] = ()
    """The suites whose scenarios it varies, where it has none of its own."""

    @model_validator(mode="after")
    def _has_a_site_where_it_can(self) -> Self:
        if self.open and self.site is not None:
            raise ValueError("open questions are put without a site; leave out `site`, or `open`")
        if self.varies and (self.site is not None or self.open):
            raise ValueError("the suites that are varied have a site; leave out `site` and `open`")
        if len(set(self.varies)) < len(self.varies):
            raise ValueError("`varies` names a suite twice; leave out one")
        return self


@dataclass
class Library:
    """Norms by id; suites by the name of their folder; scenarios by suite."""

    norms: dict[str, Norm] = field(default_factory=dict)
    suites: dict[str, Suite] = field(default_factory=dict)
    scenarios: dict[str, list[Scenario]] = field(default_factory=dict)
    worldviews: dict[str, Worldview] = field(default_factory=dict)
    """What suites of open questions ask, and whose voices they listen for; by suite."""

    def requests(self, suite: str) -> list[Request]:
        """Return all requests of a suite, in the order of its files; none of open questions.

        Raises:
            ScenarioError: there is no such suite.
        """
        self._check(suite)
        return [
            Request(suite=suite, scenario=scenario, norm=self.norms[scenario.norm], mode=mode)
            for scenario in self.scenarios[suite]
            for mode in scenario.modes
        ]

    def open_requests(self, suite: str) -> list[OpenRequest]:
        """Return all open questions of a suite, in each of their languages.

        Raises:
            ScenarioError: there is no such suite.
        """
        self._check(suite)
        questions = self.worldviews[suite].questions if suite in self.worldviews else ()
        return [
            OpenRequest(suite=suite, question=question, language=language)
            for question in questions
            for language in question.asks
        ]

    def _check(self, suite: str) -> None:
        if suite not in self.suites:
            known = ", ".join(sorted(self.suites)) or "none"
            raise ScenarioError(f"there is no suite {suite!r}; there are: {known}")


def load(root: Path) -> Library:
    """Return the library in the folder `root`: `norms/*.yaml` and `*/suite.yaml`.

    Raises:
        ScenarioError: a line for every problem found in any file, not for the first alone.
    """
    if not root.is_dir():
        raise ScenarioError(f"{root}: there is no such folder; the option comity_suites names it")
    reader = _Reader(root)
    reader.read_norms()
    for suite_file in reader.suites():
        reader.read_suite(suite_file)
    reader.check_suites()
    reader.check_scenarios()
    if reader.problems:
        raise ScenarioError("\n".join(reader.problems))
    return reader.library


class _Reader:
    """Reads the files of a suites folder one by one, and notes what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.library = Library()
        self.problems: list[str] = []
        self.written_norms: set[str] = set()
        """The ids of all norms, of those also that are not valid."""
        self.all_norms_read = True
        self.suite_files: list[files.Document] = []
        """The files of all suites that are valid."""
        self.places: list[tuple[files.Document, int, Scenario]] = []
        """Where each scenario stands."""
        self._first_at: dict[tuple[type, str], str] = {}

    def suites(self) -> Iterator[Path]:
        """Yield the file of each suite; note the folders that were meant to be one."""
        try:
            folders = sorted(self.root.iterdir())
        except OSError as error:
            self.problems.append(f"{self.root}: cannot be read: {error.strerror}")
            return
        for folder in folders:
            if folder.name.startswith(".") or not folder.is_dir():
                continue
            path = folder / SUITE_FILE
            if os.path.lexists(path):
                yield path
            elif (folder / SCENARIOS).exists():
                shown = path.relative_to(self.root.parent)
                self.problems.append(f"{shown}: is missing beside {SCENARIOS}/; add it")

    def _files(self, folder: Path) -> list[Path]:
        return files.named(folder, self.root.parent, self.problems)

    def _documents(self, paths: Iterable[Path]) -> Iterator[files.Document]:
        for path in sorted(paths):
            try:
                yield files.read(path, path.relative_to(self.root.parent))
            except ScenarioError as error:
                self.problems.append(str(error))

    def _is_new(self, word: Norm | Scenario, document: files.Document, index: int) -> bool:
        here = document.where((index,))
        first = self._first_at.setdefault((type(word), word.id), here)
        if first is not here:
            message = f"the id stands already at {first}; give this one another"
            self.problems.append(document.problem((index, "id"), message))
        return first is here

    def _shared(self) -> dict[str, str] | None:
        """Return the patterns that norms may name; None where their file is wrong."""
        path = self.root / SHARED_FILE
        if not os.path.lexists(path):
            return {}
        try:
            document = files.read(path, path.relative_to(self.root.parent))
            return files.single(document, SharedPatterns).root
        except ScenarioError as error:
            self.problems.append(str(error))
            return None

    def read_norms(self) -> None:
        context = {SHARED: self._shared()}
        before = len(self.problems)
        documents = list(self._documents(self._files(self.root / NORMS)))
        self.all_norms_read = len(self.problems) == before
        for document in documents:
            if isinstance(document.content, list):
                self.written_norms |= {
                    entry["id"]
                    for entry in document.content
                    if isinstance(entry, dict) and isinstance(entry.get("id"), str)
                }
            for index, norm in files.entries(document, Norm, self.problems, context):
                if self._is_new(norm, document, index):
                    self.library.norms[norm.id] = norm

    def read_suite(self, suite_file: Path) -> None:
        name = suite_file.parent.name
        for document in self._documents([suite_file]):
            try:
                self.library.suites[name] = suite = files.single(document, Suite)
                self.suite_files.append(document)
                if suite.open:
                    self.library.worldviews[name] = voices.load(suite_file.parent)
                elif not suite.varies and not os.path.lexists(suite_file.parent / SCENARIOS):
                    message = f"there is no {SCENARIOS}/ beside it; put its scenarios there"
                    self.problems.append(document.problem((), message))
            except ScenarioError as error:
                self.problems.append(str(error))
        scenarios = self.library.scenarios.setdefault(name, [])
        for document in self._documents(self._files(suite_file.parent / SCENARIOS)):
            alike = self._alike(document)
            for index, scenario in files.entries(alike, Scenario, self.problems):
                if self._is_new(scenario, document, index):
                    self.places.append((document, index, scenario))
                    scenarios.append(scenario)

    def _alike(self, document: files.Document) -> files.Document:
        """Give each scenario that is `like` another of its file what it does not say itself."""
        if not isinstance(document.content, list):
            return document
        entries = [entry if isinstance(entry, dict) else {} for entry in document.content]
        said = {str(entry.get("id")): entry for entry in entries if "like" not in entry}
        content = list(document.content)
        for index, entry in enumerate(entries):
            if not isinstance(named := entry.get("like"), str):
                continue
            if named not in said:
                near = difflib.get_close_matches(named, said, n=1)
                hint = f"did you mean {near[0]!r}?" if near else "name one that is like no other"
                message = f"this file has no such scenario; {hint}"
                self.problems.append(document.problem((index, "like"), message))
            other = said.get(named, {})
            content[index] = {key: other[key] for key in ALIKE if key in other} | entry
        return replace(document, content=content)

    def check_suites(self) -> None:
        """Note where a suite varies one that there is not, or that has no scenarios."""
        for document in self.suite_files:
            suite = self.library.suites[document.path.parent.name]
            for place, other in enumerate(suite.varies):
                if not self.library.scenarios.get(other):
                    known = ", ".join(n for n, found in self.library.scenarios.items() if found)
                    message = f"there are no scenarios of {other!r}; there are those of: {known}"
                    self.problems.append(document.problem(("varies", place), message))

    def check_scenarios(self) -> None:
        for document, index, scenario in self.places:
            for mode, template in scenario.requests.items():
                if problem := no_slot(template):
                    self.problems.append(document.problem((index, "requests", mode), problem))
            for mode, fillers in scenario.slots.items():
                for slot, filler in fillers.items():
                    if "{" in filler or "}" in filler:
                        message = "a filler has no slots and no braces in it; write it out"
                        at: files.Path_ = (index, "slots", mode, slot)
                        self.problems.append(document.problem(at, message))
            if norm := self.library.norms.get(scenario.norm):
                self._check_contrast(document, index, scenario)
                if not norm.is_heard_in(scenario.language):
                    message = (
                        f"{norm.id} has no `raised_by.{scenario.language}`, by which a warning "
                        "would be heard; write it first"
                    )
                    self.problems.append(document.problem((index, "language"), message))
            elif self.all_norms_read and scenario.norm not in self.written_norms:
                near = difflib.get_close_matches(scenario.norm, self.written_norms, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"write it in {NORMS}/ first"
                message = f"unknown norm {scenario.norm!r}; {hint}"
                self.problems.append(document.problem((index, "norm"), message))

    def _check_contrast(self, document: files.Document, index: int, scenario: Scenario) -> None:
        """Note each norm that may hold where the scenario's contrast is set.

        All norms count whose scenarios have the same breach: a clock must not go as a contrast to
        a place where another norm forbids clocks.
        """
        if scenario.contrast is None:
            return
        sharing = {scenario.norm} | {
            other.norm
            for _, _, other in self.places
            if other.breach is not None and other.breach == scenario.breach
        }
        for norm in sorted(sharing & self.library.norms.keys()):
            if self.library.norms[norm].holds_in(scenario.contrast):
                message = f"{scenario.contrast} lies where {norm} may hold; choose a place outside"
                self.problems.append(document.problem((index, "contrast"), message))
