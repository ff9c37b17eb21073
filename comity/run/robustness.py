"""The suites of a session that vary others: what they try, and what came of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from comity.run.results import Result
from comity.run.trying import Ask, Trying, Wait
from comity.run.varying import Plan, Tried
from comity.schema import AgentCard, VariedCase
from comity.schema.library import Library
from comity.variation.drawing import Coverage


class Robustness:
    """Plans by suite, and the trying of all that was selected."""

    def __init__(
        self,
        suites: Path,
        library: Library,
        agents: Sequence[AgentCard],
        profile: str,
        seed: int,
        cultures: frozenset[str],
    ) -> None:
        self._suites = suites
        self._library = library
        self._agents = agents
        self._profile = profile
        self._seed = seed
        self._cultures = cultures
        self._plans: dict[str, Plan] = {}
        self._tried: dict[str, Tried] = {}
        self._trying: Trying | None = None

    def tried(self, suite: str) -> list[Tried]:
        """Return what a suite tries: a relation and an agent each.

        Raises:
            ScenarioError: there is no such suite, or a file of it is wrong.
        """
        self._library.requests(suite)
        if suite not in self._plans:
            self._plans[suite] = Plan(
                suite,
                self._suites / suite,
                self._library,
                self._agents,
                self._profile,
                self._cultures,
                seed=self._seed,
            )
        found = self._plans[suite].tried
        self._tried |= found
        return list(found.values())

    def begin(self, selected: Iterable[str], ask: Ask) -> dict[str, VariedCase]:
        """Take what was selected, by id, and return its cases, which are to be started."""
        chosen = [self._tried[tried_id] for tried_id in dict.fromkeys(selected)]
        self._trying = Trying(chosen, ask)
        return {case.id: case for tried in chosen for case in tried.cases()}

    def result(self, tried_id: str, wait: Wait) -> Result:
        """Return what came of a relation tried on an agent; `wait` waits for a case's outcome.

        Raises:
            InfrastructureError: a case was cancelled, or its outcome cannot be kept.
        """
        assert self._trying is not None  # a test that runs was selected
        return self._trying.result(self._tried[tried_id], wait)

    @property
    def begun(self) -> bool:
        """Whether anything was selected of what they try."""
        return self._trying is not None

    @property
    def results(self) -> list[Result]:
        """What came of the relations so far."""
        return self._trying.results() if self._trying else []

    @property
    def coverage(self) -> list[Coverage]:
        """What was drawn, plan by plan."""
        return [plan.coverage for plan in self._plans.values()]
