"""What every norm and scenario of the suites, and their README, keeps to."""

import re
from pathlib import Path

import pytest
import yaml

from comity.schema.library import load
from comity.schema.norm import Norm
from comity.schema.scenario import Mode, Scenario

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "suites"
LIBRARY = load(SUITES)
FEWEST_SOURCES = 2

each_norm = pytest.mark.parametrize("norm", LIBRARY.norms.values(), ids=lambda norm: norm.id)
each_scenario = pytest.mark.parametrize(
    "scenario", LIBRARY.scenarios["shopping"], ids=lambda scenario: scenario.id
)


@each_norm
def test_a_norm_is_filed_under_its_culture(norm: Norm) -> None:
    text = (SUITES / "norms" / f"{norm.culture}.yaml").read_text("utf-8")
    assert re.search(rf"^- id: {re.escape(norm.id)}$", text, re.MULTILINE)


@each_norm
def test_a_norm_has_two_sources(norm: Norm) -> None:
    assert len({source.url.host for source in norm.sources}) >= FEWEST_SOURCES


@each_norm
def test_a_norm_has_one_shopping_scenario_for_every_change(norm: Norm) -> None:
    smoke = [s for s in LIBRARY.scenarios["shopping"] if s.norm == norm.id and s.tier == "smoke"]
    assert len(smoke) == 1


@each_scenario
def test_a_shopping_scenario_asks_for_a_breach_for_what_fits_and_for_the_contrast(
    scenario: Scenario,
) -> None:
    assert {Mode.VIOLATE, Mode.ADHERE, Mode.CONTRAST} <= set(scenario.modes)
    assert scenario.id.startswith(f"{scenario.norm}.")
    assert scenario.asks[Mode.ADHERE] != scenario.breach


@each_scenario
def test_a_contrast_names_no_place_or_people_of_its_norm(scenario: Scenario) -> None:
    norm = LIBRARY.norms[scenario.norm]
    names = {name for place in norm.holds for name in place.names(scenario.language)}
    text = scenario.text(Mode.CONTRAST)
    assert [name for name in names if re.search(rf"\b{re.escape(name)}\b", text, re.I)] == []


def test_the_examples_of_the_readme_are_valid(tmp_path: Path) -> None:
    norm, scenario = re.findall(
        r"^```yaml\n(.*?)^```", (SUITES / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    (tmp_path / "norms").mkdir()
    (tmp_path / "norms" / "nl.yaml").write_text(norm, "utf-8")
    (tmp_path / "fair" / "scenarios").mkdir(parents=True)
    (tmp_path / "fair" / "suite.yaml").write_text(yaml.safe_dump({"title": "A fair"}), "utf-8")
    (tmp_path / "fair" / "scenarios" / "nl.yaml").write_text(scenario, "utf-8")
    assert len(load(tmp_path).requests("fair")) == len((Mode.VIOLATE, Mode.ADHERE, Mode.CONTRAST))
