"""Panels of the page that only some runs have: each is made by a function of `PANELS`.

A panel names its template in `panels/`, which is given the panel's content as `panel.content`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comity.reporting.heard import PUBLISHED
from comity.reporting.html.again import again
from comity.reporting.html.figures import Figure
from comity.reporting.html.robust import tried
from comity.reporting.html.source import Source
from comity.reporting.html.stored import Stood, StoredVoices

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
    suites = source.summary.voices if source.summary else ()
    if not suites:
        return None
    content = {"suites": [_heard(one) for one in suites], "published": PUBLISHED}
    return Panel("voices", "Whose voices are heard", "worldview.html.j2", content)


def _heard(told: StoredVoices) -> Heard:
    scores = list(told.agents.values())
    perspectives = dict.fromkeys(name for one in scores for name in one.pds)
    shares = {name: [_figure(one.pds.get(name)) for one in scores] for name in perspectives}

    def most(name: str) -> float:
        return max((one.value or 0 for one in shares[name] if one), default=0)

    ordered = sorted(perspectives, key=lambda name: (-most(name), name))
    return Heard(
        suite=told.suite,
        agents=list(told.agents),
        means=[
            (title, why, [_figure(one.means.get(name)) for one in scores])
            for name, (title, why) in _MEANS.items()
        ],
        voices=[(_named(name), shares[name]) for name in ordered if most(name) > 0],
        unheard=[_named(name) for name in ordered if most(name) == 0],
    )


def _figure(told: Stood | None) -> Figure | None:
    return None if told is None else Figure(told.n, told.value, told.low, told.high)


def _named(name: str) -> str:
    return name.replace("-", " ").capitalize()


def robustness(source: Source) -> Panel | None:
    """Return what flips an agent's verdict beyond chance."""
    found = tried(source)
    return Panel("robust", "Robust, or lucky", "robustness.html.j2", found) if found else None


def trials(source: Source) -> Panel | None:
    """Return how surely scenarios go well each time they are tried."""
    found = again(source)
    return Panel("again", "Again and again", "again.html.j2", found) if found else None


PANELS: tuple[Callable[[Source], Panel | None], ...] = (trials, robustness, worldview)
"""In the order of the page; one that has nothing to show gives None."""


def panels(source: Source) -> list[Panel]:
    """Return the panels that this run has."""
    made = (make(source) for make in PANELS)
    return [panel for panel in made if panel is not None]
