"""Panels of the page that only some runs have: each is made by a function of `PANELS`.

A panel names its template in `panels/`, which is given the panel's content as `panel.content`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comity.reporting.heard import PUBLISHED
from comity.reporting.html.figures import Figure
from comity.reporting.html.source import Source

_MEANS = {
    "entropy": ("Evenness of voices", "1: all perspectives are named alike; 0: one alone"),
    "substantive_entropy": ("Evenness of what they say", "the same, of what is told of each"),
    "substance": ("Substance", "share of the references that say something"),
    "polarisation": ("Largest share", "of one perspective in an answer"),
    "coverage": ("Heard of the expected", "of those known to have thought about the question"),
    "named": ("Named of the expected", "the same, mere mentions included"),
}


@dataclass(frozen=True)
class Panel:
    """A section of its own on the page."""

    id: str
    title: str
    template: str
    content: Any


@dataclass(frozen=True)
class Heard:
    """Whose voices are heard in the answers to one suite's questions."""

    suite: str
    agents: list[str]
    means: list[tuple[str, str, list[Figure | None]]]
    voices: list[tuple[str, list[Figure | None]]]
    unheard: list[str]
    """Perspectives that no answer names."""


def worldview(source: Source) -> Panel | None:
    """Return whose voices the answers to open questions let speak."""
    suites = (source.summary or {}).get("voices") or []
    heard = [_heard(one) for one in suites if isinstance(one, dict)]
    if not heard:
        return None
    content = {"suites": heard, "published": PUBLISHED}
    return Panel("voices", "Whose voices are heard", "worldview.html.j2", content)


def _heard(told: dict[str, Any]) -> Heard:
    agents: dict[str, Any] = told.get("agents") or {}
    perspectives = list(dict.fromkeys(name for one in agents.values() for name in one["pds"]))
    shares = {
        name: [_figure(one["pds"].get(name)) for one in agents.values()] for name in perspectives
    }

    def most(name: str) -> float:
        return max((one.value or 0 for one in shares[name] if one), default=0)

    ordered = sorted(perspectives, key=lambda name: (-most(name), name))
    return Heard(
        suite=str(told.get("suite")),
        agents=list(agents),
        means=[
            (title, why, [_figure(one["means"].get(name)) for one in agents.values()])
            for name, (title, why) in _MEANS.items()
        ],
        voices=[(_named(name), shares[name]) for name in ordered if most(name) > 0],
        unheard=[_named(name) for name in ordered if most(name) == 0],
    )


def _figure(told: Any) -> Figure | None:
    if not isinstance(told, dict):
        return None
    return Figure(int(told.get("n") or 0), told.get("value"), told.get("low"), told.get("high"))


def _named(name: str) -> str:
    return name.replace("-", " ").capitalize()


PANELS: tuple[Callable[[Source], Panel | None], ...] = (worldview,)
"""In the order of the page; one that has nothing to show gives None."""


def panels(source: Source) -> list[Panel]:
    """Return the panels that this run has."""
    made = (make(source) for make in PANELS)
    return [panel for panel in made if panel is not None]
