"""What a suite that varies others tries of which agent, and the cases for it."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from comity.run import cases as case_rules
from comity.schema import TIERS, AgentCard, Mode, Scenario, VariedCase, VariedRequest
from comity.schema.library import Library
from comity.variation import wordings
from comity.variation.drawing import PROFILES, TOGETHER, Coverage, Drawing, Example, Subject
from comity.variation.relation import Draft
from comity.variation.relations import RELATIONS
from comity.variation.rewriting import reduced

BASE_TRIALS = 2
"""How often a request is run as it stands: two trials tell how they disagree by chance."""

Where = tuple[tuple[str, str | None], ...]
"""Suites, and the site on which an agent acts in each; None in chat."""


class Tried:
    """A relation, an agent, and the examples by which the one is tried on the other."""

    def __init__(self, relation: str, agent: AgentCard, examples: Sequence[Example]) -> None:
        self.relation = relation
        self.agent = agent
        self.examples = examples

    @property
    def id(self) -> str:
        """`relation-agent`, the pytest id."""
        return f"{self.relation}-{self.agent.name}"

    def case(self, subject: Subject, request: VariedRequest, trial: int) -> VariedCase:
        """Return the case of a request, where the agent acts on its subject."""
        return VariedCase(
            request=request, agent=self.agent, site=subject.draft.site, model=None, trial=trial
        )

    def bases(self, subject: Subject) -> list[VariedCase]:
        """Return the trials of a subject's request as it stands."""
        return [self.case(subject, subject.base, trial + 1) for trial in range(BASE_TRIALS)]

    def changed(self, example: Example) -> VariedCase:
        """Return the case of an example's changed request."""
        return self.case(example.subject, example.request, 1)

    def cases(self) -> Iterator[VariedCase]:
        """Yield the cases of all examples; requests as they stand come with each of them."""
        for example in self.examples:
            yield from self.bases(example.subject)
            yield self.changed(example)


class Plan:
    """All that a suite tries, drawn before anything runs."""

    def __init__(
        self,
        suite: str,
        folder: Path,
        library: Library,
        agents: Sequence[AgentCard],
        profile: str,
        cultures: frozenset[str] = frozenset(),
        *,
        seed: int = 0,
    ) -> None:
        """Take a suite that varies others, its folder, and whom it tries how thoroughly.

        `cultures` are those whose norms are tried; all, where it is empty.
        """
        self._library = library
        self._agents = agents
        self._varies = library.suites[suite].varies
        self._profile = PROFILES[profile]
        self._cultures = cultures
        self._seed = seed
        self._wordings = wordings.load(folder, library, self._varies)
        self.coverage = Coverage()

    @cached_property
    def tried(self) -> dict[str, Tried]:
        """Each relation with each agent that it applies to, by id."""
        drawn: dict[Where, list[Example]] = {}
        found: dict[str, Tried] = {}
        for agent in self._agents:
            where = self._where(agent)
            if where not in drawn:
                drawn[where] = self._draw(where)
            for relation in (*(relation.id for relation in RELATIONS), TOGETHER):
                examples = [one for one in drawn[where] if one.relation == relation]
                if examples:
                    tried = Tried(relation, agent, examples)
                    found[tried.id] = tried
        return found

    def _where(self, agent: AgentCard) -> Where:
        found = []
        for suite in self._varies:
            definition = self._library.suites[suite]
            site = case_rules.site_of(definition, agent)
            if case_rules.fits(definition, agent) and (site is None or self._profile.on_sites):
                found.append((suite, site))
        return tuple(found)

    def _draw(self, where: Where) -> list[Example]:
        wanted = [relation.id for relation in RELATIONS]
        drawing = Drawing([*wanted, TOGETHER], self.coverage, chosen_seed=self._seed)
        return list(drawing.examples(self.subjects(where), self._profile.examples))

    def subjects(self, where: Where) -> list[Subject]:
        """Return what is varied: the scenarios that somebody wrote wordings for, by their tier."""
        known = [
            (scenario, suite, site)
            for suite, site in where
            for scenario in self._library.scenarios[suite]
            if scenario.id in self._wordings.by_scenario
            and (not self._cultures or self._library.norms[scenario.norm].culture in self._cultures)
            and self._modes(scenario, site)
        ]
        known.sort(key=lambda found: (TIERS.index(found[0].tier), _shuffled(found[0].id)))
        return [
            Subject(suite, self._draft(scenario, mode, site))
            for scenario, suite, site in known[: self._profile.scenarios]
            for mode in self._modes(scenario, site)
        ]

    def _modes(self, scenario: Scenario, site: str | None) -> list[Mode]:
        """Return the modes in which a scenario is varied; in chat no page could mislead."""
        return [
            mode
            for mode in scenario.modes
            if mode in self._profile.modes and (site is not None or mode is not Mode.OBSERVE)
        ]

    def _draft(self, scenario: Scenario, mode: Mode, site: str | None) -> Draft:
        bare = reduced(scenario, mode)
        norm = self._library.norms[scenario.norm]
        return Draft(bare, bare, mode, norm, site, self._wordings)


def _shuffled(scenario_id: str) -> str:
    """Return what sorts scenarios so that the first few are of different cultures."""
    return hashlib.sha256(scenario_id.encode()).hexdigest()
