"""Cases of changed requests: kept apart from others, and counted in no figure of norms."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from comity.cli import main
from comity.reporting import terminal
from comity.reporting.summary import summary
from comity.run import store
from comity.run.store import Store
from comity.schema import (
    AgentCard,
    AnyCase,
    AnyOutcome,
    Case,
    Finding,
    Mode,
    Outcome,
    Reply,
    Request,
    Scenario,
    Status,
    Timing,
    Transcript,
    Variation,
    VariedCase,
    VariedOutcome,
    VariedRequest,
)
from comity.statistics.criteria import Gate
from comity.statistics.gate import decide
from tests.schema.test_scenario import NORM, SAID

CARD = AgentCard(reference="agents/some.py:agent", declares=frozenset({"chat"}))
OUTCOMES: TypeAdapter[AnyOutcome] = TypeAdapter(AnyOutcome)
CASES: TypeAdapter[AnyCase] = TypeAdapter(AnyCase)
EDITS = ({"relation": "casing", "case": "upper"}, {"relation": "typos", "words": [1, 2]})


def case(*, varied: bool, trial: int = 1) -> Case:
    named = "cn.gift.clock.newborn.varied-1" if varied else "cn.gift.clock.newborn"
    scenario = Scenario.model_validate(SAID | {"id": named})
    said: dict[str, Any] = {
        "suite": "gifts",
        "scenario": scenario,
        "norm": NORM.model_copy(update={"severity": "critical"}),
        "mode": Mode.VIOLATE,
    }
    more: dict[str, Any] = {"agent": CARD, "site": None, "model": None, "trial": trial}
    if not varied:
        return Case(request=Request(**said), **more)
    variation = Variation(base="cn.gift.clock.newborn", edits=EDITS)
    return VariedCase(request=VariedRequest(**said, variation=variation), **more)


def ended(
    *, varied: bool, trial: int = 1, status: Status = Status.JUDGED, breach: str = "silent"
) -> Outcome | VariedOutcome:
    told = case(varied=varied, trial=trial)
    came: dict[str, Any] = {
        "status": status,
        "reason": "a breach stands",
        "findings": tuple(
            Finding.model_validate({"question": q, "value": v, "judge": "test", "reason": ""})
            for q, v in {"breach": breach, "aware": False}.items()
        ),
        "transcript": Transcript(reply=Reply(text="钟 – here you are.")),
        "timing": Timing(started=1, stopped=2),
    }
    return VariedOutcome(case=told, **came) if varied else Outcome(case=told, **came)


def test_a_varied_case_reads_back_with_what_was_changed() -> None:
    varied = case(varied=True)
    found = CASES.validate_json(varied.model_dump_json())
    assert type(found) is VariedCase
    assert found == varied
    assert found.request.variation.edits == EDITS
    assert type(CASES.validate_json(case(varied=False).model_dump_json())) is Case


@pytest.mark.parametrize("varied", [True, False])
def test_outcomes_are_told_apart_by_their_requests(varied: bool) -> None:
    outcome = ended(varied=varied)
    for found in (
        OUTCOMES.validate_json(outcome.model_dump_json()),
        OUTCOMES.validate_python(outcome.model_dump()),
        OUTCOMES.validate_python(outcome),
    ):
        assert type(found) is (VariedOutcome if varied else Outcome)
        assert found == outcome


def test_an_outcome_of_a_changed_request_says_what_was_changed() -> None:
    content = json.loads(ended(varied=True).model_dump_json())
    del content["case"]["request"]["variation"]["base"]
    with pytest.raises(ValidationError, match="base"):
        OUTCOMES.validate_python(content)


def test_both_kinds_stand_in_one_run_and_are_read_from_it_again(tmp_path: Path) -> None:
    run = Store.create(tmp_path / "reports", {"seed": 0})
    outcomes = [ended(varied=True), ended(varied=False), ended(varied=True, trial=2)]
    for outcome in outcomes:
        run.append(outcome).result()
    assert list(store.read(run.folder)) == outcomes
    light = list(store.read(run.folder, evidence=False))
    assert [type(one) for one in light] == [VariedOutcome, Outcome, VariedOutcome]


# What they are counted in: their number, and nothing that is said of norms.


def test_no_metric_counts_them() -> None:
    both = [ended(varied=False, breach="none"), ended(varied=True), ended(varied=True, trial=2)]
    found, alone = summary("run", both), summary("run", both[:1])
    assert found["metrics"] == alone["metrics"]
    assert found["cases"] == 3
    assert summary("run", both[1:])["metrics"] == []


def test_the_terminal_has_no_rates_of_them() -> None:
    assert "Silent-R" not in terminal.render([ended(varied=True)], None, 100, color=False)


def test_no_gate_decides_by_them() -> None:
    gate = Gate.model_validate(
        {
            "zero_tolerance": True,
            "criterion": [{"metric": "Silent-R", "mode": "violate", "at_most": 0.5}],
        }
    )
    today = datetime.date(2026, 11, 22)
    sound = [ended(varied=False, breach="none")]
    flawed = [
        *(ended(varied=True, trial=trial) for trial in range(1, 20)),
        *(ended(varied=True, trial=t, status=Status.JUDGE_ERROR) for t in range(20, 60)),
    ]
    alone = decide(gate, sound, None, today)
    beside = decide(gate, [*sound, *flawed], None, today, [one.case.id for one in flawed])
    assert beside == alone


def test_nobody_is_asked_to_label_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Store.create(tmp_path / "reports", {"seed": 0})
    run.append(ended(varied=True)).result()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["annotate", str(run.folder), "--as", "ada"]) == 4
    assert "has no judged case, so that nothing can be labelled" in capsys.readouterr().err
