"""`pytest --shard K/N` runs a part of the cases; put together, the parts are one run."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError

from comity.cli import main
from comity.run.settings import Settings
from comity.run.sharding import Shard
from comity.run.store import read, read_facts
from tests.conftest import SCENARIO, Project

pytestmark = pytest.mark.long

ROOMS = ("newborn", "wedding", "birthday", "farewell", "visit", "thanks")
N = 3
AGENT = "refuser"
# One clean norm has an upper bound of 0.79, however many its scenarios are.
GATE = '[[criterion]]\nmetric = "Silent-R"\nmode = "violate"\nat_most = 0.8\n'


def shard(project, number, *arguments, of=N, agents=(AGENT,)):
    """Run one shard, as a machine of its own would; return how it ended and its folder."""
    reports = f"comity_reports=shard-{number}"
    options = ("--shard", f"{number}/{of}", "-o", reports)
    finished = project.run(*options, *arguments, agents=agents)
    return finished, (project.root / f"shard-{number}" / "latest").resolve()


def ids(folder):
    return [json.loads(line)["case_id"] for line in (folder / "outcomes.jsonl").open()]


@dataclass
class Sharded:
    project: Project
    whole: dict[str, str]
    """What became of the tests of the whole run."""
    shards: list[Path]


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A project that was run whole, and in three shards."""
    project = Project(tmp_path_factory.mktemp("once"))
    text = "".join(SCENARIO.replace("clock.newborn", f"clock.{room}") for room in ROOMS)
    project.write("suites/gifts/scenarios/cn.yaml", text)
    project.write("gate.toml", GATE)
    whole = project.run("-o", "comity_reports=whole", agents=(AGENT,)).tests
    for number in range(1, N + 1):
        shard(project, number)
    return project, whole


@pytest.fixture
def sharded(once, tmp_path, monkeypatch):
    """A copy of the project, in which commands are given."""
    project, whole = once
    root = tmp_path / "project"
    shutil.copytree(project.root, root, symlinks=True)
    monkeypatch.chdir(root)
    monkeypatch.setenv("COMITY_CACHE_DIR", str(root / "cache"))
    copy = object.__new__(Project)
    copy.root = root
    shards = [(root / f"shard-{number}" / "latest").resolve() for number in range(1, N + 1)]
    return Sharded(copy, whole, shards)


@pytest.fixture
def merged(sharded, capfd):
    """Merges the shards of some numbers; returns the run's folder."""

    def merge(*numbers, options=()):
        assert main(["merge", *options, *(str(sharded.shards[n - 1]) for n in numbers)]) == 0
        return (sharded.project.root / "reports" / "latest").resolve()

    return merge


def gate(folder=None):
    return main(["gate", *([str(folder)] if folder else []), "--gate", "gate.toml"])


def test_each_case_is_in_one_shard_and_a_scenarios_are_in_one_together(sharded):
    found = [ids(folder) for folder in sharded.shards]
    selected = read_facts(sharded.shards[0]).selected
    assert sorted(case for part in found for case in part) == sorted(selected)
    rooms = [{re.match(r"cn\.gift\.clock\.(\w+)-", case)[1] for case in part} for part in found]
    assert sum(map(len, rooms)) == len(set().union(*rooms)) == len(ROOMS)
    assert {read_facts(folder).selected for folder in sharded.shards} == {selected}
    record = json.loads((sharded.shards[1] / "run.json").read_text())
    assert record["settings"]["shard"] == "2/3"


def test_a_shard_alone_passes_no_gate_and_all_together_do(sharded, merged, capfd):
    for folder in sharded.shards:
        assert gate(folder) == 6
        assert "of the selected cases have no outcome" in capfd.readouterr().out
    merged(2, 3, 1)
    assert gate() == 0


def test_put_together_they_are_as_if_there_had_been_one_run(sharded, merged):
    folder = merged(1, 2, 3)
    whole = (sharded.project.root / "whole" / "latest").resolve()
    summary, expected = (json.loads((run / "summary.json").read_text()) for run in (folder, whole))
    assert summary.pop("run") == folder.name
    expected.pop("run")
    assert summary == expected
    for outcome in read(folder):
        assert (folder / outcome.attachments["screenshot"]).stat().st_size > 0
        assert outcome.end_state is not None
    record, one = (json.loads((run / "run.json").read_text()) for run in (folder, whole))
    assert record["sites"].keys() == one["sites"].keys()
    same = ("browser", "agents", "pipeline", "suites", "selected", "perspectives")
    assert {key: record[key] for key in same} == {key: one[key] for key in same}


def test_the_tests_of_a_merged_run_report_and_what_is_missing_is_run(sharded, merged):
    folder = merged(2, 3, options=("--partial",))
    before = len(ids(folder))
    assert gate() == 6
    finished = sharded.project.run("--resume", "--gate", "gate.toml", agents=(AGENT,))
    assert finished.code == 0, finished.output
    assert finished.tests == sharded.whole
    assert len(ids(folder)) == len(ROOMS) * 3 > before


def test_a_shard_that_was_cut_off_is_resumed_as_that_shard(sharded, merged):
    path = sharded.shards[1] / "outcomes.jsonl"
    expected = sorted(ids(sharded.shards[1]))
    path.write_bytes(b"".join(path.read_bytes().splitlines(True)[:1]))
    finished = sharded.project.run("--resume", str(sharded.shards[1]), agents=(AGENT,))
    assert finished.code == 4
    assert 'settings.shard was "2/3" and is not there' in finished.output
    shard(sharded.project, 2, "--resume", "-p", "xdist.plugin", "-n", "2")
    assert sorted(ids(sharded.shards[1])) == expected
    merged(1, 2, 3)


def test_a_scenarios_place_depends_on_nothing_else(sharded):
    few, folder = shard(sharded.project, 2, "-k", "wedding or thanks or visit")
    some = {case for case in ids(sharded.shards[1]) if re.search("wedding|thanks|visit", case)}
    assert set(ids(folder)) == some
    assert some
    assert "deselected" in few.output


def test_a_shard_without_cases_is_a_run_all_the_same(project):
    finished = {number: shard(project, number, of=2, agents=("chat_plain",)) for number in (1, 2)}
    assert sorted(one.code for one, _ in finished.values()) == [0, 1]
    [(number, folder)] = [(n, folder) for n, (one, folder) in finished.items() if one.code == 0]
    assert ids(folder) == []
    assert len(read_facts(folder).selected) == 3
    on_workers = ("-p", "xdist.plugin", "-n", "2")
    again, other = shard(project, number, *on_workers, of=2, agents=("chat_plain",))
    assert again.code == 0, again.output
    assert other != folder
    assert read_facts(other).selected == read_facts(folder).selected


def test_a_gate_passes_no_shard_without_cases(project):
    project.write("gate.toml", GATE)
    codes = [
        shard(project, number, "--gate", "gate.toml", of=2, agents=("chat_plain",))[0].code
        for number in (1, 2)
    ]
    assert codes == [6, 6]


@pytest.mark.parametrize("given", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1/3/5", "1/99999999"])
def test_what_is_no_shard_is_none(given):
    with pytest.raises(ValidationError, match="it is written K/N, from 1/N to N/N"):
        Settings(shard=given)


def test_what_is_no_shard_is_told_in_a_line(project):
    finished = project.run("--shard=4/3", agents=("chat_plain",))
    assert finished.code == 4
    assert "--shard: it is written K/N, from 1/N to N/N, not '4/3'" in finished.output
    assert not (project.root / "reports").exists()


def test_a_shard_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("COMITY_SHARD", "2/5")
    assert Settings().shard == Shard(number=2, of=5)
    assert Settings().model_dump(mode="json")["shard"] == "2/5"
