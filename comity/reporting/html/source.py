"""A stored run, as the report reads it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from comity.reporting.html import stored
from comity.reporting.html.stored import StoredResult, Summary
from comity.run import store
from comity.schema import (
    AgentCard,
    AnyOutcome,
    Norm,
    OpenOutcome,
    OpenQuestion,
    Outcome,
    Transcript,
)


@dataclass
class Source:
    """A run without its evidence, which is read one case at a time."""

    folder: Path
    facts: dict[str, Any]
    """All of `run.json`."""
    summary: Summary | None
    """None of a run that was cut off before it could sum up."""
    results: tuple[StoredResult, ...]
    """What came of relations that were tried."""
    selected: int
    """How many cases were to be run."""
    outcomes: list[AnyOutcome] = field(default_factory=list)
    """Those that `cases` has yielded, bare."""

    @classmethod
    def open(cls, folder: Path) -> "Source":
        """Read what a run says of itself.

        Raises:
            InfrastructureError: it is no run, or a file of it is damaged.
        """
        known = store.read_facts(folder)
        facts = store.all_facts(folder)
        return cls(
            folder=folder,
            facts={**facts, "run": known.run},
            summary=stored.read(folder),
            results=stored.read_results(folder),
            selected=len(known.selected),
        )

    def cases(self) -> Iterator[AnyOutcome]:
        """Yield each outcome with its evidence, and keep it without.

        A request is kept once, however many cases make it: norms are large.

        Raises:
            InfrastructureError: a file of the run is missing or damaged.
        """
        requests: dict[str, Any] = {}
        for outcome in store.read(self.folder):
            request = outcome.case.request
            first = requests.setdefault(f"{request.suite}/{request.id}", request)
            case = outcome.case.model_copy(update={"request": first})
            none: dict[str, Any] = {"transcript": Transcript(), "judge_calls": ()}
            if not isinstance(outcome, OpenOutcome):
                none["end_state"] = None
            self.outcomes.append(outcome.model_copy(update={"case": case, **none}))
            yield outcome

    @cached_property
    def of_norms(self) -> list[Outcome]:
        """The outcomes in which a norm was at stake."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Outcome)]

    @cached_property
    def agents(self) -> list[AgentCard]:
        """The agents that have outcomes, in the order of the run."""
        found = {one.case.agent.reference: one.case.agent for one in self.outcomes}
        named = self.facts.get("agents")
        order = (
            [str(one.get("reference")) for one in named if isinstance(one, dict)]
            if isinstance(named, list)
            else []
        )
        first = [found.pop(reference) for reference in order if reference in found]
        return [*first, *found.values()]

    @cached_property
    def norms(self) -> dict[str, Norm]:
        """The norms that were at stake, by id; those also of requests that were changed."""
        of_any = (one for one in self.outcomes if not isinstance(one, OpenOutcome))
        found = {one.case.request.norm.id: one.case.request.norm for one in of_any}
        return {name: found[name] for name in sorted(found)}

    @cached_property
    def questions(self) -> dict[str, OpenQuestion]:
        """The open questions that were asked, by id."""
        return {
            one.case.request.question.id: one.case.request.question
            for one in self.outcomes
            if isinstance(one, OpenOutcome)
        }

    @cached_property
    def suites(self) -> list[str]:
        """The suites that have outcomes."""
        return list(dict.fromkeys(one.case.request.suite for one in self.outcomes))
