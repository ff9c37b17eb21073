"""What every norm and scenario of the suites, and their README, keeps to."""

import re
import shutil
import textwrap
from pathlib import Path

import pytest
import yaml

from comity.schema.library import Suite, load
from comity.schema.norm import Norm
from comity.schema.scenario import Mode, Scenario
from comity.variation.wordings import Wording

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "suites"
LIBRARY = load(SUITES)
SHOPPING = LIBRARY.scenarios["shopping"]
FEWEST_SOURCES = 2

# A run on every change may take 25 minutes on two cores with the default model: 60 requests. Each
# suite has its share for what users ask, and all of them one for what pages push.
SMOKE_ASKED_OF_A_SUITE = 24
SMOKE_OBSERVED = 12
# Languages in which the sites have pages, besides English.
LANGUAGES = {"de", "ja", "zh-Hans", "ar"}


def scenarios(chosen: list[Scenario]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scenario", chosen, ids=lambda scenario: scenario.id)


each_norm = pytest.mark.parametrize("norm", LIBRARY.norms.values(), ids=lambda norm: norm.id)
each_scenario = scenarios([s for suite in LIBRARY.scenarios.values() for s in suite])
each_asking = scenarios([s for s in SHOPPING if Mode.OBSERVE not in s.modes])
each_observing = scenarios([s for s in SHOPPING if Mode.OBSERVE in s.modes])


@each_norm
def test_a_norm_is_filed_under_its_culture(norm: Norm) -> None:
    text = (SUITES / "norms" / f"{norm.culture}.yaml").read_text("utf-8")
    assert re.search(rf"^- id: {re.escape(norm.id)}$", text, re.MULTILINE)


@each_norm
def test_a_norm_has_two_sources(norm: Norm) -> None:
    assert len({source.url.host for source in norm.sources}) >= FEWEST_SOURCES


def test_the_smoke_tier_stays_small_enough_to_run_on_every_change() -> None:
    smoke = {
        suite: [r.mode for r in LIBRARY.requests(suite) if r.scenario.tier == "smoke"]
        for suite in LIBRARY.suites
    }
    observed = sum(modes.count(Mode.OBSERVE) for modes in smoke.values())
    assert observed <= SMOKE_OBSERVED
    for modes in smoke.values():
        assert len(modes) - modes.count(Mode.OBSERVE) <= SMOKE_ASKED_OF_A_SUITE


def test_every_norm_of_the_shop_runs_on_every_change_in_one_way_or_another() -> None:
    assert {s.norm for s in SHOPPING} == {s.norm for s in SHOPPING if s.tier == "smoke"}


def test_every_norm_of_the_shop_is_asked_against_and_pushed_against_in_english() -> None:
    english = [s for s in SHOPPING if s.language == "en" and s.lure == "content"]
    every = {s.norm for s in SHOPPING}
    assert {s.norm for s in english if Mode.OBSERVE not in s.modes} == every
    assert {s.norm for s in english if Mode.OBSERVE in s.modes} == every


def test_the_shop_is_asked_in_every_language_that_it_speaks() -> None:
    assert {s.language for s in SHOPPING} == {"en"} | LANGUAGES


@each_scenario
def test_a_scenario_can_be_answered_in_the_language_of_its_request(scenario: Scenario) -> None:
    assert scenario.language in LIBRARY.norms[scenario.norm].raised_by


@each_scenario
def test_a_scenario_is_named_after_its_norm(scenario: Scenario) -> None:
    assert scenario.id.startswith(f"{scenario.norm}.")


@each_asking
def test_a_shopping_scenario_asks_for_a_breach_for_what_fits_and_for_the_contrast(
    scenario: Scenario,
) -> None:
    assert scenario.modes == (Mode.VIOLATE, Mode.ADHERE, Mode.CONTRAST)
    assert scenario.asks[Mode.ADHERE] != scenario.breach


@each_asking
def test_a_contrast_names_no_place_or_people_of_its_norm(scenario: Scenario) -> None:
    norm = LIBRARY.norms[scenario.norm]
    names = {name for place in norm.holds for name in place.names(scenario.language)}
    text = scenario.text(Mode.CONTRAST)
    assert [name for name in names if re.search(rf"\b{re.escape(name)}\b", text, re.I)] == []


@each_observing
def test_what_a_page_pushes_is_what_another_scenario_of_its_norm_asks_for(
    scenario: Scenario,
) -> None:
    asking = [s for s in SHOPPING if s.norm == scenario.norm and Mode.VIOLATE in s.modes]
    assert (scenario.breach, scenario.fits) in [(s.breach, s.fits) for s in asking]
    assert scenario.modes == (Mode.OBSERVE,)
    assert scenario.stage


@each_observing
def test_a_request_under_a_pushing_page_names_nothing_of_what_is_pushed(
    scenario: Scenario,
) -> None:
    assert scenario.breach is not None
    assert scenario.breach.basket is not None
    assert scenario.breach.basket.tag is not None
    words = scenario.breach.basket.tag.split("-")
    assert not all(word in scenario.text(Mode.OBSERVE).lower() for word in words)


def test_the_pages_of_the_shop_push_in_every_way_that_they_can() -> None:
    staged = {key for s in SHOPPING for key in s.stage}
    assert staged == {"promote", "bestsellers", "describe", "first"}


@scenarios([s for s in SHOPPING if s.lure == "instruction"])
def test_a_page_that_instructs_does_so_in_a_description(scenario: Scenario) -> None:
    assert scenario.tier == "standard"
    assert "describe" in scenario.stage


def test_the_readme_has_every_field() -> None:
    told = set(re.findall(r"`([a-z_]+)(?:: \w+)?`", (SUITES / "README.md").read_text("utf-8")))
    for word in (Suite, Norm, Scenario, Wording):
        assert set(word.model_fields) - {"scenario"} <= told


def test_the_examples_of_the_readme_are_valid(tmp_path: Path) -> None:
    norm, signs, asking, observing = re.findall(
        r"^```yaml\n(.*?)^```", (SUITES / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "norms").mkdir()
    norm += textwrap.indent(signs, " " * 6)  # they go on with the list that the norm ends in
    (tmp_path / "norms" / "nl.yaml").write_text(norm, "utf-8")
    shutil.copy(SUITES / "patterns.yaml", tmp_path)
    (tmp_path / "fair" / "scenarios").mkdir(parents=True)
    (tmp_path / "fair" / "suite.yaml").write_text(yaml.safe_dump({"title": "A fair"}), "utf-8")
    (tmp_path / "fair" / "scenarios" / "nl.yaml").write_text(asking + observing, "utf-8")
    assert {request.mode for request in load(tmp_path).requests("fair")} == set(Mode)
