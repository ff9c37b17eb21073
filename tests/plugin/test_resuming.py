"""`pytest --resume`: a run that was cut off is finished, and no finished case is run again."""

import json
import os
import signal
from pathlib import Path

import pytest

from comity.run.holding import Hold
from comity.run.store import read

CASE = "cn.gift.clock.newborn-{}-noting.agent-t{}"
# It notes each time that it is run. What it does then stands in a file of its own, so that it can
# be changed without the agent's code being another.
AGENT = """\
import asyncio
import json
from pathlib import Path

from comity import Reply


class Noting:
    declares = frozenset({"chat"})
    uses_model = False

    async def run(self, task, page, model):
        with open("ran.txt", "a") as file:
            file.write(task.request + "\\n")
        what = json.loads(Path("what.json").read_text())
        for words, does in what.items():
            if words in task.request and does == "raise":
                raise RuntimeError("by its own fault")
            if words in task.request and does == "hang":
                await asyncio.sleep(600)
        return Reply(text="Here you are.")


agent = Noting()
"""
BLANKET, CHENGDU_CLOCK, OSLO = "a blanket", "Chengdu has a baby. Please put a wall clock", "Oslo"


@pytest.fixture
def noting(project):
    project.write("noting.py", AGENT)
    project.write("what.json", "{}")
    return project


def does(project, **what):
    project.write("what.json", json.dumps(what))


def go(project, *arguments, **environment):
    return project.run("--agent", "noting.py:agent", *arguments, **environment)


def ran(project):
    """Return what the agent was asked, since this was last looked at."""
    path = project.root / "ran.txt"
    found = path.read_text("utf-8").splitlines() if path.exists() else []
    path.write_text("")
    return found


def cut_off(project, start, until, number=signal.SIGKILL, *arguments):
    """Start a run that hangs at its blankets, and cut it off."""
    project.write("what.json", json.dumps({BLANKET: "hang"}))
    run = start("--agent", "noting.py:agent", *arguments, agents=())
    until(lambda: run.kept == 2)
    until(lambda: len((project.root / "ran.txt").read_text().splitlines()) == 3)
    run.send(number)
    code = run.process.wait(60)
    assert len(ran(project)) == 3
    project.write("what.json", "{}")
    return code


def lines(finished):
    text = (finished.run / "outcomes.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_cut_off_is_finished_in_its_own_folder(noting, start, until, number):
    cut_off(noting, start, until, number)
    first = {path: path.read_bytes() for path in (noting.root / "reports").rglob("transcripts/*")}
    finished = go(noting, "--resume")
    assert finished.code == 1, finished.output
    [asked] = ran(noting)
    assert BLANKET in asked
    assert sorted(finished.tests.values()) == ["failed", "passed", "passed", "passed"]
    assert "does not hold" not in finished.output
    assert "Here you are." in finished.output  # the failed test's story is that of the first part
    assert [line["case_id"] for line in lines(finished)][-1] == CASE.format("adhere", 1)
    assert len(lines(finished)) == len(finished.outcomes) == 3
    assert finished.json("summary.json")["cases"] == 3
    assert all(path.read_bytes() == content for path, content in first.items())
    [resumed] = finished.json("run.json")["resumed"]
    assert (resumed["kept"], resumed["again"], resumed["changed"]) == (2, 0, {})
    assert len(list((noting.root / "reports" / "runs").iterdir())) == 1


def test_a_run_that_is_whole_runs_nothing_again(noting):
    before = go(noting)
    assert len(ran(noting)) == 3
    finished = go(noting, "--resume", before.run.name)
    assert ran(noting) == []
    assert (finished.code, finished.tests) == (before.code, before.tests)
    assert finished.run == before.run
    assert not list(finished.run.glob("resumed-*"))


def test_what_failed_by_no_doing_of_the_agents_is_run_again_and_takes_the_failures_place(noting):
    does(noting, **{BLANKET: "hang", OSLO: "raise"})
    before = go(noting, "--case-timeout", "0.5")
    assert before.json("summary.json")["status"]["infrastructure_error"] == 1
    assert before.json("summary.json")["status"]["agent_error"] == 1
    ran(noting)
    does(noting)
    finished = go(noting, "--resume")
    [asked] = ran(noting)
    assert BLANKET in asked
    status = finished.json("summary.json")["status"]
    assert (status["judged"], status["agent_error"], status["infrastructure_error"]) == (2, 1, 0)
    assert len(lines(finished)) == 4
    found = {outcome.case.id: outcome for outcome in read(finished.run)}
    assert len(found) == 3
    again = found[CASE.format("adhere", 1)]
    assert (again.status, again.transcript.reply.text) == ("judged", "Here you are.")
    assert list(found)[-1] == again.case.id
    # The evidence of what was superseded stays what it was.
    paths = [one["transcript"] for one in lines(finished) if one["case_id"] == again.case.id]
    assert len(set(paths)) == 2
    assert json.loads((finished.run / paths[0]).read_text())["transcript"]["reply"] is None
    [resumed] = finished.json("run.json")["resumed"]
    assert (resumed["kept"], resumed["again"]) == (2, 1)
    assert resumed["changed"] == {"settings.case_timeout": 900.0}


def test_a_spent_budget_is_no_end(noting):
    does(noting, **{BLANKET: "hang"})
    before = go(noting, "--time-budget", "2")
    assert before.json("summary.json")["status"]["infrastructure_error"] == 1
    does(noting)
    finished = go(noting, "--resume")
    assert finished.json("summary.json")["status"]["judged"] == 3


def test_fewer_cases_may_be_selected_and_the_run_has_all_of_them_still(noting, start, until):
    gate = '[[criterion]]\nmetric = "Silent-R"\nmode = "violate"\nat_most = 0.9\n'
    noting.write("gate.toml", gate)
    cut_off(noting, start, until)
    finished = go(noting, "--resume", "-k", "violate", "--gate", "gate.toml")
    assert ran(noting) == []
    assert set(finished.tests.values()) <= {"passed", "failed"}
    assert finished.json("summary.json")["cases"] == 2
    assert finished.code == 6
    assert "1 of the selected cases have no outcome" in finished.output


def test_other_cases_than_the_runs_are_refused(noting):
    before = go(noting, "-k", "violate")
    content = {path: path.read_bytes() for path in before.run.rglob("*") if path.is_file()}
    finished = go(noting, "--resume")
    assert finished.code == 4
    assert "newborn-adhere-noting.agent-t1" in finished.output
    assert "were not selected when the run" in finished.output
    assert {path: path.read_bytes() for path in before.run.rglob("*") if path.is_file()} == content


@pytest.mark.parametrize(
    ("change", "arguments", "told"),
    [
        (lambda project: None, ("--trials", "2"), "settings.trials was 1 and is 2"),
        (lambda project: None, ("--temperature", "0.5"), "settings.temperature was 0.0 and is 0.5"),
        (
            lambda project: project.change("suites/norms/cn.yaml", "A clock", "No clock"),
            (),
            "suites was",
        ),
        (lambda project: project.change("noting.py", "Here", "There"), (), "agent_files."),
        (
            lambda project: None,
            ("--agent", "agents.py:chat_plain"),
            "agents.agents.py:chat_plain was not there",
        ),
    ],
)
def test_what_differs_is_told_and_nothing_is_touched(noting, change, arguments, told):
    before = go(noting)
    content = {path: path.read_bytes() for path in before.run.rglob("*") if path.is_file()}
    ran(noting)
    change(noting)
    finished = go(noting, "--resume", *arguments)
    assert finished.code == 4
    assert f"the run {before.run.name} began otherwise than it would go on: " in finished.output
    assert told in finished.output
    assert ran(noting) == []
    assert {path: path.read_bytes() for path in before.run.rglob("*") if path.is_file()} == content


def test_a_run_that_another_process_is_at_is_refused(noting):
    before = go(noting)
    hold = Hold(before.run / "outcomes.jsonl")
    finished = go(noting, "--resume")
    assert finished.code == 4
    assert "another process is at work on the run" in finished.output
    hold.let_go()
    assert go(noting, "--resume").code == 1


def test_a_run_that_is_under_way_is_not_resumed_by_another(noting, start, until):
    does(noting, **{BLANKET: "hang"})
    run = start("--agent", "noting.py:agent", agents=())
    until(lambda: run.kept == 2)
    finished = go(noting, "--resume")
    assert finished.code == 4
    assert "another process is at work on the run" in finished.output
    run.send(signal.SIGINT)
    run.finish()


@pytest.mark.parametrize("named", [(), ("--resume=latest",)])
def test_without_a_run_there_is_nothing_to_resume(noting, named):
    finished = go(noting, *(named or ("--resume",)))
    assert finished.code == 4
    assert "--resume: there is no run" in finished.output
    assert not (noting.root / "reports").exists()


def test_a_path_that_was_taken_for_a_run_is_told(noting):
    go(noting)
    finished = go(noting, "--resume", "suites/gifts")
    assert finished.code == 4
    assert "suites/gifts is no run" in finished.output
    assert "write --resume last" in finished.output


def test_a_case_whose_evidence_a_power_cut_took_is_run_again(noting):
    before = go(noting)
    [torn] = before.run.glob("transcripts/*adhere*")
    torn.write_bytes(torn.read_bytes()[:50])
    ran(noting)
    finished = go(noting, "--resume")
    [asked] = ran(noting)
    assert BLANKET in asked
    assert len(list(read(finished.run))) == 3


def test_a_line_that_is_damaged_is_told(noting):
    before = go(noting)
    path = before.run / "outcomes.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"reason"', b'"raisin"', 1))
    finished = go(noting, "--resume")
    assert finished.code == 4
    assert "line 1, cannot be read" in finished.output


def test_what_its_sites_write_stands_beside_what_they_wrote_before(project, start, until):
    project.write("noting.py", AGENT)
    project.write("what.json", json.dumps({BLANKET: "hang"}))
    arguments = ("--agent", "noting.py:agent", "--agent", "agents.py:wanderer")
    run = start(*arguments, agents=())
    until(lambda: run.kept == 5)
    run.send(signal.SIGKILL)
    run.process.wait()
    project.write("what.json", "{}")
    first = project.run(*arguments, "--resume")
    # What was left is a chat's alone, so that neither site nor browser was started.
    assert not list(first.run.glob("resumed-*"))
    assert first.json("run.json")["sites"]["tiny"]
    [shot] = first.run.glob("screenshots/*violate-agents.wanderer*")
    assert shot.stat().st_size > 0
    path = first.run / "outcomes.jsonl"
    kept = [line for line in path.read_bytes().splitlines(True) if b"contrast-agents" not in line]
    path.write_bytes(b"".join(kept))
    second = project.run(*arguments, "--resume")
    assert second.json("summary.json")["cases"] == 6
    assert (second.run / "resumed-2" / "tiny.log").exists()
    assert len(second.json("run.json")["resumed"]) == 2


@pytest.mark.long
def test_under_xdist_the_controller_resumes(noting, start, until):
    cut_off(noting, start, until)
    finished = go(noting, "-p", "xdist.plugin", "-n", "2", "--resume")
    assert finished.code == 1, finished.output
    assert len(ran(noting)) == 1
    assert sorted(finished.tests.values()) == ["failed", "passed", "passed", "passed"]
    assert len(lines(finished)) == 3


@pytest.mark.long
def test_under_xdist_what_differs_ends_the_run_once(noting):
    go(noting)
    finished = go(noting, "-p", "xdist.plugin", "-n", "2", "--resume", "--trials", "2")
    assert finished.code == 4
    assert finished.output.count("began otherwise") == 1


def test_a_model_is_asked_only_what_was_not_answered(project, model_server, start, until):
    import time

    model_server.script = lambda body: (
        time.sleep(60 if "blanket" in str(body) and len(model_server.requests) < 4 else 0)
        or "Here you are."
    )
    run = start("--model-url", model_server.url, agents=("chat_asker",))
    until(lambda: run.kept == 2)
    run.send(signal.SIGKILL)
    run.process.wait()
    model_server.requests.clear()
    model_server.script = lambda body: "Here you are."
    finished = project.run("--resume", "--model-url", model_server.url, agents=("chat_asker",))
    assert finished.code == 1, finished.output
    [request] = model_server.requests
    assert "blanket" in str(request)
    assert len(lines(finished)) == 3


def test_another_model_is_told(project, model_server_factory):
    first, second = model_server_factory(), model_server_factory()
    second.models = ["other"]
    project.run("--model-url", first.url, agents=("chat_asker",))
    arguments = ("--resume", "--model-url", second.url)
    # A case is left, so that a model is needed.
    path = (project.root / "reports" / "latest").resolve() / "outcomes.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(True)[:2]))
    finished = project.run(*arguments, agents=("chat_asker",))
    assert finished.code == 4
    assert 'model.name was "stub" and is "other"' in finished.output
    assert second.requests == []
    # The same model elsewhere, or started anew, is the same model.
    second.models = ["stub"]
    finished = project.run(*arguments, agents=("chat_asker",))
    assert finished.code == 1, finished.output
    [resumed] = finished.json("run.json")["resumed"]
    assert resumed["changed"]["model.urls"] == [second.url]
    assert resumed["changed"]["settings.model_url"] == [second.url]


def test_a_link_that_a_killed_start_has_left_is_no_obstacle(noting):
    before = go(noting)
    (noting.root / "reports" / f".latest-{before.run.name}").symlink_to("nowhere")
    finished = go(noting, "--resume")
    assert finished.code == 1, finished.output
    assert os.listdir(noting.root / "reports") == ["runs", "latest"] or sorted(
        os.listdir(noting.root / "reports")
    ) == ["latest", "runs"]


def test_a_run_that_lies_elsewhere_is_resumed_there(noting, tmp_path):
    before = go(noting)
    elsewhere = before.run.rename(tmp_path / "downloaded")
    finished = go(noting, "--resume", str(elsewhere))
    assert finished.code == 1, finished.output
    assert Path(json.loads((elsewhere / "run.json").read_text())["run"]).name == before.run.name
    assert json.loads((elsewhere / "summary.json").read_text())["cases"] == 3
