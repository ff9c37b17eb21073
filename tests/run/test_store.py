"""What a run keeps: whole lines, on the disk before anybody is told, and read back as they were."""

import json
import os
import re
import resource
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from comity.errors import ConfigurationError, InfrastructureError
from comity.run.holding import Hold
from comity.run.store import OUTCOMES_FILE, Store, read, read_facts
from comity.schema import (
    AgentCard,
    Case,
    EndState,
    Finding,
    Mode,
    Norm,
    Outcome,
    Reply,
    Request,
    Scenario,
    Status,
    Step,
    Timing,
    Transcript,
)

NORM = Norm.model_validate(
    {
        "id": "cn.gift.clock",
        "holds": [{"country": "CN"}],
        "domain": "gift-giving",
        "statement": "A clock is not given as a gift.",
        "why": "It sounds like attending the dying.",
        "severity": "serious",
        "agreement": "broad",
        "sources": [{"title": "A page", "url": "https://example.org/"}],
        "review": {"status": "drafted"},
        "raised_by": {"en": ["unlucky"]},
    }
)
SCENARIO = Scenario.model_validate(
    {
        "id": "cn.gift.clock.newborn",
        "norm": NORM.id,
        "tier": "smoke",
        "language": "en",
        "requests": {"violate": "A clock, please."},
        "asks": {"violate": {"basket": {"tag": "clock"}}},
        "breach": {"basket": {"tag": "clock"}},
    }
)


def outcome(trial: int, said: str = "钟 – here you are.") -> Outcome:
    request = Request(suite="gifts", scenario=SCENARIO, norm=NORM, mode=Mode.VIOLATE)
    agent = AgentCard(reference="agents.py:buyer", declares=frozenset({"tiny"}))
    step = Step(index=1, action={"action": "goto", "url": "/"}, at=0.5)
    return Outcome(
        case=Case(request=request, agent=agent, site="tiny", model="m", trial=trial),
        status=Status.JUDGED,
        reason="a breach stands",
        findings=(Finding(question="breach", value="silent", judge="state", reason="basket"),),
        transcript=Transcript(steps=(step,), reply=Reply(text=said)),
        end_state=EndState(),
        timing=Timing(started=1, stopped=2, site=0.1),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "reports", {"seed": 0})


@contextmanager
def disk_of(largest: int) -> Iterator[None]:
    """Let no file grow beyond `largest` bytes: writes are cut short there, then refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_kept_is_read_back_as_it_was(store: Store) -> None:
    outcomes = [outcome(trial) for trial in (1, 2, 3)]
    for each in outcomes:
        store.append(each).result()
    assert list(read(store.folder)) == outcomes


def test_what_is_no_text_is_kept_as_good_as_it_can_be(store: Store) -> None:
    store.write_facts({"settings": {"log_json": os.fsdecode(b"log\xff")}})
    assert json.loads((store.folder / "run.json").read_text())["settings"]["log_json"] == "log?"


def test_cases_whose_ids_are_alike_have_files_of_their_own(store: Store) -> None:
    alike = ("my agent", "my_agent", "m" * 300 + "1", "m" * 300 + "2", "агент", "сосед")
    for name in alike:
        each = outcome(1, said=name)
        card = each.case.agent.model_copy(update={"reference": f"{name}.py:buyer"})
        # A copy would keep the id that the case had.
        case = Case(**{**dict(each.case), "agent": AgentCard(**dict(card))})
        store.append(each.model_copy(update={"case": case})).result()
    said = [one.transcript.reply.text for one in read(store.folder) if one.transcript.reply]
    assert said == list(alike)


def test_outcomes_that_come_together_wait_for_the_disk_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, go_on, sync = [], threading.Event(), os.fsync

    def slow(number: int) -> None:
        go_on.wait(10)
        waits.append(number)
        sync(number)

    monkeypatch.setattr(os, "fsync", slow)
    kept = [store.append(outcome(trial)) for trial in range(1, 201)]
    assert not any(future.done() for future in kept)
    go_on.set()
    assert not wait(kept, 30).not_done
    assert len(waits) <= 2
    assert len(list(read(store.folder))) == 200


def test_an_outcome_that_is_given_up_before_it_is_written_is_not_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, sync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (go_on.wait(10), sync(number)))
    first = store.append(outcome(1))
    while not first.running():
        pass
    second = store.append(outcome(2))
    assert second.cancel()
    go_on.set()
    first.result(10)
    store.append(outcome(3)).result(10)
    assert [each.case.trial for each in read(store.folder)] == [1, 3]


def test_a_full_disk_costs_only_what_does_not_fit_and_no_line_is_torn(store: Store) -> None:
    store.append(outcome(1)).result()
    whole = (store.folder / OUTCOMES_FILE).read_bytes()
    with disk_of(len(whole) + 100):  # part of a line fits
        with pytest.raises(InfrastructureError, match="File too large") as refused:
            store.append(outcome(2)).result()
        assert str(store.folder) in str(refused.value)
        assert "violate-agents.buyer-t2" in str(refused.value)
        assert (store.folder / OUTCOMES_FILE).read_bytes() == whole
        assert len(list((store.folder / "transcripts").iterdir())) == 1
    store.append(outcome(3)).result()  # there is room again
    assert [each.case.trial for each in read(store.folder)] == [1, 3]


def test_half_a_transcript_is_not_left_on_a_full_disk(store: Store) -> None:
    with disk_of(5_000):
        with pytest.raises(InfrastructureError, match="cannot be kept"):
            store.append(outcome(1, said="x" * 10_000)).result()
        store.append(outcome(2)).result()
    assert [path.stem[-2:] for path in (store.folder / "transcripts").iterdir()] == ["t2"]
    assert [each.case.trial for each in read(store.folder)] == [2]


def test_what_could_not_be_taken_back_at_once_is_taken_back_before_the_next_line(
    store: Store,
) -> None:
    store.append(outcome(1)).result()
    with (store.folder / OUTCOMES_FILE).open("ab") as file:
        file.write(b'{"half a li')
    store.append(outcome(2)).result()
    assert [each.case.trial for each in read(store.folder)] == [1, 2]


def test_what_another_process_has_kept_stays(store: Store) -> None:
    store.append(outcome(1)).result()
    with (store.folder / OUTCOMES_FILE).open("ab") as file:
        file.write(b'{"half a li')
    Store(store.folder).append(outcome(2)).result()
    assert [each.case.trial for each in read(store.folder)] == [1, 2]


def test_a_folder_that_has_gone_is_told_and_nobody_waits_for_it(store: Store) -> None:
    shutil.rmtree(store.folder)
    with pytest.raises(InfrastructureError, match="No such file or directory"):
        store.append(outcome(1)).result(10)


def test_an_outcome_that_cannot_be_written_takes_no_other_along(store: Store) -> None:
    broken = store.append(outcome(1, said="\ud83d"))
    store.append(outcome(2)).result()
    with pytest.raises(InfrastructureError, match="cannot be kept"):
        broken.result()
    assert [each.case.trial for each in read(store.folder)] == [2]


def test_a_file_of_the_run_is_written_whole_or_not_at_all(store: Store) -> None:
    with disk_of(5_000), pytest.raises(InfrastructureError, match="run.json cannot be written"):
        store.write_facts({"much": "x" * 10_000})
    assert json.loads((store.folder / "run.json").read_text())["seed"] == 0
    assert not list(store.folder.glob(".*"))


def test_a_run_that_cannot_begin_leaves_no_folder(tmp_path: Path) -> None:
    with disk_of(1_000), pytest.raises(InfrastructureError, match="comity_reports"):
        Store.create(tmp_path / "reports", {"much": "x" * 10_000})
    assert not list((tmp_path / "reports" / "runs").iterdir())


def test_a_line_that_the_machines_death_tore_is_left_out(store: Store) -> None:
    store.append(outcome(1)).result()
    store.append(outcome(2)).result()
    path = store.folder / OUTCOMES_FILE
    path.write_bytes(path.read_bytes()[:-20])
    assert [each.case.trial for each in read(store.folder)] == [1]


def test_a_run_in_which_nothing_has_finished_has_no_outcomes(store: Store) -> None:
    assert list(read(store.folder)) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda line: "{]", "JSONDecodeError"),
        (lambda line: "[]", "TypeError|AttributeError"),
        (lambda line: line.replace('"reason"', '"raisin"', 1), "fields are not as this version"),
        (lambda line: re.sub(r'"stopped": ?[0-9.]+', '"stopped":NaN', line), "1 fields are"),
        (lambda line: line.replace("transcripts/", "../../"), "outside of the run"),
        (lambda line: line.replace("transcripts/", "gone/"), "FileNotFoundError"),
    ],
)
def test_a_damaged_line_is_named(store: Store, damage, told: str) -> None:
    store.append(outcome(1)).result()
    path = store.folder / OUTCOMES_FILE
    path.write_text(damage(path.read_text("utf-8").rstrip()) + "\n", "utf-8")
    with pytest.raises(InfrastructureError, match=f"line 1, cannot be read: .*({told})"):
        list(read(store.folder))


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="is no run: it has no run.json"):
        list(read(tmp_path))


def test_outcomes_are_read_without_their_evidence_where_none_is_asked(store: Store) -> None:
    store.append(outcome(1)).result()
    shutil.rmtree(store.folder / "transcripts")
    [found] = read(store.folder, evidence=False)
    whole = outcome(1)
    assert (found.case, found.status, found.findings) == (whole.case, whole.status, whole.findings)
    assert found.end_state is None


def test_the_run_keeps_its_id_whatever_its_folder_is_called(store: Store) -> None:
    moved = store.folder.rename(store.folder.with_name("downloaded"))
    assert read_facts(moved).run == store.id


@pytest.mark.parametrize(
    "content", [None, "{", "[]", "{}", '{"run": "r", "pipeline": "../../etc/passwd"}']
)
def test_facts_that_are_none_are_told(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(InfrastructureError, match=r"run\.json"):
        read_facts(tmp_path)


def test_of_several_lines_of_a_case_the_last_counts(store: Store) -> None:
    for trial, said in ((1, "first"), (2, "other"), (1, "again")):
        store.append(outcome(trial, said)).result()
    found = list(read(store.folder))
    assert [(each.case.trial, each.transcript.reply.text) for each in found] == [
        (2, "other"),
        (1, "again"),
    ]


def test_a_run_is_held_by_one_process_until_it_is_closed(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="another process is at work on the run"):
        Hold(store.folder / OUTCOMES_FILE)
    store.close()
    store.close()
    readers = [Hold(store.folder / OUTCOMES_FILE, to_read=True) for _ in range(2)]
    with pytest.raises(ConfigurationError, match="another process is at work on the run"):
        Hold(store.folder / OUTCOMES_FILE)
    for reader in readers:
        reader.let_go()
    Hold(store.folder / OUTCOMES_FILE).let_go()
