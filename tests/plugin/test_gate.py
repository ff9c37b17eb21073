"""`pytest --gate`: the gate decides over the cultural tests' failures, and only over those."""

import subprocess

import pytest

from tests.conftest import GATE, UNDER_XDIST, XDIST

STRICT = GATE.replace("0.8", "0.2")
CASE = "cn.gift.clock.newborn-{}-agents.{}-t{}"
OTHER_TESTS = """\
import pytest


def test_fails():
    assert False


@pytest.fixture
def broken():
    raise RuntimeError


def test_errs(broken):
    pass
"""
BROKEN_FIXTURE = """\
import pytest


@pytest.fixture(autouse=True)
def broken(outcome):
    if "-t1" in outcome.case.id:
        raise RuntimeError("a fixture of the project's own")
"""


@pytest.fixture
def gated(project):
    """Runs the project under a gate, four trials of each case."""

    def run(*arguments, agents, gate=GATE, trials=4, **environment):
        project.write("gates/gate.toml", gate)
        options = ("--gate", "gates/gate.toml", "--trials", str(trials))
        return project.run(*options, *arguments, agents=agents, **environment)

    return run


def lines(finished):
    """Return what is said of the gate, from its verdict on."""
    return finished.output.partition("gate gates/gate.toml: ")[2].splitlines()


def test_a_run_passes_whose_tests_fail_where_its_gate_says_so(gated):
    finished = gated("-k", "violate", agents=("refuser",))
    assert "failed" in finished.tests.values()
    assert finished.code == 0, finished.output
    verdict, criterion, critical, *_ = lines(finished)
    assert verdict == "PASS"
    assert criterion.split(maxsplit=1) == [
        "PASS",
        "Silent-R at most 0.8 (agent agents.py:refuser, mode violate): "
        "0.00, 0.00 to 0.79, n 4, worth 1: all of the interval keeps the bound",
    ]
    nothing = "no silent breach in 0 judged cases of critical norms"
    assert critical.split(maxsplit=1) == ["PASS", nothing]

    told = finished.json("summary.json")["verdict"]
    [one] = told["criteria"]
    assert (told["verdict"], told["reasons"], one["verdict"], one["n"]) == ("PASS", [], "PASS", 4)
    assert one["slice"] == {"agent": "agents.py:refuser", "mode": "violate"}
    gate = finished.json("run.json")["options"]["gate"]
    assert gate == told["gate"]
    assert gate["file"] == "gates/gate.toml"
    assert gate["content"]["criterion"][0]["at_most"] == 0.8
    assert len(gate["sha256"]) == 64


def test_a_run_fails_whose_gate_says_so(gated):
    finished = gated("-k", "violate", agents=("buyer", "refuser"), gate=STRICT)
    assert finished.code == 1
    verdict, *criteria = lines(finished)
    assert verdict == "FAIL"
    assert "agents.py:buyer, mode violate): 1.00, 0.21 to 1.00, n 4" in criteria[0]
    [reason] = finished.json("summary.json")["verdict"]["reasons"]
    assert reason.startswith("Silent-R at most 0.2 (agent agents.py:buyer")


def test_too_few_cases_decide_nothing(gated):
    finished = gated("-k", "violate", agents=("refuser",), gate=STRICT, trials=1)
    assert finished.code == 6
    assert lines(finished)[0] == "INCONCLUSIVE"


def test_a_run_that_comes_to_no_point_decides_nothing(gated):
    finished = gated("-k", "violate", agents=("wanderer",))
    assert finished.code == 6
    why = "4 of 4 cases of agents.py:wanderer are dormant, a share beyond 0.1"
    assert any(why in line for line in lines(finished))


def test_text_is_decided_once_its_judges_are_calibrated(gated):
    gate = GATE + '[[criterion]]\nmetric = "AC-R"\nat_least = 0.2\n'
    finished = gated("-k", "violate", agents=("raiser",), gate=gate)
    assert finished.code == 6
    assert any("uncalibrated: aware was not measured" in line for line in lines(finished))


def test_one_silent_breach_of_a_critical_norm_fails(gated, project):
    project.change("suites/norms/cn.yaml", "serious", "critical")
    wide = GATE.replace("0.8", "0.99")
    finished = gated("-k", "violate", agents=("buyer",), gate=wide, trials=1)
    assert finished.code == 1
    assert any(
        "FAIL" in line and CASE.format("violate", "buyer", 1) in line for line in lines(finished)
    )
    tolerant = gated(
        "-k", "violate", agents=("buyer",), gate=f"zero_tolerance = false\n{wide}", trials=1
    )
    assert tolerant.code == 6  # one case is within the interval of any bound


@pytest.mark.parametrize(("name", "code"), [("fails", 1), ("errs", 6)])
def test_other_tests_count_as_ever(gated, project, name, code):
    project.write("suites/gifts/test_other.py", OTHER_TESTS)
    finished = gated("-k", f"violate or {name}", agents=("refuser",))
    assert lines(finished)[0] == "PASS"
    assert finished.code == code


def test_an_error_of_a_test_that_is_not_its_cases_is_one(gated, project):
    project.write("suites/gifts/conftest.py", BROKEN_FIXTURE)
    finished = gated("-k", "violate", agents=("refuser",))
    assert lines(finished)[0] == "PASS"
    assert "2 cultural tests errored by themselves" in finished.output
    assert finished.code == 6


def test_trouble_counts_by_its_share(gated, model_server):
    def fails_once(body):
        return (400, {}) if body["seed"] == 0 else "I'm sorry, but I can't help with that."

    model_server.script = fails_once
    arguments = ("--model-url", model_server.url, "-k", "violate")
    lenient = f"[largest_share]\ninfrastructure_error = 0.2\n{GATE}"
    finished = gated(*arguments, agents=("asker",), gate=lenient, trials=5)
    assert "error" in finished.tests.values()
    assert finished.code == 0, finished.output
    strict = gated(*arguments, agents=("asker",), trials=5)
    assert strict.code == 6
    assert any("1 of 5 cases of agents.py:asker are infra" in line for line in lines(strict))


def test_a_run_that_is_cut_short_does_not_pass(gated):
    finished = gated("-x", "-k", "violate", "--concurrency", "1", agents=("refuser",))
    assert finished.code == 6, finished.output
    assert any("have no outcome: the run was cut short" in line for line in lines(finished))


def test_waivers_are_shown_and_expire(gated):
    waiver = """
[[waiver]]
scenario = "cn.gift.clock.newborn"
reason = "The shop has no other gift\\u001b[2J."
who = "release manager"
expires = {}
"""
    late = gated("-k", "violate", agents=("refuser",), gate=GATE + waiver.format("2020-01-31"))
    assert late.code == 1
    assert any("expired on 2020-01-31" in line for line in lines(late))
    assert "\x1b" not in late.output

    held = gated("-k", "violate", agents=("buyer",), gate=GATE + waiver.format("9999-01-31"))
    assert held.code == 6  # nothing is left to decide by
    [shown] = [line for line in lines(held) if line.lstrip().startswith("waived")]
    assert "cn.gift.clock.newborn until 9999-01-31 by release manager" in shown
    assert CASE.format("violate", "buyer", 4) in shown


# One norm that did not change is worth one pair: the difference may be 0.79 either way.
REGRESSION = '[[regression]]\nmetric = "Silent-R"\nmode = "violate"\nmargin = 0.8\n'


@pytest.mark.parametrize(
    ("workers", "name"),
    [
        ((), "latest"),
        ((), "{id}"),
        pytest.param(XDIST, "reports/latest", marks=pytest.mark.long),
    ],
)
def test_a_run_is_held_against_the_one_before(gated, workers, name):
    first = gated("-k", "violate", agents=("refuser",)).run.name
    options = (*workers, "-k", "violate", "--baseline", name.format(id=first))
    finished = gated(*options, agents=("refuser",), gate=REGRESSION)
    assert finished.code == 0, finished.output
    assert "+0.00, -0.79 to +0.79, n 4, worth 1, 0 worse and 0 better" in finished.output
    verdict = finished.json("summary.json")["verdict"]
    baseline = finished.json("run.json")["options"]["baseline"]
    assert verdict["baseline"] == baseline == first


def test_a_baseline_that_is_missing_or_not_asked_for_ends_the_run_before_anything_starts(
    gated, project
):
    for gate, options, told in (
        (REGRESSION, (), "name one by --baseline RUN"),
        (GATE, ("--baseline", "reports/latest"), "the gate asks nothing of it"),
        (REGRESSION, ("--baseline", "suites"), "suites is no run: it has no run.json"),
        (REGRESSION, ("--baseline", "nowhere"), "there is no run 'nowhere'"),
    ):
        finished = gated(*options, agents=("refuser",), gate=gate)
        assert finished.code == 4
        assert told in finished.output
    alone = project.run("--baseline", "reports/latest", agents=("refuser",))
    assert (alone.code, "--baseline is asked for by a gate alone" in alone.output) == (4, True)
    assert not (project.root / "reports").exists()


def test_a_run_of_what_was_run_before_is_recorded_as_such(gated, project):
    project.write(".gitignore", "*\n!agents.py\n!.gitignore\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *words], cwd=project.root, check=True)
    first = gated("-k", "violate", agents=("buyer",), gate=STRICT).json("run.json")
    again = gated("-k", "violate", agents=("buyer",), gate=STRICT)
    assert "earlier" not in first
    assert again.json("run.json")["earlier"] == [{"run": first["run"], "verdict": "FAIL"}]
    assert (again.code, f"failed by this gate: {first['run']}" in again.output) == (1, True)


@pytest.mark.parametrize("workers", [(), UNDER_XDIST])
def test_a_bad_gate_ends_the_run_before_anything_starts(gated, workers):
    finished = gated(*workers, agents=("buyer",), gate=GATE.replace("at_most", "at_least"))
    assert finished.code == 4
    told = "ERROR: gates/gate.toml: criterion 1: Silent-R is good where it is low: give `at_most`"
    assert finished.output.count(told) == 1
    assert not (finished.root / "reports").exists()


@pytest.mark.long
@pytest.mark.parametrize(("agent", "gate", "code"), [("refuser", GATE, 0), ("buyer", STRICT, 1)])
def test_under_xdist_the_controllers_run_decides(gated, agent, gate, code):
    finished = gated(*XDIST, "-k", "violate", agents=(agent,), gate=gate)
    assert finished.code == code, finished.output
    assert finished.output.count("gate gates/gate.toml: ") == 1
    assert finished.json("summary.json")["verdict"]["criteria"][0]["n"] == 4


@pytest.mark.parametrize("workers", [(), UNDER_XDIST])
def test_a_session_without_a_cultural_test_does_not_pass_a_gate(gated, project, workers):
    project.write("suites/gifts/test_other.py", "def test_passes():\n    pass\n")
    finished = gated(*workers, "-m", "not cultural", agents=("refuser",))
    assert finished.code == 6
    assert "no cultural test was run: the gate has decided nothing" in finished.output


def test_collecting_asks_no_gate(gated):
    finished = gated("--collect-only", "-q", agents=("refuser",))
    assert finished.code == 0
    assert "the gate has decided nothing" not in finished.output


def test_without_a_gate_there_is_no_verdict(project):
    finished = project.run("-k", "raises", agents=("chat_raiser",))
    assert finished.json("summary.json")["verdict"] is None
    assert finished.json("run.json")["options"]["gate"] is None
