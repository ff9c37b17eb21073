"""`comity merge` joins what belongs together, and nothing else; half a run is never left."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from comity.cli import main
from comity.run.holding import Hold
from comity.run.sharding import Shard
from comity.run.store import Store, read, read_facts
from comity.schema import (
    AgentCard,
    Case,
    Finding,
    Outcome,
    Reply,
    Status,
    Timing,
    Transcript,
)
from comity.schema.library import load
from tests.conftest import SCENARIO

N = 3
ROOMS = [f"room-{number}" for number in range(12)]
# Merges take about so long, from the start of Python on; some more for a busy machine.
KILLS, SEED = 12, 5


@pytest.fixture(autouse=True)
def own_place(project, tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(project.root)


def ended(request, number=1):
    agent = AgentCard(reference="agents.py:buyer", declares=frozenset({"chat"}))
    return Outcome(
        case=Case(request=request, agent=agent, site=None, model=None, trial=1),
        status=Status.JUDGED,
        reason="the agent ended by itself",
        findings=(Finding(question="aware", value=False, judge="rules", reason="not raised"),),
        transcript=Transcript(reply=Reply(text="Here you are.")),
        timing=Timing(started=number, stopped=number + 1),
    )


@pytest.fixture
def shards(project):
    """The folders of three shards of one run."""
    text = "".join(SCENARIO.replace("clock.newborn", f"clock.{room}") for room in ROOMS)
    project.write("suites/gifts/scenarios/cn.yaml", text)
    requests = load(project.root / "suites").requests("gifts")
    outcomes = [ended(request, number) for number, request in enumerate(requests, 1)]
    stores = []
    for number in range(1, N + 1):
        shard = Shard(number=number, of=N)
        facts = {
            "platform": f"machine {number}",
            "suites": "s" * 64,
            "settings": {"seed": 0, "concurrency": 16 + number, "shard": str(shard)},
            "selected": [outcome.case.id for outcome in outcomes],
            "sites": {},
        }
        store = Store.create(project.root / f"shard-{number}", facts)
        for outcome in outcomes:
            if shard.holds(outcome.case):
                store.append(outcome).result()
        store.close()
        stores.append(store.folder)
    return stores


@pytest.fixture
def merge(capfd):
    """Merges; returns the exit code and what is said."""

    def command(*arguments):
        code = main(["merge", *map(str, arguments)])
        said = capfd.readouterr()
        return code, said.out + said.err

    return command


@pytest.fixture
def refused(merge, project):
    """Merges what cannot be merged; returns why."""

    def command(*arguments):
        code, told = merge(*arguments)
        assert code == 4, told
        assert not list((project.root / "reports").rglob("*.json*"))
        return told

    return command


def change(folder, **facts):
    path = folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_whole_has_all_that_the_parts_have_and_they_stay_as_they_are(shards, merge, project):
    before = [content(folder) for folder in shards]
    code, told = merge(shards[2], shards[0], shards[1])
    assert code == 0, told
    assert "3 shards, 36 outcomes" in told
    folder = (project.root / "reports" / "latest").resolve()
    found, expected = list(read(folder)), [one for shard in shards for one in read(shard)]
    assert sorted(found, key=lambda one: one.case.id) == sorted(
        expected, key=lambda one: one.case.id
    )
    stopped = [outcome.timing.stopped for outcome in found]
    assert stopped == sorted(stopped)
    assert [content(folder) for folder in shards] == before
    assert os.listdir(project.root / "reports" / "runs") == [folder.name]
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["run"], summary["cases"]) == (folder.name, 36)


def test_what_differed_between_the_parts_stands_under_each(shards, merge, project):
    assert merge(*shards)[0] == 0
    record = json.loads((project.root / "reports" / "latest" / "run.json").read_text())
    assert [part["shard"] for part in record["parts"]] == ["1/3", "2/3", "3/3"]
    assert [part["run"] for part in record["parts"]] == [folder.name for folder in shards]
    assert "platform" not in record["parts"][0]
    assert record["parts"][1]["platform"] == "machine 2"
    assert record["parts"][2]["settings"]["concurrency"] == 19
    assert (record["settings"]["shard"], record["missing"]) == (None, [])


def test_a_missing_shard_is_told_and_taken_only_where_that_is_asked(shards, refused, merge):
    assert "shards 1/3, 3/3 are missing" in refused(shards[1])
    assert "shard 3/3 is missing" in refused(*shards[:2])
    code, told = merge(*shards[:2], "--partial")
    assert code == 0
    assert "the shard 3/3 is missing" in told
    assert "of the selected cases have no outcome, so that no gate passes" in told


def test_it_is_merged_into_the_folder_that_is_named(shards, merge, project, refused):
    assert merge(*shards, "--into", "out/merged")[0] == 0
    assert len(list(read(project.root / "out" / "merged"))) == 36
    assert not (project.root / "reports").exists()
    assert "is there already" in refused(*shards, "--into", "out/merged")


def test_the_last_line_of_a_case_is_the_one_that_counts(shards, merge, project):
    [first, *_] = read(shards[0])
    path = shards[0] / "outcomes.jsonl"
    line = path.read_text().splitlines()[0].replace("the agent ended by itself", "said again")
    with path.open("a") as file:
        file.write(line + "\n")
    assert merge(*shards)[0] == 0
    found = {one.case.id: one for one in read(project.root / "reports" / "latest")}
    assert (len(found), found[first.case.id].reason) == (36, "said again")


def test_what_is_run_again_in_the_whole_leaves_what_was_run_again_in_a_part(shards, merge, project):
    [first, *_] = read(shards[0])

    def again(folder):
        facts = json.loads((folder / "run.json").read_text())
        store = Store.reopen(folder, Hold(folder / "outcomes.jsonl"), facts)
        store.append(first).result()
        store.close()
        return json.loads((folder / "outcomes.jsonl").read_text().splitlines()[-1])["transcript"]

    in_part = again(shards[0])
    assert merge(*shards)[0] == 0
    whole = (project.root / "reports" / "latest").resolve()
    assert (whole / in_part).is_file()
    assert again(whole) != in_part


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"suites": "t" * 64}, "are not of one run: suites was"),
        ({"settings": {"seed": 1, "shard": "3/3"}}, "settings.seed was 0 and is 1"),
        ({"selected": ["another"]}, "other cases were selected"),
        ({"judge": {"name": "a"}, "pipeline": "a" * 64}, "pipeline was not there"),
        ({"a-fact-of-later-versions": 1}, "a-fact-of-later-versions was not there and is 1"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(shards, refused, facts, told):
    change(shards[2], **facts)
    assert told in refused(*shards)


def test_shards_of_another_number_are_refused(shards, refused):
    path = shards[2] / "outcomes.jsonl"
    path.write_text("")
    change(shards[2], settings={"seed": 0, "shard": "3/4"})
    assert "there are 3 shards and 4" in refused(*shards)


@pytest.mark.parametrize("shard", [None, 3, "3", "4/3", {"number": 4, "of": 3}])
def test_what_is_no_shard_is_refused(shards, refused, shard):
    change(shards[2], settings={"seed": 0, "shard": shard})
    told = refused(*shards)
    assert "is no shard" in told or "is none of the shard" in told


def test_a_folder_without_a_run_is_refused(shards, refused, project):
    assert "is no run: it has no run.json" in refused(*shards, project.root / "suites")
    assert "is no run: it has no run.json" in refused(*shards, "nowhere")


def test_a_shard_that_was_run_twice_is_refused(shards, refused, project):
    again = shutil.copytree(shards[0], project.root / "again")
    assert "are both the shard 1/3" in refused(*shards, again)
    assert "are both the shard 1/3" in refused(*shards, shards[0])


def test_a_shard_that_is_under_way_is_refused(shards, refused):
    hold = Hold(shards[0] / "outcomes.jsonl")
    assert "another process is at work on the run" in refused(*shards)
    hold.let_go()


def test_a_case_of_another_shard_is_refused(shards, refused):
    shutil.copy(shards[1] / "outcomes.jsonl", shards[0])
    for path in (shards[1] / "transcripts").iterdir():
        shutil.copy(path, shards[0] / "transcripts")
    assert "is none of the shard 1/3's" in refused(*shards)


def test_a_line_that_tells_of_another_case_than_it_says_is_refused(shards, refused):
    path = shards[0] / "outcomes.jsonl"
    path.write_text(path.read_text().replace('"case_id": "', '"case_id": "x', 1))
    assert "is none of the shard 1/3's" in refused(*shards)


@pytest.mark.parametrize("name", ["../../run.json", "run.json", "a/b/c.png", "/etc/hostname"])
def test_what_is_no_evidence_of_a_parts_own_is_not_taken(shards, refused, name):
    path = shards[0] / "outcomes.jsonl"
    attached = json.dumps({"screenshot": name})
    path.write_text(path.read_text().replace('"attachments":{}', f'"attachments":{attached}', 1))
    told = refused(*shards)
    assert "lies outside of the run" in told or "is no evidence of a case" in told


def test_a_link_to_what_lies_outside_is_not_followed(shards, refused, project):
    secret = project.write("secret.txt", "secret")
    (shards[0] / "screenshots" / "a.png").symlink_to(secret)
    path = shards[0] / "outcomes.jsonl"
    attached = '"attachments":{"screenshot":"screenshots/a.png"}'
    path.write_text(path.read_text().replace('"attachments":{}', attached, 1))
    assert "lies outside of the run" in refused(*shards)


def test_a_picture_that_is_gone_is_no_reason_to_refuse(shards, merge):
    path = shards[0] / "outcomes.jsonl"
    attached = '"attachments":{"screenshot":"screenshots/gone.png"}'
    path.write_text(path.read_text().replace('"attachments":{}', attached, 1))
    assert merge(*shards)[0] == 0


def test_a_transcript_that_is_gone_is_told(shards, refused):
    [path, *_] = (shards[0] / "transcripts").iterdir()
    path.unlink()
    assert "cannot be read: FileNotFoundError" in refused(*shards)


def test_hostile_names_reach_no_terminal(shards, refused):
    change(shards[2], **{"a\x1b[2J": "b\x1b[2J"})
    assert "\x1b" not in refused(*shards)


def test_what_a_killed_merge_left_is_taken_away_and_what_is_under_way_is_not(
    shards, merge, project
):
    dead, alive = (project.root / "reports" / "runs" / f".merging-{name}" for name in ("a", "b"))
    for folder in (dead, alive):
        folder.mkdir(parents=True)
        (folder / "outcomes.jsonl").touch()
    hold = Hold(alive / "outcomes.jsonl")
    assert merge(*shards)[0] == 0
    assert alive.exists()
    assert not dead.exists()
    hold.let_go()


@pytest.mark.long
def test_a_merge_that_is_killed_leaves_no_half_run(shards, project):
    command = [sys.executable, "-m", "comity.cli", "merge", *map(str, shards)]
    environment = project.environment(COMITY_CACHE_DIR=os.environ["COMITY_CACHE_DIR"])
    runs = project.root / "reports" / "runs"

    def begin():
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)

    def whole():
        found = [folder for folder in runs.glob("*") if not folder.name.startswith(".")]
        for folder in found:
            assert len(list(read(folder))) == len(read_facts(folder).selected) == 36
            assert (folder / "summary.json").exists()
        return found

    begun = time.monotonic()
    assert begin().wait(60) == 0
    life = time.monotonic() - begun
    moments = random.Random(SEED)
    for _ in range(KILLS):
        process = begin()
        # Most of it is the start of Python, in which there is nothing to break.
        time.sleep(life * moments.uniform(0.4, 1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        whole()
    assert begin().wait(60) == 0
    assert len(whole()) >= 2
    assert not list(runs.glob(".merging-*/outcomes.jsonl"))


def test_what_two_parts_used_is_compared_though_a_third_between_them_used_none(shards, refused):
    for folder, model in zip(shards, ("a", None, "b"), strict=True):
        change(folder, model=model and {"name": model})
    assert 'model.name was "a" and is "b"' in refused(*shards)


def test_a_file_is_no_run(shards, refused, project):
    assert "is no run" in refused(*shards, project.root / "pytest.ini")
