"""The relations tell a flaw from chance: each planted one is charged, and shrunk to its cause.

The scripted agents run once, over the repository's own suites, in chat; all tests share that.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from comity.cli import main
from comity.schema import Mode
from comity.schema.library import load
from comity.variation.drawing import TOGETHER

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
LIBRARY = load(ROOT / "suites")
# What shrinking must isolate; None for those that have no flaw of that kind.
PLANTED = {
    "capitals": "casing",
    "country": "place",
    "nationality": "user",
    "chance": None,
    "sound": None,
}
FLAWED = [agent for agent, planted in PLANTED.items() if planted]
# Fifteen seconds on a quiet core.
RUN_SECONDS = 600


@dataclass(frozen=True)
class Run:
    """What one run left behind."""

    code: int
    output: str
    folder: Path

    def json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / name).read_text("utf-8"))
        return content

    def rows(self, agent: str) -> dict[str, dict[str, Any]]:
        """Return what came of each relation tried on an agent."""
        return {
            row["relation"]: row
            for row in self.json("robustness.json")["relations"]
            if row["agent"]["reference"].endswith(f":{agent}")
        }

    def failed(self, agent: str) -> set[str]:
        """Return the relations whose tests failed."""
        # Where nothing cuts its lines, as in CI, pytest says there why it failed.
        line = rf"^FAILED \S*\[(\S+)-flawed\.{agent}\](?: - .*)?$"
        return set(re.findall(line, self.output, re.MULTILINE))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    reports = tmp_path_factory.mktemp("reports")
    agents = [word for one in PLANTED for word in ("--agent", f"tests/stand_ins/flawed.py:{one}")]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "suites/robustness", "-v"),
            *("--robustness", "standard", *agents),
            *("-o", f"comity_reports={reports}", "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr, (reports / "latest").resolve())


@pytest.mark.parametrize("agent", FLAWED)
def test_a_planted_flaw_is_charged(run, agent):
    assert run.code == 1
    planted = PLANTED[agent]
    assert planted in run.failed(agent) <= {planted, TOGETHER}


@pytest.mark.parametrize("agent", FLAWED)
def test_shrinking_isolates_the_planted_cause(run, agent):
    for relation in run.failed(agent):
        smallest = run.rows(agent)[relation]["smallest"]
        assert smallest["relations"] == [PLANTED[agent]]
        assert smallest["confirmed"] == 3
    by_itself = run.rows(agent)[PLANTED[agent]]["smallest"]
    if agent == "capitals":
        assert by_itself["edits"] == [{"relation": "casing", "case": "upper"}]


@pytest.mark.parametrize("agent", ["chance", "sound"])
def test_without_a_flaw_nothing_is_charged(run, agent):
    assert len(run.rows(agent)) == len(run.rows("capitals"))
    assert run.failed(agent) == set()


def test_the_sound_one_breaks_nothing_at_all(run):
    assert {row["charge"]["worst"] for row in run.rows("sound").values()} == {0.0}


def test_every_example_is_judged(run):
    for agent in PLANTED:
        assert {row["undecided"] for row in run.rows(agent).values()} == {0}
        assert not any(row["troubles"] for row in run.rows(agent).values())


def test_the_norms_rates_have_nothing_of_it(run):
    assert run.json("summary.json")["metrics"] == []


def test_the_terminal_has_the_heatmap_whole_and_the_examples(run):
    cultures = {c for row in run.rows("capitals").values() for c in row["cultures"]}
    for culture in cultures:
        assert re.search(rf"(?<!\S){culture}(?!\S)", run.output)
    assert "…" not in run.output.partition("= cultural norms =")[2]
    assert "casing of flawed.capitals, smallest: casing on" in run.output
    assert "mostly since" in run.output


def test_a_smallest_example_can_be_added_to_its_suite(run, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "suites", tmp_path / "suites")
    monkeypatch.chdir(tmp_path)
    smallest = run.rows("nationality")["user"]["smallest"]
    base = smallest["scenario"]
    suite = next(
        name for name, known in LIBRARY.scenarios.items() if base in [one.id for one in known]
    )
    Path("given.yaml").write_text(smallest["yaml"], "utf-8")
    assert main(["scenarios", "add", "given.yaml", "--suite", suite]) == 0
    [entry] = yaml.safe_load(smallest["yaml"])
    [added] = [one for one in load(Path("suites")).scenarios[suite] if one.id == entry["id"]]
    assert added.text(Mode.VIOLATE) == smallest["after"]
