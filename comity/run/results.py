"""What came of trying a relation on an agent, in words and figures."""

import json
from collections.abc import Iterator

from pydantic import Field, JsonValue

from comity.schema import AgentCard, Word
from comity.schema.base import printable
from comity.statistics.sensitivity import Charge
from comity.variation.laws import Law

CONFIRMING = 3
"""Fresh trials of the smallest example, beside as many of its base."""

MAX_LINE_CHARACTERS = 4_000


class Smallest(Word):
    """The smallest edits seen that flip the verdict."""

    scenario: str
    """Of which scenario, by id."""
    mode: str
    edits: tuple[dict[str, JsonValue], ...]
    relations: tuple[str, ...]
    before: str
    """The request as it stands."""
    after: str
    """The request as it was changed."""
    yaml: str
    """The changed scenario, as an entry of the file that its base stands in."""
    cases: tuple[str, ...]
    """The cases that show it, by id: the base's first."""
    confirmed: int | None = None
    """In how many of its fresh trials it flipped again; None where that was not asked."""
    trials: int = CONFIRMING
    """How many fresh trials a charge has."""

    def lines(self) -> Iterator[str]:
        """Yield what a person needs to see of it."""
        yield f"  smallest  {', '.join(map(_told, self.edits))}"
        yield f"  of        {self.scenario} [{self.mode}] {self.before}"
        yield f"  gives     {self.after}"
        if self.confirmed is not None:
            yield f"  confirmed in {self.confirmed} of {self.trials} fresh trials"
        yield f"  cases     {', '.join(self.cases)}"
        yield "  to keep it, give this to `comity scenarios add`:"
        yield from (f"    {line}" for line in self.yaml.splitlines())


class Result(Word):
    """What came of trying a relation on an agent."""

    relation: str
    statement: str
    law: Law
    agent: AgentCard
    charge: Charge
    undecided: int
    """How many examples could not be compared: not judged, left open, or never ended."""
    undecided_since: str = ""
    """How one of them ended, where it was not judged."""
    troubles: tuple[str, ...]
    """Why, where that was trouble of ours, a line a reason."""
    cultures: dict[str, tuple[float, int]] = Field(default_factory=dict)
    """By culture: the mean of how often the law was broken, and of how many examples."""
    smallest: Smallest | None = None

    def __repr__(self) -> str:
        charged = "charged" if self.charged else "not charged"
        return f"<{self.relation} of {self.agent.name}: {charged}>"

    @property
    def charged(self) -> bool:
        """Whether the relation is broken more often than chance breaks it."""
        return self.charge.charged

    def story(self) -> str:
        """Return what a person needs to see when the relation is charged."""
        return "\n".join(printable(line, MAX_LINE_CHARACTERS) for line in self._lines())

    def _lines(self) -> Iterator[str]:
        found = self.charge
        yield f"{self.relation} of {self.agent.name}: {self.statement}"
        yield f"  must hold {self.law}"
        tried = f"{found.n} examples, {found.scenarios} scenarios"
        yield f"  broken    {_figure(found.broken)} of {tried}"
        yield f"  by chance {_figure(found.noise)}: so do two trials of the same request"
        if found.low is not None and found.high is not None and found.difference is not None:
            interval = f"{found.difference:+.2f} ({found.low:+.2f} to {found.high:+.2f})"
            yield f"  beyond it {interval}, p {_figure(found.p)} by {found.scenarios} scenarios"
        if self.smallest is not None:
            yield from self.smallest.lines()


def _told(edit: dict[str, JsonValue]) -> str:
    """Return an edit as a person would tell it: `casing (case "upper")`."""
    told = ", ".join(
        f"{key} {json.dumps(value, ensure_ascii=False)}"
        for key, value in edit.items()
        if key not in ("relation", "language") and value != ""
    )
    return f"{edit['relation']} ({told})"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
