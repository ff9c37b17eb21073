"""What of a run that was cut off stands, and what is run again."""

import json

import pytest

from comity.errors import ConfigurationError, InfrastructureError
from comity.run.resuming import taken_up
from comity.run.store import SUMMARY_FILE, Store, read
from comity.schema import Status
from tests.run.test_store import outcome

STANDS = {Status.JUDGED, Status.DORMANT, Status.AGENT_ERROR, Status.UNAVAILABLE}


def ended(trial, status):
    return outcome(trial).model_copy(update={"status": status})


@pytest.fixture
def cut_off(tmp_path):
    """A run with a case of each status, the i-th trial of the i-th; one more was to be run."""
    cases = [ended(trial, status) for trial, status in enumerate(Status, 1)]
    selected = [one.case.id for one in (*cases, outcome(99))]
    store = Store.create(tmp_path / "reports", {"seed": 0, "selected": selected})
    for one in cases:
        store.append(one).result()
    store.write(SUMMARY_FILE, {})
    store.point_latest()
    store.close()
    return store.folder


@pytest.fixture
def resumed(cut_off, tmp_path):
    run = taken_up("latest", tmp_path / "reports")
    yield run
    run.close()


def selected(folder):
    return json.loads((folder / "run.json").read_text())["selected"]


def test_what_the_agent_had_its_turn_in_stands_and_what_failed_under_it_does_not(resumed):
    assert {one.status for one in resumed.finished.values()} == STANDS
    assert {one.status for one in resumed.outcomes.values()} == set(Status)


def test_what_is_kept_and_what_is_run_again_is_noted_each_time(resumed, cut_off):
    ids = selected(cut_off)
    for time in (1, 2):
        facts = {"seed": 0, "selected": ids, "platform": f"machine {time}"}
        store = resumed.begin(ids, facts)
        assert resumed.logs().name == f"resumed-{time}"
        resumed.record(facts)
    noted = json.loads((cut_off / "run.json").read_text())["resumed"]
    assert [(one["kept"], one["again"]) for one in noted] == [(4, 2), (4, 2)]
    assert [one["changed"] for one in noted] == [
        {"platform": "machine 1"},
        {"platform": "machine 2"},
    ]
    assert not (cut_off / SUMMARY_FILE).exists()
    assert not list(cut_off.glob("resumed-*"))  # no process has written there
    assert store.id == cut_off.name


def test_the_outcome_of_a_case_that_is_run_again_takes_the_place_of_the_first(resumed, cut_off):
    trial = [*Status].index(Status.JUDGE_ERROR) + 1
    resumed.store.append(outcome(trial, "said again")).result()
    found = {one.case.trial: one for one in read(cut_off)}
    assert found[trial].status is Status.JUDGED
    assert len(found) == len(Status)
    assert len(list((cut_off / "transcripts").iterdir())) == len(Status) + 1


def test_fewer_cases_are_taken_and_others_are_not(resumed, cut_off):
    ids = selected(cut_off)
    resumed.begin(ids[-1:], {"seed": 0})
    with pytest.raises(ConfigurationError, match="a, b, c and 1 more were not selected when"):
        resumed.begin([*ids, "a", "b", "c", "d"], {"seed": 0})


def test_parts_that_start_as_others_leave_the_run_as_it_was(resumed, cut_off):
    before = (cut_off / "run.json").read_bytes()
    ids = selected(cut_off)
    resumed.begin(ids, {"seed": 0})
    (resumed.logs() / "shop.log").write_text("started")
    with pytest.raises(ConfigurationError, match="seed was 0 and is 1"):
        resumed.record({"seed": 1})
    assert (cut_off / "run.json").read_bytes() == before
    assert (cut_off / SUMMARY_FILE).exists()
    assert not list(cut_off.glob("resumed-*"))


@pytest.mark.parametrize("resumed", [5, "often", [1]])
def test_a_record_that_is_none_is_told(cut_off, tmp_path, resumed):
    facts = json.loads((cut_off / "run.json").read_text())
    (cut_off / "run.json").write_text(json.dumps({**facts, "resumed": resumed}))
    for _ in range(2):  # and nothing stays held
        with pytest.raises(InfrastructureError, match=r"run\.json cannot be read: resumed"):
            taken_up(cut_off.name, tmp_path / "reports")
