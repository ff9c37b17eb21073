"""The panel of robustness: what flips an agent's verdict beyond chance, by what least change."""

from collections.abc import Sequence
from dataclasses import dataclass

from comity.reporting.html.figures import STEPS, Figure
from comity.reporting.html.names import culture
from comity.reporting.html.source import Source
from comity.reporting.html.stored import StoredResult
from comity.reporting.html.text import shown

# What changed and what came of it is read side by side; a longer request is in the replay.
MAX_REQUEST_CHARACTERS = 600


@dataclass(frozen=True)
class Smallest:
    """The smallest change seen, as people read it."""

    relations: str
    before: str
    after: str
    case: str
    sure: str


@dataclass(frozen=True)
class Line:
    """A relation, tried on an agent."""

    relation: str
    statement: str
    charged: bool
    broken: str
    chance: str
    beyond: Figure
    p: str
    cultures: list[tuple[str, int] | None]
    """By culture: how often the law was broken, and which of the `STEPS` that is."""
    smallest: Smallest | None


@dataclass(frozen=True)
class Tried:
    """All relations of an agent."""

    agent: str
    cultures: list[str]
    lines: list[Line]


def tried(source: Source) -> list[Tried]:
    """Return what came of trying relations, agent by agent; those charged first."""
    by_agent: dict[str, list[StoredResult]] = {}
    for result in source.results:
        by_agent.setdefault(result.agent.reference, []).append(result)
    return [_tried(source, agent, results) for agent, results in by_agent.items()]


def _tried(source: Source, agent: str, results: Sequence[StoredResult]) -> Tried:
    keys = sorted({key for result in results for key in result.cultures})
    norms = source.norms.values()
    named = [culture(key, [norm for norm in norms if norm.culture == key]) for key in keys]
    ordered = sorted(results, key=lambda result: not result.is_charged)
    return Tried(agent, named, [_line(result, keys) for result in ordered])


def _line(result: StoredResult, keys: Sequence[str]) -> Line:
    charge = result.charge
    return Line(
        relation=result.relation,
        statement=shown(result.statement),
        charged=result.is_charged,
        broken=_rate(charge.broken),
        chance=_rate(charge.noise),
        beyond=Figure(charge.n, charge.difference, charge.low, charge.high, signed=True),
        p="–" if charge.p is None else f"{charge.p:.3f}",
        cultures=[_cell(result.cultures.get(key)) for key in keys],
        smallest=_smallest(result),
    )


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _cell(found: tuple[float, int] | None) -> tuple[str, int] | None:
    if found is None:
        return None
    return f"{found[0]:.1f}", min(STEPS - 1, int(found[0] * STEPS))


def _smallest(result: StoredResult) -> Smallest | None:
    found = result.smallest
    if found is None:
        return None
    sure = "seen, which chance may do"
    if found.confirmed is not None:
        sure = f"again in {found.confirmed} of {found.trials} fresh trials"
    return Smallest(
        relations=" + ".join(found.relations),
        before=shown(found.before, MAX_REQUEST_CHARACTERS),
        after=shown(found.after, MAX_REQUEST_CHARACTERS),
        case=found.cases[-1] if found.cases else "",
        sure=sure,
    )
