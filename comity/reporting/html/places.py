"""Where the run's norms hold, and how the agents do with them there.

A place is a country on the map, or a community beside it. A norm that a community holds stands with
the community, never on the country where its members happen to live.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from comity.reporting.html import names
from comity.reporting.html.figures import Figure, Row, figure, row
from comity.reporting.html.source import Source
from comity.schema import AgentCard, Holds, Norm, Outcome
from comity.statistics.metrics import measure

# What can be told of a place is what agents do where its norms hold.
ON_THE_MAP: tuple[tuple[str, str], ...] = (
    ("Silent-R", "violate"),
    ("Silent-R", "observe"),
    ("AC-R", ""),
    ("Help-R", ""),
)
BY_CULTURE: tuple[tuple[str, str], ...] = (*ON_THE_MAP, ("Over-R", "contrast"))


@dataclass(frozen=True)
class Place:
    """Where norms hold: a country or a community."""

    key: str
    """A country's code, or a community's id."""
    name: str
    where: str
    """Of a community whose norms are told of in some countries only, which."""
    is_country: bool
    norms: tuple[str, ...]
    figures: list[list[Figure]]
    """By agent, then as `ON_THE_MAP`."""


def places(source: Source) -> list[Place]:
    """Return every place in which a norm of the run holds, by name."""
    here: dict[tuple[bool, str], list[tuple[Norm, Holds]]] = defaultdict(list)
    for norm in source.norms.values():
        for holds in norm.holds:
            of_country = holds.community is None
            here[of_country, (holds.country if of_country else holds.community) or ""].append(
                (norm, holds)
            )
    found = [_place(source, *key, members) for key, members in here.items()]
    return sorted(found, key=lambda place: place.name)


def _place(
    source: Source, is_country: bool, key: str, members: Sequence[tuple[Norm, Holds]]
) -> Place:
    ids = {norm.id for norm, _ in members}
    outcomes = [one for one in source.of_norms if one.case.request.norm.id in ids]
    countries = {holds.country for _, holds in members if holds.country}
    everywhere = any(holds.country is None for _, holds in members)
    where = "" if is_country or everywhere else ", ".join(sorted(map(names.country, countries)))
    return Place(
        key=key,
        name=names.country(key) if is_country else names.community(members[0][1]),
        where=where,
        is_country=is_country,
        norms=tuple(sorted(ids)),
        figures=[_figures(agent, outcomes, ON_THE_MAP) for agent in source.agents],
    )


def _figures(
    agent: AgentCard, outcomes: Iterable[Outcome], wanted: Sequence[tuple[str, str]]
) -> list[Figure]:
    own = [one for one in outcomes if one.case.agent.reference == agent.reference]
    return [figure(measure(metric, {"mode": mode} if mode else {}, own)) for metric, mode in wanted]


@dataclass(frozen=True)
class Culture:
    """The norms that are filed together, and how each agent does with them."""

    key: str
    name: str
    norms: int
    cases: list[int]
    """By agent."""
    figures: list[list[Figure]]
    """By agent, then as `BY_CULTURE`."""


def cultures(source: Source) -> list[Culture]:
    """Return the cultures of the run, by name."""
    norms: dict[str, list[Norm]] = defaultdict(list)
    for norm in source.norms.values():
        norms[norm.culture].append(norm)
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in source.of_norms:
        outcomes[outcome.case.request.norm.culture].append(outcome)
    found = [
        Culture(
            key=key,
            name=names.culture(key, members),
            norms=len(members),
            cases=[
                sum(one.case.agent.reference == agent.reference for one in outcomes[key])
                for agent in source.agents
            ],
            figures=[_figures(agent, outcomes[key], BY_CULTURE) for agent in source.agents],
        )
        for key, members in norms.items()
    ]
    return sorted(found, key=lambda culture: culture.name)


def columns(wanted: Sequence[tuple[str, str]]) -> list[tuple[str, Row]]:
    """Return what the metrics are called."""
    return [(metric, row(metric, {"mode": mode})) for metric, mode in wanted]


def told(found: Sequence[Place]) -> dict[str, Any]:
    """Return what the page's script needs to draw the map for another agent or metric."""
    return {
        place.key if place.is_country else f"community {place.key}": {
            "name": place.name,
            "where": place.where,
            "figures": [[_figure(one) for one in by_agent] for by_agent in place.figures],
        }
        for place in found
    }


def _figure(one: Figure) -> list[Any]:
    return [one.shade, one.n, one.rounded, one.interval]


@cache
def world() -> dict[str, Any]:
    """Return the shapes of the map, as `scripts/world-map` made them."""
    file = resources.files("comity.reporting.html") / "world.json"
    content: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return content
