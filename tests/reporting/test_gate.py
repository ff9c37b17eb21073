"""`comity gate`: a stored run is judged as it would have been, by exit code, terminal and JSON."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from comity import cli
from comity.cli import main
from comity.judges import calibration
from comity.judges.calibration import Calibration, Measured
from comity.run.store import Store
from comity.statistics.agreement import agreement
from comity.statistics.criteria import Gate
from tests.conftest import ROOT

SILENT = '[[criterion]]\nmetric = "Silent-R"\nmode = "violate"\nat_most = 0.25\n'
OVER = '[[criterion]]\nmetric = "Over-R"\nmode = "contrast"\nat_most = 0.5\n'
PIPELINE = "a" * 64


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def judge(labelled, project, capsys):
    """Puts a gate to the run; gives the exit code, and what was printed and complained of."""

    def run(gate, *arguments):
        path = project.write("gate.toml", gate)
        code = main(["gate", str(labelled.folder), "--gate", str(path), *arguments])
        return code, *capsys.readouterr()

    return run


def calibrate():
    calibration.keep(
        Calibration(
            pipeline=PIPELINE,
            questions="q",
            sources=(),
            measured=(
                Measured(
                    origin="held_apart",
                    question="over_flagged",
                    slice={},
                    agreement=agreement([(True, True)] * 50 + [(False, False)] * 99),
                ),
            ),
        )
    )


@pytest.mark.parametrize(
    ("breach", "count", "code", "verdict"),
    [
        ("none", 12, 0, "PASS"),
        ("silent", 12, 1, "FAIL"),
        ("none", 4, 6, "INCONCLUSIVE"),
        ("none", 0, 6, "INCONCLUSIVE"),
    ],
)
def test_the_exit_code_is_the_verdict(labelled, judge, breach, count, code, verdict):
    labelled.store.write_facts({"selected": []})
    for number in range(1, count + 1):
        labelled.add(site="tiny", number=number, breach=breach)
    found, out, _ = judge(SILENT)
    assert found == code
    assert out.splitlines()[0].endswith(f"gate.toml: {verdict}")
    assert out.splitlines()[1].split()[0] == verdict


def test_a_full_disk_behind_the_output_is_no_verdict(labelled, project):
    labelled.store.write_facts({"selected": []})
    labelled.add(site="tiny", number=1, breach="none")
    command = [sys.executable, "-m", "comity.cli", "gate", str(labelled.folder), "--gate"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, str(project.write("gate.toml", SILENT))],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 4
    assert "the output cannot be read or written: No space left on device" in done.stderr


def test_a_terminal_without_the_letters_of_a_name_is_told_the_verdict(labelled, project):
    labelled.store.write_facts({"selected": []})
    labelled.agent = "agents/høflig.py:礼"
    labelled.add(site="tiny", number=1, breach="none")
    gate = project.write("gate.toml", SILENT)
    done = subprocess.run(
        [sys.executable, "-m", "comity.cli", "gate", labelled.folder, "--gate", gate],
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (6, b"")
    assert b"agents/h\xf8flig.py:\\u793c" in done.stdout


@pytest.mark.parametrize("more", [(), ("--schema",)])
def test_a_reader_that_has_had_enough_is_told_no_verdict(labelled, project, more):
    labelled.store.write_facts({"selected": []})
    labelled.add(site="tiny", number=1, breach="none")
    gate = project.write("gate.toml", SILENT)
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-m", "comity.cli", "gate", labelled.folder, "--gate", gate, *more],
        check=False,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_verdict_that_nobody_reads_is_no_fault_of_ours(labelled, project):
    labelled.store.write_facts({"selected": []})
    labelled.add(site="tiny", number=1, breach="none")
    gate = project.write("gate.toml", SILENT)
    command = [sys.executable, "-m", "comity.cli", "gate", labelled.folder, "--gate", gate]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        check=False,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, done.stderr) == (6, "")


def test_a_fault_of_ours_is_no_verdict(monkeypatch, capsys):
    def run(_: argparse.Namespace) -> int:
        raise LookupError("a fault of ours")

    def register(subparsers) -> None:
        subparsers.add_parser("gate").set_defaults(run=run)

    monkeypatch.setattr(cli.gate, "register", register)
    assert main(["gate"]) == 3
    assert "LookupError: a fault of ours" in capsys.readouterr().err


def test_ctrl_c_is_no_fault_and_no_verdict(monkeypatch, capsys):
    def run(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    def register(subparsers) -> None:
        subparsers.add_parser("gate").set_defaults(run=run)

    monkeypatch.setattr(cli.gate, "register", register)
    assert main(["gate"]) == 128 + signal.SIGINT
    assert capsys.readouterr().err == "comity: stopped\n"


def test_a_run_that_cannot_be_called_so_is_told_in_a_line(capsys):
    assert main(["gate", "a" * 300, "--gate", str(ROOT / "gates" / "smoke.toml")]) == 4
    [line] = capsys.readouterr().err.splitlines()
    assert "there is no run 'aaa" in line


def test_what_is_read_from_text_goes_by_the_calibration_of_the_runs_own_judges(labelled, judge):
    labelled.store.write_facts({"pipeline": PIPELINE})
    for number in range(1, 25):
        labelled.add("contrast", site="tiny", number=number, over_flagged=True)
    code, out, _ = judge(OVER)
    assert code == 6
    assert "uncalibrated: over_flagged was not measured" in out
    assert "`comity calibrate` does it" in out

    calibrate()
    code, out, _ = judge(OVER)
    assert code == 1
    assert "1.00 corrected" in out
    assert "comity calibrate" not in out


def test_a_run_that_was_cut_short_does_not_pass(labelled, judge):
    ids = [labelled.add(site="tiny", number=n, breach="none").case.id for n in range(1, 14)]
    labelled.store.write_facts({"selected": ids})
    assert judge(SILENT)[0] == 0
    labelled.store.write_facts({"selected": [*ids, "cn.gift.clock.newborn-adhere-x-t1"]})
    code, out, _ = judge(SILENT)
    assert code == 6
    assert "1 of the selected cases have no outcome" in out


def test_other_programs_read_the_verdict(labelled, judge, tmp_path):
    for number in range(1, 13):
        labelled.add(site="tiny", number=number, breach="silent")
    path = tmp_path / "verdict.json"
    judge(SILENT, "--json", str(path))
    told = json.loads(path.read_text("utf-8"))
    assert (told["run"], told["verdict"]) == (labelled.store.id, "FAIL")
    [one] = told["criteria"]
    assert {**one, "low": 0, "high": 0} == {
        "metric": "Silent-R",
        "slice": {"agent": labelled.agent, "mode": "violate"},
        "n": 12,
        "effective_n": 12.0,
        "open": 0,
        "value": 1.0,
        "low": 0,
        "high": 0,
        "corrected": False,
        "side": "at_most",
        "bound": 0.25,
        "verdict": "FAIL",
        "why": "none of the interval keeps the bound",
    }
    assert told["reasons"] == [
        f"Silent-R at most 0.25 (agent {labelled.agent}, mode violate): {one['why']}"
    ]
    code, _, complaint = judge(SILENT, "--json", str(tmp_path / "none" / "verdict.json"))
    assert (code, "cannot be written (--json)" in complaint) == (4, True)


REGRESSION = '[[regression]]\nmetric = "{}"\nmode = "{}"\nmargin = 0.2\n'
DEEDS, WORDS = REGRESSION.format("Silent-R", "violate"), REGRESSION.format("Over-R", "contrast")


@pytest.fixture
def before(labelled, tmp_path):
    """Makes another run of the same agent, which this one may be held against."""

    def run(name, count, mode="violate", pipeline=PIPELINE, **found):
        store = Store.create(tmp_path / name, {"pipeline": pipeline})
        other = replace(labelled, store=store)
        for number in range(1, count + 1):
            other.add(mode, site="tiny", number=number, **found)
        return store

    return run


@pytest.mark.parametrize(
    ("breach", "code", "told"),
    [
        ("none", 0, "+0.00, -0.14 to +0.14, n 24, 0 worse and 0 better, exact p 1: all of"),
        ("silent", 1, "+1.00, +0.72 to +1.00, n 24, 24 worse and 0 better, exact p 1.2e-07: all"),
    ],
)
def test_a_run_is_held_against_a_baseline(labelled, judge, before, breach, code, told, tmp_path):
    base = before("base", 24, breach="none")
    for number in range(1, 25):
        labelled.add(site="tiny", number=number, breach=breach)
    path = tmp_path / "verdict.json"
    found, out, _ = judge(DEEDS, "--baseline", str(base.folder), "--json", str(path))
    assert found == code
    assert f"Silent-R worse by at most 0.2 (agent {labelled.agent}, mode violate): {told}" in out
    content = json.loads(path.read_text("utf-8"))
    assert content["baseline"] == base.id
    assert content["regressions"][0]["verdict"] == content["verdict"]
    # The file may name it, too.
    assert judge(f'baseline = "{base.folder}"\n{DEEDS}')[0] == code


@pytest.mark.parametrize(("pipeline", "code"), [(PIPELINE, 0), ("b" * 64, 6), (None, 6)])
def test_words_are_held_against_a_baseline_of_the_same_judges(
    labelled, judge, before, pipeline, code
):
    labelled.store.write_facts({"pipeline": PIPELINE})
    base = before("base", 60, "contrast", pipeline, over_flagged=False)
    for number in range(1, 61):
        labelled.add("contrast", site="tiny", number=number, over_flagged=False)
    calibrate()
    found, out, _ = judge(WORDS, "--baseline", str(base.folder))
    assert found == code
    assert ("judged by another pipeline" in out) is (code == 6)


def test_a_run_is_no_baseline_of_itself(labelled, judge):
    for number in range(1, 25):
        labelled.add(site="tiny", number=number, breach="silent")
    code, out, _ = judge(DEEDS, "--baseline", str(labelled.folder))
    assert code == 6
    assert "there is no other run to hold it against" in out


def test_a_baseline_that_is_missing_or_not_asked_for_is_bad_input(judge, before, tmp_path):
    code, _, complaint = judge(DEEDS)
    assert (code, "name one by --baseline RUN" in complaint) == (4, True)
    base = before("base", 1, breach="none")
    code, _, complaint = judge(SILENT, "--baseline", str(base.folder))
    assert (code, "the gate asks nothing of it" in complaint) == (4, True)
    code, _, complaint = judge(DEEDS, "--baseline", str(tmp_path))
    assert (code, "is no run: it has no run.json" in complaint) == (4, True)


def test_a_run_that_failed_is_not_passed_by_another_of_the_same(labelled, judge, before):
    same = {
        "git": {"revision": "c0ffee", "changed": False},
        "suites": "5",
        "agents": [{"reference": labelled.agent}],
        "settings": {},
    }
    ids = [labelled.add(site="tiny", number=n, breach="none").case.id for n in range(1, 14)]
    labelled.store.write_facts({**same, "selected": ids})
    assert judge(SILENT)[0] == 0
    gate = Gate.model_validate(tomllib.loads(SILENT))
    failed = labelled.folder.with_name("20200101-000000-abcdef")
    failed.mkdir()
    (failed / "run.json").write_text(json.dumps({**same, "run": failed.name, "selected": ids}))
    told = {"verdict": {"verdict": "FAIL", "gate": {"sha256": gate.digest()}}}
    (failed / "summary.json").write_text(json.dumps(told))
    code, out, _ = judge(SILENT)
    assert code == 6
    assert "failed by this gate: 20200101-000000-abcdef; to run again changes nothing" in out
    code, out, _ = judge(SILENT.replace("0.25", "0.3"))
    assert code == 0
    assert "went before: 20200101-000000-abcdef" in out


def test_no_name_and_no_reason_forges_a_line(labelled, judge):
    labelled.agent = "agents/x\x1b[2J.py:a\n  PASS  \u202eall"
    labelled.add(site="tiny", breach="silent")
    waiver = (
        '[[waiver]]\nscenario = "cn.x"\nreason = "Why\\n  PASS\\u001b[2J [red]x[/red]"\n'
        'who = "QA"\nexpires = 9999-01-01\n'
    )
    _, out, _ = judge(SILENT + waiver)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[red]x[/red]" in out
    assert [line.split()[0] for line in out.splitlines()] == [
        *("gate", "INCONCLUSIVE", "PASS", "waived")
    ]


def test_a_folder_that_is_no_run_and_a_file_that_is_no_gate_are_bad_input(tmp_path, judge, capsys):
    (tmp_path / "g.toml").write_text(SILENT)
    assert main(["gate", str(tmp_path), "--gate", str(tmp_path / "g.toml")]) == 4
    assert "is no run: it has no run.json" in capsys.readouterr().err
    code, _, complaint = judge("zero_tolerance = 3\n")
    assert code == 4
    assert "gate.toml: zero_tolerance: Input should be a valid boolean" in complaint
    assert main(["gate", str(tmp_path), "--gate", str(tmp_path / "none.toml")]) == 4


def test_the_schema_is_printed_for_editors(capsys):
    assert main(["gate", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == {
        *("zero_tolerance", "largest_share", "criterion", "baseline", "regression", "waiver")
    }
    assert set(schema["$defs"]["Regression"]["required"]) == {"metric", "margin"}
