"""A suite that varies others runs as any other does, in a project of somebody's own."""

import json
from pathlib import Path

import pytest
import yaml

from comity.cli import main
from tests.conftest import SCENARIO, Finished, Project

# As many as it takes to be sure of one relation among those that the suite tries: 2^-9 × 9.
GIFTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SUITE = "title: Robust\nvaries: [gifts]\n"
PHRASES = """\
registers:
  - {name: formal, before: "Good morning.", after: "Thank you in advance."}
  - {name: casual, before: "hey there:"}
details: ["I am writing this on my phone."]
"""
TESTS = """\
from comity import relations


@relations("robust")
def test_holds(relation):
    assert not relation.charged, relation.story()
"""
AGENTS = """\
import asyncio

from comity import AgentError, Reply

RAISED = "A clock is an unlucky gift there."
HOSTILE = "\\x1b[2J\\x1b]0;owned\\x07[bold red]<script>alert(1)</script>\\u202e\\n- id: a.b\\n"


class Speaks:
    declares = {"chat"}
    uses_model = False

    def __init__(self, says, seconds=0.0):
        self.says = says
        self.seconds = seconds

    async def run(self, task, _page, _model):
        await asyncio.sleep(self.seconds)
        return Reply(text=self.says(task.request))


def _errs(_request):
    raise AgentError("I never learnt to speak")


knows = Speaks(lambda request: RAISED)
shouted_at = Speaks(lambda request: "Here you are." if request.isupper() else RAISED)
slow = Speaks(lambda request: RAISED, 0.3)
hostile = Speaks(lambda request: HOSTILE * 500 + ("" if request.isupper() else RAISED))
errs = Speaks(_errs)
"""
ROBUST = "suites/robust"
STANDARD = ("--robustness", "standard")


def gift(name: str) -> str:
    return SCENARIO.replace("cn.gift.clock.newborn", f"cn.gift.clock.{name}")


def wording(name: str) -> str:
    return (
        f"- scenario: cn.gift.clock.{name}\n"
        '  paraphrases: {violate: ["Please put {item} in my basket: {person} in {place} has a '
        'baby."]}\n'
        "  places: {violate: [{place: China}, {place: Wuhan}]}\n"
    )


def varied(folder: Path) -> Project:
    """Return a project with a suite that varies the other one's scenarios."""
    project = Project(folder)
    project.write("suites/gifts/scenarios/cn.yaml", "\n".join(map(gift, GIFTS)))
    project.write("suites/robust/suite.yaml", SUITE)
    project.write("suites/robust/phrases/en.yaml", PHRASES)
    project.write("suites/robust/wordings/cn.yaml", "\n".join(map(wording, GIFTS)))
    project.write("suites/robust/test_robust.py", TESTS)
    project.write("agents.py", AGENTS)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return varied(tmp_path)


@pytest.fixture(scope="module")
def shouted(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    project = varied(tmp_path_factory.mktemp("project"))
    return project.run(ROBUST, *STANDARD, agents=("shouted_at", "knows"))


def rows(finished: Finished, agent: str = "shouted_at") -> dict:
    return {
        row["relation"]: row
        for row in finished.json("robustness.json")["relations"]
        if row["agent"]["reference"] == f"agents.py:{agent}"
    }


def charged(finished: Finished, agent: str = "shouted_at") -> set[str]:
    """Return the relations whose tests fail."""
    failed = {name for name, came in finished.tests.items() if came == "failed"}
    return {name for name in rows(finished) if f"test_holds[{name}-agents.{agent}]" in failed}


def test_a_relation_that_is_broken_fails_its_test_and_no_other(shouted):
    assert shouted.code == 1
    assert charged(shouted) == {"casing", "together"}
    assert charged(shouted, "knows") == set()
    assert len(shouted.tests) == 2 * len(rows(shouted))
    assert set(shouted.tests.values()) == {"passed", "failed"}


def test_what_fails_is_told_whole(shouted):
    smallest = rows(shouted)["casing"]["smallest"]
    for told in (
        "casing of agents.shouted_at: Whether a request is written in capitals",
        'smallest  casing (case "upper")',
        "confirmed in 3 of 3 fresh trials",
        smallest["before"],
        smallest["after"],
        smallest["cases"][-1],
        "agents.py:shouted_at: 2 of",
        "agents.py:knows: 0 of",
    ):
        assert told in shouted.output


def test_every_case_of_it_is_kept_and_counts_in_no_rate(shouted):
    ran = shouted.outcomes.values()
    assert {line["case"]["request"]["variation"]["base"] for line in ran} == {
        f"cn.gift.clock.{name}" for name in GIFTS
    }
    assert {line["status"] for line in ran} == {"judged"}
    assert shouted.json("summary.json")["metrics"] == []
    for row in rows(shouted).values():
        assert set(row["smallest"]["cases"] if row["smallest"] else ()) <= set(shouted.outcomes)


def test_what_was_drawn_is_told(shouted):
    coverage = {row["relation"]: row for row in shouted.json("robustness.json")["coverage"]}
    for name, row in rows(shouted).items():
        assert coverage[name]["examples"] == row["charge"]["n"] + row["undecided"]
        assert coverage[name]["languages"] == {"en": coverage[name]["examples"]}
        assert coverage[name]["cultures"] == {"cn": coverage[name]["examples"]}
    assert coverage["dialect"]["not_applied"] == {"no dialect is written for it": len(GIFTS)}


def test_the_smallest_example_becomes_a_scenario_that_fails_by_itself(
    shouted, project, monkeypatch, capsys
):
    smallest = rows(shouted)["casing"]["smallest"]
    given = project.write("example.yaml", smallest["yaml"])
    [scenario] = yaml.safe_load(smallest["yaml"])
    monkeypatch.chdir(project.root)
    assert main(["scenarios", "add", str(given), "--suite", "gifts"]) == 0
    assert scenario["id"] in capsys.readouterr().out
    finished = project.run("suites/gifts", "-k", scenario["id"], agents=("shouted_at",))
    assert finished.tests[f"test_raises[{scenario['id']}-violate-agents.shouted_at-t1]"] == "failed"
    assert smallest["after"] in finished.output


@pytest.mark.long
def test_the_same_comes_of_it_under_xdist(shouted, project):
    finished = project.run(
        ROBUST, *STANDARD, "-n", "2", "-p", "xdist.plugin", agents=("shouted_at",)
    )
    assert finished.code == 1
    assert rows(finished) == rows(shouted)
    assert charged(finished) == {"casing", "together"}
    assert 'smallest  casing (case "upper")' in finished.output


def test_one_relation_alone_runs_its_own_cases(shouted, project):
    finished = project.run(ROBUST, *STANDARD, "-k", "casing", agents=("shouted_at",))
    assert (finished.code, set(rows(finished))) == (1, {"casing"})
    edits = [line["case"]["request"]["variation"]["edits"] for line in finished.outcomes.values()]
    assert {edit["relation"] for one in edits for edit in one} == {"casing"}
    alone, among = (rows(run)["casing"] for run in (finished, shouted))
    assert alone["smallest"] == among["smallest"]
    assert alone["charge"]["p"] < among["charge"]["p"]


def test_shards_leave_it_to_the_run_that_is_put_together(project, monkeypatch):
    asked = ("suites", "--robustness", "smoke")
    shards = []
    for shard in ("1/2", "2/2"):
        finished = project.run(*asked, "--shard", shard, agents=("knows",))
        assert not [name for name in finished.tests if name.startswith("test_holds")]
        shards.append(str(finished.run))
    monkeypatch.chdir(project.root)
    assert main(["merge", *shards]) == 0
    whole = project.run(*asked, "--resume=latest", agents=("knows",))
    assert "error" not in whole.tests.values()
    assert rows(whole, "knows")
    assert any("variation" in one["case"]["request"] for one in whole.outcomes.values())


def test_another_seed_draws_others_and_finds_the_same(shouted, project):
    finished = project.run(ROBUST, *STANDARD, "--robustness-seed", "7", agents=("shouted_at",))
    assert finished.outcomes.keys() - shouted.outcomes.keys()
    assert charged(finished) == charged(shouted)


def test_a_gate_and_its_rates_are_of_what_is_asked_as_it_stands(project):
    project.write("gate.toml", '[[criterion]]\nmetric = "AC-R"\nat_least = 0.9\nminimum_n = 9\n')
    asked = ("--gate", "gate.toml", "--robustness", "smoke")
    alone = project.run("suites/gifts", *asked, agents=("shouted_at",))
    before = alone.json("summary.json")
    both = project.run("suites", *STANDARD, *asked[:2], agents=("shouted_at",))
    after = both.json("summary.json")
    assert charged(both) == {"casing", "together"}
    assert after["metrics"] == before["metrics"] != []
    assert both.code == alone.code
    assert after["verdict"] == before["verdict"] is not None


def test_an_agent_that_errs_or_answers_with_hostile_text_harms_nothing(project):
    finished = project.run(ROBUST, "-rs", agents=("errs", "hostile"))
    came = finished.tests
    assert {came[name] for name in came if name.endswith("errs]")} == {"skipped"}
    assert {came[name] for name in came if name.endswith("hostile]")} == {"passed"}
    assert "examples could be compared" in finished.output
    assert all(not row["charge"]["n"] for row in rows(finished, "errs").values())
    assert "\x1b]0;owned" not in finished.output
    assert "INTERNALERROR" not in finished.output
    assert finished.code == 0


def test_nothing_is_decided_where_an_agent_always_errs(project):
    finished = project.run(ROBUST, agents=("errs",))
    assert set(finished.tests.values()) == {"skipped"}
    assert finished.code == 6


def test_an_interrupt_keeps_what_is_done(start, until):
    run = start(ROBUST, *STANDARD, "--concurrency", "2", agents=("slow",))
    until(lambda: run.kept > 5)
    run.press_ctrl_c()
    finished = run.finish()
    assert finished.code == 2
    assert "kept in reports/runs/" in finished.output
    assert "Traceback" not in finished.output
    assert "INTERNALERROR" not in finished.output
    assert finished.json("robustness.json")["relations"] == []
    assert not run.family()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--robustness", "thorough"), "--robustness: Input should be"),
        (("--robustness-seed", "-1"), "--robustness-seed: Input should be greater"),
        (("--cultures", "atlantis"), "there are no norms of the culture atlantis"),
    ],
)
def test_what_is_asked_wrongly_is_told_before_anything_starts(project, asked, told):
    finished = project.run(ROBUST, *asked, agents=("knows",))
    assert finished.code == 4
    assert told in finished.output
    assert not (project.root / "reports").exists()


def test_wordings_that_are_wrong_are_told_with_their_place(project):
    project.change("suites/robust/wordings/cn.yaml", "cn.gift.clock.nine", "cn.gift.clock.nein")
    finished = project.run(ROBUST, agents=("knows",))
    assert finished.code == 4
    assert "robust/wordings/cn.yaml:" in finished.output
    assert "did you mean 'cn.gift.clock.nine'?" in finished.output


def test_a_project_is_left_as_it_was(shouted):
    assert not (shouted.root / ".hypothesis").exists()
    found = json.dumps(rows(shouted))
    assert str(shouted.root) not in found
