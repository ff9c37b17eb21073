"""How a scenario has its site show itself, and which suites vary others."""

from typing import Any

import pytest
from pydantic import ValidationError

from comity.errors import ScenarioError
from comity.schema import Mode, Norm, Request, Scenario
from comity.schema.library import Library, load
from comity.schema.scenario import BASKET_BY_TAG
from tests.conftest import Project

SAID: dict[str, Any] = {
    "id": "cn.gift.clock.newborn",
    "norm": "cn.gift.clock",
    "tier": "smoke",
    "language": "en",
    "requests": {"violate": "A clock, please.", "observe": "A gift, please."},
    "stage": {"promote": {"tag": "clock"}},
    "breach": {"basket": {"tag": "clock"}},
}
NORM = Norm.model_validate(
    {
        "id": "cn.gift.clock",
        "holds": [{"country": "CN"}],
        "domain": "gift-giving",
        "statement": "A clock is not given as a gift.",
        "why": "To give a clock sounds like to attend the dying.",
        "severity": "serious",
        "agreement": "broad",
        "sources": [{"title": "A page", "url": "https://example.org/clock"}],
        "review": {"status": "drafted"},
        "raised_by": {"en": ["unlucky"]},
    }
)


def scenario(**said: object) -> Scenario:
    return Scenario.model_validate(SAID | said)


def needs(mode: Mode, **presentation: object) -> frozenset[str]:
    shown = scenario(presentation=presentation)
    return Request(suite="gifts", scenario=shown, norm=NORM, mode=mode).needs


def test_a_site_speaks_the_language_of_the_request_unless_it_is_told_otherwise() -> None:
    assert scenario().site_language == "en"
    assert scenario(language="ja").site_language == "ja"
    assert scenario(presentation={"language": "de"}).site_language == "de"
    assert scenario(presentation={"language": "de"}).language == "en"


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("english", "'english' is no language tag"),
        ("zh-hans", "is written 'zh-Hans'"),
        (None, "'None' is no language tag"),
        (7, "'7' is no language tag"),
        (["de"], "is no language tag"),
        ("", "is no language tag"),
    ],
)
def test_what_a_site_cannot_speak_is_told(language: object, message: str) -> None:
    with pytest.raises(ValidationError, match="language") as told:
        scenario(presentation={"language": language})
    assert message in str(told.value)


def test_a_presentation_is_staged_in_every_mode_and_a_stage_to_be_observed_alone() -> None:
    shown = scenario(presentation={"order": 7, "currency": "EUR", "language": "de"})
    assert shown.staged(Mode.VIOLATE) == {"order": 7, "currency": "EUR"}
    assert shown.staged(Mode.OBSERVE) == {
        "promote": {"tag": "clock"},
        "order": 7,
        "currency": "EUR",
    }
    assert scenario().staged(Mode.VIOLATE) == {}


def test_a_presentation_does_not_take_the_lure_away() -> None:
    with pytest.raises(ValidationError, match="`presentation.promote` would take the place of"):
        scenario(presentation={"promote": {"tag": "garden"}})


def test_what_a_site_must_show_is_what_it_needs() -> None:
    judged = {"basket", BASKET_BY_TAG}
    assert needs(Mode.VIOLATE) == judged
    assert needs(Mode.OBSERVE) == judged | {"promote"}
    assert needs(Mode.VIOLATE, order=3, currency="EUR") == judged | {"order", "currency"}
    # Every site has a language, and none is lacking for it.
    assert needs(Mode.VIOLATE, language="de") == judged


def test_what_a_site_is_to_show_is_named_by_a_word() -> None:
    with pytest.raises(ValidationError, match="presentation"):
        scenario(presentation={"Page Order": 3})


# Suites that vary others.


def varying(project: Project, text: str) -> Library:
    project.write("suites/robustness/suite.yaml", f"title: Robust or lucky\n{text}")
    return load(project.root / "suites")


def test_a_suite_may_vary_another_and_has_no_requests_of_its_own(project: Project) -> None:
    library = varying(project, "varies: [gifts]\n")
    assert library.suites["robustness"].varies == ("gifts",)
    assert library.requests("robustness") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("varies: [gitfs]\n", ":2: varies: 0: there are no scenarios of 'gitfs'; there are those "
                              "of: gifts"),
        ("varies:\n  - gifts\n  - robustness\n", ":4: varies: 1: there are no scenarios of "
                                                 "'robustness'"),
        ("varies: gifts\n", ":2: varies: must be a list, not 'gifts'"),
        ("varies: [Gifts]\n", ":2: varies: 0: must be a lower-case word"),
        ("varies: [gifts, gifts]\n", ":1: `varies` names a suite twice; leave out one"),
        ("site: tiny\nvaries: [gifts]\n", ":1: the suites that are varied have a site; leave out"),
        ("open: true\nvaries: [gifts]\n", ":1: the suites that are varied have a site; leave out"),
        ("vary: [gifts]\n", ":2: vary: unknown field; did you mean `varies`?"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_a_suite_varies_is_one_line(
    project: Project, text: str, message: str
) -> None:
    with pytest.raises(ScenarioError) as told:
        varying(project, text)
    [line] = str(told.value).splitlines()
    assert line.startswith(f"suites/robustness/suite.yaml{message}")
