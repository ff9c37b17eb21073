"""Under pytest-xdist the controller runs each case once, and the workers ask it for outcomes."""

import json
import re
import signal
import time
from collections import defaultdict
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.long

XDIST = ("-p", "xdist.plugin")

RECORDING = """
import os
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.user_properties.append(("worker", os.environ.get("PYTEST_XDIST_WORKER", "none")))
    return report
"""


def workers(project):
    """Return the workers that ran the tests, by the case that the tests are over."""
    found = defaultdict(list)
    for case in ElementTree.parse(project.root / "junit.xml").iter("testcase"):
        [worker] = {
            p.attrib["value"] for p in case.iter("property") if p.attrib["name"] == "worker"
        }
        found[case.attrib["name"].partition("[")[2]].append(worker)
    return found


def test_no_case_runs_twice_and_there_is_one_run(project, model_server):
    finished = project.run(
        *XDIST, "-n", "2", "--model-url", model_server.url, "--trials", "3", agents=("chat_asker",)
    )
    assert finished.code == 1, finished.output
    assert len(finished.tests) == 12
    assert sorted(finished.tests.values()) == ["failed"] * 3 + ["passed"] * 9
    lines = (finished.run / "outcomes.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == len(finished.outcomes) == len(model_server.requests) == 9
    assert len(list((project.root / "reports" / "runs").iterdir())) == 1
    assert finished.output.count("cultural norms") == 1
    assert finished.output.count("kept in reports/runs/") == 1
    assert finished.json("summary.json")["cases"] == 9


def test_tests_over_one_case_stay_together_and_keep_their_names(project):
    project.write("conftest.py", RECORDING)
    plain = project.run("--trials", "4", agents=("chat_plain",))
    finished = project.run(*XDIST, "-n", "2", "--trials", "4", agents=("chat_plain",))
    assert finished.tests == plain.tests
    by_case = workers(project)
    assert all(len(set(found)) == 1 for found in by_case.values())
    assert {worker for found in by_case.values() for worker in found} == {"gw0", "gw1"}


@pytest.mark.parametrize("dist", ["loadscope", "loadfile", "loadgroup", "worksteal", "each"])
def test_every_way_to_distribute_runs_each_case_once(project, model_server, dist):
    finished = project.run(
        *XDIST, "-n", "2", "--dist", dist, "--model-url", model_server.url, agents=("chat_asker",)
    )
    assert finished.code == 1, finished.output
    assert len(model_server.requests) == len(finished.outcomes) == 3
    assert len(finished.tests) == 4
    twice = 2 if dist == "each" else 1
    assert f"{twice} failed, {3 * twice} passed" in finished.output


@pytest.mark.parametrize("arguments", [(), ("-n", "0"), ("-n", "1"), ("--dist", "load")])
def test_few_workers_or_none_run_as_ever(project, arguments):
    finished = project.run(*XDIST, *arguments, agents=("chat_plain",))
    assert finished.code == 1, finished.output
    assert sorted(finished.tests.values()) == ["failed", "passed", "passed", "passed"]
    assert len(finished.outcomes) == 3
    assert finished.output.count("cultural norms") == 1


def test_collecting_starts_nothing(project):
    finished = project.run(*XDIST, "-n", "2", "--collect-only", "-q", agents=("buyer",))
    assert finished.code == 0
    assert "test_raises[cn.gift.clock.newborn-violate-agents.buyer-t1]" in finished.output
    assert not (project.root / "reports").exists()


def test_the_selection_of_the_workers_is_what_runs(project):
    finished = project.run(*XDIST, "-n", "2", "-k", "serves and adhere", agents=("chat_plain",))
    assert list(finished.outcomes) == ["cn.gift.clock.newborn-adhere-agents.chat_plain-t1"]
    assert project.run(*XDIST, "-n", "2", "-m", "not cultural", agents=("chat_plain",)).code == 5


def test_the_concurrency_is_that_of_the_run(project, model_server):
    begun, most = [], []

    def slow(_body):
        begun.append(1)
        time.sleep(0.3)
        most.append(len(begun))
        begun.pop()
        return "Here you are."

    model_server.script = slow
    project.run(
        *(*XDIST, "-n", "2", "--model-url", model_server.url, "--trials", "4"),
        *("--concurrency", "3"),
        agents=("chat_asker",),
    )
    assert max(most) == 3


def test_the_reports_have_the_times_and_the_evidence_of_the_case(project, model_server):
    model_server.script = lambda _: time.sleep(0.5) or "Here you are."
    allure = project.root / "allure"
    finished = project.run(
        *(*XDIST, "-n", "2", "-p", "allure_pytest", f"--alluredir={allure}"),
        *("--model-url", model_server.url, "-k", "violate"),
        agents=("chat_asker", "buyer"),
    )
    cases = ElementTree.parse(project.root / "junit.xml").iter("testcase")
    times = [float(case.attrib["time"]) for case in cases if "chat_asker" in case.attrib["name"]]
    assert len(times) == 2
    assert all(0.5 <= seconds < 3 for seconds in times)
    results = [json.loads(path.read_text("utf-8")) for path in allure.glob("*-result.json")]
    kept = {round(o["timing"]["started"] * 1000) for o in finished.outcomes.values()}
    assert {result["start"] for result in results} == kept
    [bought] = [
        r for r in results if r["name"].startswith("test_does_not_buy") if "buyer" in r["name"]
    ]
    names = {attachment["name"]: attachment for attachment in bought["attachments"]}
    assert {"story", "transcript", "end state", "findings", "last page"} <= set(names)
    assert (allure / names["last page"]["source"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "agents", "change", "part"),
    [
        ((), ("nobody",), None, "has no agent 'nobody'"),
        ((), ("forum_only",), None, "fits no selected suite"),
        (("--trials", "0"), ("chat_plain",), None, "--trials: "),
        ((), ("chat_plain",), ("suites/norms/cn.yaml", "serious", "grave"), "cn.yaml:8: "),
        ((), ("chat_plain",), ("suites/gifts/test_gifts.py", '"gifts"', '"x"'), "no suite 'x'"),
        (("--model-url", "http://127.0.0.1:9/v1"), ("chat_asker",), None, "--model-url"),
        (
            (),
            ("buyer",),
            ("environments/sites.yaml", "tiny_shop", "nothing"),
            "No whole first line",
        ),
    ],
)
def test_bad_input_is_told_once_for_all_workers(project, arguments, agents, change, part):
    if change:
        project.change(*change)
    finished = project.run(*XDIST, "-n", "2", *arguments, agents=agents)
    assert finished.code == 4, finished.output
    [line] = [line for line in finished.output.splitlines() if line.startswith("ERROR: ")]
    assert part in line
    for noise in ("Traceback", "INTERNALERROR", "node down", "crashed"):
        assert noise not in finished.output


def test_a_project_without_suites_is_told_so(project):
    (project.root / "suites" / "gifts" / "test_gifts.py").rename(project.root / "test_gifts.py")
    project.change("pytest.ini", "testpaths = suites", "comity_suites = elsewhere")
    finished = project.run(*XDIST, "-n", "2", "test_gifts.py", agents=("chat_plain",))
    assert finished.code == 4
    assert finished.output.count("elsewhere") == 1
    assert "Traceback" not in finished.output


def test_trouble_of_a_case_reaches_its_tests(project, model_server):
    model_server.script = lambda _: (400, {})
    finished = project.run(
        *(*XDIST, "-n", "2", "--model-url", model_server.url), agents=("chat_asker", "wanderer")
    )
    assert sorted(set(finished.tests.values())) == ["error", "skipped"]
    assert "infrastructure_error: " in finished.output
    assert finished.code == 6


def test_a_worker_that_crashes_is_replaced_and_its_case_is_not_run_again(project, model_server):
    project.write(
        "suites/gifts/test_crash.py",
        "import os\n"
        "from comity import scenarios\n\n\n"
        '@scenarios("gifts", modes="adhere")\n'
        "def test_crashes(outcome):\n"
        "    os._exit(9)\n",
    )
    finished = project.run(
        *(*XDIST, "-n", "2", "--model-url", model_server.url, "--trials", "2"),
        agents=("chat_asker",),
    )
    assert finished.code == 1, finished.output
    assert len(model_server.requests) == len(finished.outcomes) == 6
    assert finished.output.count("crashed while running") == 2
    assert "4 failed, 6 passed" in finished.output
    assert "Traceback" not in finished.output


def test_stopping_at_the_first_failure_does_not_wait_for_the_rest(start, slow_at_blankets):
    begun = time.monotonic()
    run = start(
        *(*XDIST, "-n", "2", "-x", "--model-url", slow_at_blankets.url),
        agents=("chat_asker", "endless"),
    )
    finished = run.finish()
    assert time.monotonic() - begun < 30
    assert finished.code == 2  # as xdist has it
    assert "stopping after 1 failures" in finished.output
    assert "cn.gift.clock.newborn-adhere-agents.chat_asker-t1" not in finished.outcomes
    assert finished.json("summary.json")["cases"] == len(finished.outcomes) >= 1
    run.leaves_nothing()


@pytest.mark.parametrize("whom", ["group", "controller"])
def test_an_interrupt_keeps_what_is_done_and_leaves_nothing(start, slow_at_blankets, until, whom):
    run = start(
        *(*XDIST, "-n", "2", "--model-url", slow_at_blankets.url),
        agents=("chat_asker", "wanderer"),
    )
    until(lambda: run.kept == 5)
    begun = time.monotonic()
    if whom == "group":
        run.press_ctrl_c()
    else:
        run.send(signal.SIGTERM)
    finished = run.finish()
    assert time.monotonic() - begun < 30
    assert finished.code == 2
    assert len(finished.outcomes) == finished.json("summary.json")["cases"] == 5
    assert finished.output.count("kept in reports/runs/") == 1
    assert "Traceback" not in finished.output
    run.leaves_nothing()


def test_a_second_interrupt_ends_controller_and_workers_now(start, slow_at_blankets, until):
    run = start(
        *(*XDIST, "-n", "2", "--model-url", slow_at_blankets.url),
        agents=("chat_asker", "wanderer"),
    )
    until(lambda: run.kept == 5)
    run.freeze("tiny_shop.py")
    run.press_ctrl_c()
    run.until_closing()
    begun = time.monotonic()
    run.press_ctrl_c()
    finished = run.finish()
    assert time.monotonic() - begun < 5
    assert finished.code == 2
    assert len(finished.outcomes) == finished.json("summary.json")["cases"] == 5
    run.leaves_nothing()


def test_workers_end_with_their_controller(start, slow_at_blankets, until):
    run = start(
        *(*XDIST, "-n", "2", "--model-url", slow_at_blankets.url),
        agents=("chat_asker", "wanderer"),
    )
    until(lambda: run.kept == 5)
    run.send(signal.SIGKILL)
    run.process.wait()
    run.leaves_nothing(20)


WITNESS = """
import sys

def pytest_terminal_summary(terminalreporter):
    engine = {"comity.cultural", "comity.running", "playwright", "httpx2"}
    terminalreporter.write_line(f"imported: {sorted(engine & set(sys.modules))}")
"""


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_a_run_without_cultural_tests_does_not_pay_for_them(project, arguments):
    project.write("conftest.py", WITNESS)
    project.write("suites/test_plain.py", "def test_plain():\n    pass\n")
    finished = project.run_from_scratch(*XDIST, *arguments, "suites/test_plain.py")
    assert finished.code == 0
    assert "imported: []" in finished.output


def test_tests_of_other_kinds_run_as_ever(project):
    project.write(
        "suites/test_plain.py",
        "import pytest\n\n\n"
        '@pytest.mark.parametrize("n", range(6))\n'
        "def test_plain(n):\n"
        "    assert n != 3\n",
    )
    finished = project.run(*XDIST, "-n", "2", agents=("chat_plain",))
    assert finished.code == 1
    assert "2 failed, 8 passed" in finished.output


def test_somebody_who_looks_sees_how_far_the_cases_are(project, model_server, on_a_terminal):
    model_server.script = lambda _: time.sleep(1.5) or "Here you are."
    code, drawn = on_a_terminal(
        *(*XDIST, "-n", "2", "--model-url", model_server.url, "--trials", "2"),
        *("--concurrency", "3"),
        agents=("chat_asker",),
    )
    assert code == 1
    assert "3 running, 0/6 done" in drawn
    # The line is taken away before anything else is written, and at the end.
    last = drawn.rindex("running, ")
    assert "\x1b[K" in drawn[last : last + 200]
    assert not re.search(r"running, [^\x1b]*(PASSED|FAILED|=====)", drawn)
