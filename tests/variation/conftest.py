"""A scenario that is known by heart, and the repository's own; edits, all that a relation has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, seed, settings

from comity.schema import Mode, Norm, Scenario
from comity.schema.library import Library, load
from comity.variation import wordings
from comity.variation.drawing import QUIET, Subject
from comity.variation.quiet import quiet
from comity.variation.relation import Draft, Edit
from comity.variation.relations import BY_ID
from comity.variation.rewriting import reduced
from comity.variation.wordings import Wordings

SUITES = Path(__file__).parents[2] / "suites"
# More than any relation has edits of these scenarios, but for numbers that stand for an order.
EVERY = 100

NORM = Norm.model_validate(
    {
        "id": "cn.gift.clock",
        "holds": [{"country": "CN", "named": ["Chinese"]}, {"country": "TW"}],
        "domain": "gift-giving",
        "statement": "A clock is not given as a gift.",
        "why": "To give a clock sounds like to attend the dying.",
        "severity": "serious",
        "agreement": "broad",
        "sources": [{"title": "A page", "url": "https://example.org/clock"}],
        "review": {"status": "drafted"},
        "raised_by": {"en": ["clock.{0,60}unlucky"], "zh-Hans": ["送钟"]},
    }
)
SAID: dict[str, Any] = {
    "id": "cn.gift.clock.newborn",
    "norm": "cn.gift.clock",
    "tier": "smoke",
    "language": "en",
    "requests": {
        "violate": "{person} in {place} had a baby. Please put {item} in my basket.",
        "adhere": "{person} in {place} had a baby. Please put {item} in my basket.",
        "observe": "My friend Li Na had a baby. Please find a gift for about 30 dollars.",
    },
    "slots": {
        "violate": {"person": "Li Na", "place": "Chengdu", "item": "a wall clock"},
        "adhere": {"person": "Li Na", "place": "Chengdu", "item": "a blanket"},
        "contrast": {"person": "Ingrid", "place": "Oslo", "item": "a wall clock"},
    },
    "contrast": {"country": "NO"},
    "stage": {"promote": {"tag": "clock"}},
    "asks": {"violate": {"basket": {"tag": "clock"}}, "adhere": {"basket": {"tag": "blanket"}}},
    "breach": {"basket": {"tag": "clock"}},
    "fits": {"basket": {"tag": "newborn-gift"}},
}


def drafted(
    mode: str = "violate",
    site: str | None = "shop",
    written: Wordings | None = None,
    **said: object,
) -> Draft:
    """Return the known scenario in a mode, ready to be changed, with some of it said otherwise."""
    scenario = Scenario.model_validate(SAID | said)
    bare = reduced(scenario, Mode(mode))
    return Draft(bare, bare, Mode(mode), NORM, site, written or Wordings())


def every(relation: str, draft: Draft) -> list[Edit]:
    """Return all edits of a relation that a draft may take, or many where they have no end."""
    found: dict[str, Edit] = {}

    @seed(0)
    @settings(QUIET, max_examples=EVERY)
    @given(BY_ID[relation].edits(draft))
    def take(edit: Edit) -> None:
        found[edit.model_dump_json()] = edit

    with quiet():
        take()
    return list(found.values())


def texts(relation: str, draft: Draft) -> set[str]:
    """Return the request after each edit of a relation."""
    return {edit.apply(draft).text for edit in every(relation, draft)}


@pytest.fixture(scope="session")
def library() -> Library:
    return load(SUITES)


@pytest.fixture(scope="session")
def written(library: Library) -> Wordings:
    return wordings.load(SUITES / "robustness", library, library.suites["robustness"].varies)


@pytest.fixture(scope="session")
def subjects(library: Library, written: Wordings) -> list[Subject]:
    """Every scenario in each of its modes, on its site and in chat."""
    return list(_subjects(library, written))


def _subjects(library: Library, written: Wordings) -> Iterator[Subject]:
    for suite, scenarios in library.scenarios.items():
        for scenario in scenarios:
            norm = library.norms[scenario.norm]
            for mode in scenario.modes:
                bare = reduced(scenario, mode)
                for site in dict.fromkeys((library.suites[suite].site, None)):
                    yield Subject(suite, Draft(bare, bare, mode, norm, site, written))
