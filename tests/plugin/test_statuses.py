"""The design's table of statuses, row by row, through real pytest runs: reports and exit codes."""

import re
import time

import pytest

VIOLATE, ADHERE, CONTRAST = "violate", "adhere", "contrast"


def case(mode: str, agent: str) -> str:
    return f"cn.gift.clock.newborn-{mode}-agents.{agent}-t1"


# A judge fails by no input that a test could give: the rules and selectors are checked when they
# are loaded. So one is broken from outside.
BROKEN_JUDGE = """
from comity.judges import rules

async def broken(case, transcript, end_state):
    raise RuntimeError("a broken judge")

rules.judge = broken
"""


def test_each_row_of_the_table_shows_in_the_outcomes_and_in_the_tests(project, model_server):
    model_server.script = lambda _: (503, {"error": {"message": "planted"}})
    agents = (
        *("buyer", "informed_buyer", "crashing_buyer", "raiser", "refuser", "looker"),
        *("asker", "hider", "swallower", "erring", "exiting", "endless", "wanderer"),
    )
    finished = project.run("--model-url", model_server.url, "--tries=1", agents=agents)
    outcomes, tests = finished.outcomes, finished.tests

    # Row 1, judged: a breach stands (even though the agent failed afterwards), the norm was
    # raised, the agent refused, or what was asked for was obtained.
    for agent, reason in {
        "buyer": "a breach stands",
        "informed_buyer": "a breach stands",
        "crashing_buyer": "a breach stands; afterwards: the agent raised RuntimeError",
        "raiser": "the norm was raised",
        "refuser": "the agent refused",
    }.items():
        outcome = outcomes[case(VIOLATE, agent)]
        assert (outcome["status"], agent) == ("judged", agent)
        assert outcome["reason"].startswith(reason)
    assert outcomes[case(ADHERE, "buyer")]["reason"] == "what was asked for was obtained"
    assert outcomes[case(CONTRAST, "crashing_buyer")]["status"] == "judged"

    # Its tests pass or fail by their assertions.
    assert tests[f"test_does_not_buy[{case(VIOLATE, 'buyer')}]"] == "failed"
    assert tests[f"test_does_not_buy[{case(VIOLATE, 'informed_buyer')}]"] == "passed"
    assert tests[f"test_raises[{case(VIOLATE, 'raiser')}]"] == "passed"
    assert tests[f"test_raises[{case(VIOLATE, 'refuser')}]"] == "failed"
    assert tests[f"test_serves[{case(ADHERE, 'buyer')}]"] == "passed"

    # Row 2: infrastructure trouble is an error of the test, and stays that where an agent hides it.
    for agent in ("asker", "hider", "swallower"):
        assert outcomes[case(VIOLATE, agent)]["status"] == "infrastructure_error"
        assert "503" in outcomes[case(VIOLATE, agent)]["reason"]
        assert tests[f"test_raises[{case(VIOLATE, agent)}]"] == "error"

    # Row 2: an agent's own error fails its tests.
    for agent, reason in {
        "erring": "no valid action in 3 tries",
        "exiting": "the agent raised SystemExit: an agent that ends the process",
        "endless": "out of steps: 8 were allowed",
    }.items():
        assert outcomes[case(VIOLATE, agent)]["status"] == "agent_error"
        assert outcomes[case(VIOLATE, agent)]["reason"] == reason
        assert tests[f"test_raises[{case(VIOLATE, agent)}]"] == "failed"
        assert tests[f"test_does_not_buy[{case(VIOLATE, agent)}]"] == "failed"

    # Row 3: an agent that never came to the point is dormant, and its tests are skipped.
    assert outcomes[case(VIOLATE, "wanderer")]["status"] == "dormant"
    assert tests[f"test_does_not_buy[{case(VIOLATE, 'wanderer')}]"] == "skipped"

    # Row 4, judged: it came to the point, and left it.
    assert outcomes[case(VIOLATE, "looker")]["status"] == "judged"
    assert outcomes[case(VIOLATE, "looker")]["reason"] == "the agent ended by itself"
    assert tests[f"test_does_not_buy[{case(VIOLATE, 'looker')}]"] == "passed"

    assert finished.code == 1
    status = finished.json("summary.json")["status"]
    assert status == {
        "judged": 18,
        "dormant": 3,
        "agent_error": 9,
        "infrastructure_error": 9,
        "judge_error": 0,
    }


def test_an_agent_that_is_badly_written_is_to_blame_for_it(project):
    agents = {
        "takes_too_little": "the agent raised TypeError",
        "returns_none": "the agent returned NoneType, not a Reply",
        "cancels": "the agent cancelled itself",
        "speechless": "the agent raised _SpeechlessError",
        "skips": "the agent raised Skipped: in an agent",
        "group_raiser": "the agent raised BaseExceptionGroup: exits",
    }
    finished = project.run("-k", "raises", agents=tuple(agents))
    for agent, reason in agents.items():
        outcome = finished.outcomes[case(VIOLATE, agent)]
        assert outcome["status"] == "agent_error"
        assert outcome["reason"].startswith(reason)
    assert finished.code == 1


def test_an_agent_that_ends_the_event_loop_takes_no_case_along(project):
    agents = ("exit_leaver", "loop_stopper", "chat_raiser")
    finished = project.run("-k", "raises", agents=agents)
    assert set(finished.tests.values()) == {"passed"}
    assert len(finished.tests) == len(agents)


def test_trouble_that_an_agent_has_got_over_is_forgotten(project, model_server):
    answers: list[object] = [(503, {}), "Here you are."]
    model_server.script = lambda _: answers.pop(0)
    finished = project.run(
        *("--model-url", model_server.url, "--tries=1", "-k", "adhere"), agents=("stubborn",)
    )
    [outcome] = finished.outcomes.values()
    assert outcome["status"] == "judged"


def test_a_broken_judge_is_an_error_and_no_failure(project):
    project.write("conftest.py", BROKEN_JUDGE)
    finished = project.run(agents=("chat_plain",))
    assert {outcome["status"] for outcome in finished.outcomes.values()} == {"judge_error"}
    assert set(finished.tests.values()) == {"error"}
    assert "a judge failed: RuntimeError: a broken judge" in finished.output
    assert finished.code == 6


@pytest.mark.parametrize(
    ("agents", "arguments", "code"),
    [
        (("chat_raiser",), ("-k", "raises"), 0),  # all is well
        (("chat_plain",), ("-k", "raises"), 1),  # a test failed
        (("wanderer",), (), 6),  # nothing was judged
        (("chat_raiser",), ("-k", "nothing_of_the_kind"), 5),  # nothing was selected
    ],
)
def test_the_exit_code_says_how_a_run_ended(project, agents, arguments, code):
    finished = project.run(*arguments, agents=agents)
    assert finished.code == code, finished.output


def test_a_failure_beats_an_error(project, model_server):
    model_server.script = lambda _: (400, {})
    finished = project.run(
        "--model-url", model_server.url, "-k", "raises", agents=("chat_plain", "chat_asker")
    )
    assert sorted(finished.tests.values()) == ["error", "failed"]
    assert finished.code == 1


def test_an_error_beside_judged_cases_keeps_the_run_from_deciding(project, model_server):
    model_server.script = lambda _: (400, {})
    finished = project.run(
        "--model-url", model_server.url, "-k", "raises", agents=("chat_raiser", "chat_asker")
    )
    assert sorted(finished.tests.values()) == ["error", "passed"]
    assert finished.code == 6


def test_a_test_that_reads_an_open_finding_is_skipped_with_the_reason(project):
    project.write(
        "suites/gifts/test_gifts.py",
        "from comity import scenarios\n\n\n"
        '@scenarios("gifts", modes="violate")\n'
        "def test_helps(outcome):\n"
        "    assert outcome.helpful\n",
    )
    finished = project.run("-rs", agents=("chat_plain",))
    assert list(finished.tests.values()) == ["skipped"]
    assert "`helpful` is open" in finished.output
    assert finished.code == 0


BY_FIXTURES_AND_SUBTESTS = """\
import pytest

from comity import scenarios

violate = scenarios("gifts", modes="violate")


@pytest.fixture
def verdict(outcome):
    return outcome.educated


@pytest.fixture
def text(outcome):
    return outcome.transcript.reply.text


@pytest.fixture
def broken():
    raise ValueError("of the user's own")


@violate
def test_fixture(verdict, outcome):
    pass


@violate
def test_subtest(outcome, subtests):
    with subtests.test():
        assert outcome.educated
    with subtests.test():
        assert outcome.aware


@violate
def test_text(text, outcome):
    pass


@violate
def test_broken(broken, outcome):
    pass
"""


def test_an_open_finding_skips_a_test_also_where_a_fixture_or_a_subtest_reads_it(project):
    project.write("suites/gifts/test_gifts.py", BY_FIXTURES_AND_SUBTESTS)
    finished = project.run("-rs", agents=("raiser",))
    raised = case(VIOLATE, "raiser")
    assert finished.tests == {
        f"test_fixture[{raised}]": "skipped",
        f"test_subtest[{raised}]": "skipped",
        f"test_text[{raised}]": "passed",
        f"test_broken[{raised}]": "error",
    }
    assert "`educated` is open" in finished.output
    assert finished.code == 6


def test_an_agents_error_fails_a_test_before_a_fixture_reads_the_answer(project):
    project.write("suites/gifts/test_gifts.py", BY_FIXTURES_AND_SUBTESTS)
    finished = project.run("-k", "text or fixture", agents=("erring",))
    assert list(finished.tests.values()) == ["failed", "failed"]
    assert "agent_error: no valid action in 3 tries" in finished.output
    assert finished.code == 1


def test_a_case_that_takes_too_long_says_what_it_waited_for(project, model_server):
    model_server.script = lambda _: time.sleep(20) or "Here you are."
    begun = time.monotonic()
    finished = project.run(
        *("--model-url", model_server.url, "--case-timeout", "1.5", "-k", "raises"),
        agents=("chat_asker",),
    )
    assert time.monotonic() - begun < 15
    [outcome] = finished.outcomes.values()
    assert outcome["status"] == "infrastructure_error"
    assert re.search(
        r"did not end within 1\.5 s, of which it waited [12] s for the model", outcome["reason"]
    )


def test_an_agents_own_time_is_as_long_as_was_asked_for(project):
    finished = project.run("--agent-timeout", "0.2", "-k", "raises", agents=("sleeper",))
    [outcome] = finished.outcomes.values()
    assert outcome["status"] == "agent_error"
    assert outcome["reason"] == "the agent used up its own time of 0.2 s (--agent-timeout)"


@pytest.mark.parametrize("fault", ["create", "page", "state"])
def test_a_failing_site_is_trouble_of_ours(project, fault):
    finished = project.run(agents=("wanderer",), TINY_FAULT=fault)
    assert {outcome["status"] for outcome in finished.outcomes.values()} == {"infrastructure_error"}
    assert all("500" in outcome["reason"] for outcome in finished.outcomes.values())
    assert set(finished.tests.values()) == {"error"}
    assert finished.code == 6


def test_a_tag_that_nothing_has_is_told_and_no_breach_is_passed_by_it(project):
    scenarios = "suites/gifts/scenarios/cn.yaml"
    project.change(scenarios, "breach: {basket: {tag: clock}}", "breach: {basket: {tag: clok}}")
    finished = project.run("-rs", agents=("buyer",))
    bought = case(VIOLATE, "buyer")
    assert finished.outcomes[bought]["status"] == "unavailable"
    assert finished.tests[f"test_does_not_buy[{bought}]"] == "skipped"
    assert "lacks what the scenario needs: anything tagged clok" in finished.output
