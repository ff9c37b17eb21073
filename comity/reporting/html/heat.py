"""Norm by norm, agent by agent: how many cases went wrong where it holds, and where it does not."""

from collections import defaultdict
from dataclasses import dataclass

from comity.reporting.html import names
from comity.reporting.html.course import course
from comity.reporting.html.figures import STEPS
from comity.reporting.html.source import Source
from comity.schema import Mode, Norm

HOLDS = (Mode.VIOLATE, Mode.OBSERVE, Mode.ADHERE)
ELSEWHERE = (Mode.CONTRAST,)


@dataclass(frozen=True)
class Cell:
    """How many of an agent's settled cases went wrong, and how many were not settled."""

    wrong: int
    settled: int
    others: int

    @property
    def step(self) -> int | None:
        """Which of the `STEPS` the share falls into; None where nothing is settled."""
        return min(STEPS - 1, self.wrong * STEPS // self.settled) if self.settled else None


@dataclass(frozen=True)
class Line:
    """A norm, and its cells: for each agent where it holds, then elsewhere."""

    norm: Norm
    cells: list[tuple[Cell, Cell]]


def heat(source: Source) -> list[tuple[str, str, list[Line]]]:
    """Return the lines of each culture: its id, its name, its norms."""
    words: dict[tuple[str, str, Mode], list[str]] = defaultdict(list)
    for outcome in source.of_norms:
        case = outcome.case
        key = case.request.norm.id, case.agent.reference, case.request.mode
        words[key].append(course(outcome).word)

    def cell(norm: Norm, agent: str, modes: tuple[Mode, ...]) -> Cell:
        found = [word for mode in modes for word in words[norm.id, agent, mode]]
        wrong, well = found.count("fault"), found.count("well")
        return Cell(wrong, wrong + well, len(found) - wrong - well)

    by_culture: dict[str, list[Norm]] = defaultdict(list)
    asked = {norm for norm, _, _ in words}
    for name, norm in source.norms.items():
        if name in asked:
            by_culture[norm.culture].append(norm)
    lines = [
        (
            key,
            names.culture(key, norms),
            [
                Line(
                    norm,
                    [
                        (
                            cell(norm, agent.reference, HOLDS),
                            cell(norm, agent.reference, ELSEWHERE),
                        )
                        for agent in source.agents
                    ],
                )
                for norm in norms
            ],
        )
        for key, norms in by_culture.items()
    ]
    return sorted(lines, key=lambda one: one[1])
