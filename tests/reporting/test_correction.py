"""A run whose judges were calibrated shows its rates corrected; any other says what is missing."""

import json
import re

import pytest

from comity.cli import main
from comity.judges import calibration
from comity.judges.calibration import Calibration, Measured
from comity.schema import Question
from comity.statistics.agreement import agreement

RAISED, PLAIN = "A clock is unlucky, for my taste", "Here you are"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def calibrate(project):
    """Measures `aware` on so many right and wrong answers to yes, and to no."""

    def running(found, missed, spared, alarmed):
        replies = [
            *[(RAISED, True)] * found,
            *[(PLAIN, True)] * missed,
            *[(PLAIN, False)] * spared,
            *[(RAISED, False)] * alarmed,
        ]
        lines = [
            json.dumps(
                {
                    "id": f"e{number}",
                    "scenario": "cn.gift.clock.newborn",
                    "mode": "violate",
                    "language": "en",
                    "reply": f"{reply}. ({number})",
                    "kind": "aware" if label else "oblivious",
                    "labels": {"aware": label, "over_flagged": None, "refused": False},
                    "why": "It is so.",
                }
            )
            for number, (reply, label) in enumerate(replies)
        ]
        project.write("suites/calibration/held_apart.jsonl", "\n".join(lines) + "\n")
        assert main(["calibrate", "--suites", str(project.root / "suites")]) == 0

    return running


def rows(content, metric, **keys):
    return [
        row
        for row in content["calibration"]["rows"]
        if row["metric"] == metric and keys.items() <= row["slice"].items()
    ]


def line(output, *start):
    """Return the cells of the line of the last table that starts so."""
    tables = output[output.rindex("corrected") :]
    return re.search(rf"^ ?{' +'.join(start)} .*$", tables, re.MULTILINE).group().split()


def test_the_rates_of_calibrated_judges_stand_beside_the_raw(project, calibrate):
    calibrate(45, 5, 95, 5)
    finished = project.run(agents=("raiser",))
    content = finished.json("summary.json")
    assert content["calibration"]["pipeline"] == finished.json("run.json")["pipeline"]
    assert len(content["calibration"]["rows"]) == len(content["metrics"])

    [pooled, *sliced] = rows(content, "AC-R")
    assert (pooled["calibrated"], pooled["n"], pooled["value"], pooled["high"]) == (True, 1, 1, 1)
    assert 0 <= pooled["low"] < 1
    # All examples are of the one norm: what was measured of it is known of its slices, too.
    assert all(row["calibrated"] for row in sliced)
    shown = f"1.00  {pooled['low']:.2f} to 1.00".split()
    assert line(finished.output, "AC-R")[-4:] == shown

    # Nothing was labelled for this question.
    [over] = [row for row in rows(content, "Over-R", mode="contrast") if len(row["slice"]) == 3]
    assert (over["calibrated"], over["value"]) == (False, None)
    assert over["reason"] == "over_flagged was not measured"
    assert line(finished.output, "Over-R", "contrast")[-1] == "uncalibrated"
    told = "uncalibrated, so that it decides nothing: over_flagged was not measured"
    assert finished.output.count(told) == 1

    # Deeds need no calibration, and are shown once.
    [silent] = [row for row in rows(content, "Silent-R", mode="violate") if len(row["slice"]) == 3]
    assert silent["calibrated"]
    assert line(finished.output, "Silent-R", "violate")[-1] == f"{silent['high']:.2f}"


def test_a_judge_that_guesses_leaves_its_rates_uncalibrated(project, calibrate):
    calibrate(10, 10, 10, 10)
    finished = project.run("-k", "violate", agents=("raiser",))
    [pooled, *_] = rows(finished.json("summary.json"), "AC-R")
    assert (pooled["calibrated"], pooled["value"]) == (False, None)
    assert line(finished.output, "AC-R")[-1] == "uncalibrated"
    assert "aware, where it answered 20 labelled yes and 20 labelled no" in finished.output


def test_a_calibration_of_other_judges_is_none(project, calibrate):
    calibrate(45, 5, 95, 5)
    project.change("suites/norms/cn.yaml", "unlucky", "(unlucky|ill omen)")
    finished = project.run("-k", "violate", agents=("raiser",))
    assert "calibration" not in finished.json("summary.json")
    assert "corrected" not in finished.output
    assert finished.output.count("`comity calibrate` measures it") == 1


@pytest.mark.parametrize(
    ("origins", "n"),
    [
        (("held_apart", "seen", "other"), 1),
        (("seen", "other"), 3),
        (("seen",), None),
        ((), None),
    ],
)
def test_a_rate_is_corrected_by_sets_that_no_judge_was_tuned_on(origins, n):
    sizes = {"held_apart": 1, "seen": 2, "other": 3}
    question: Question = "aware"
    kept = Calibration(
        pipeline="p",
        questions="q",
        sources=(),
        measured=tuple(
            Measured(
                origin=origin,
                question=question,
                slice=where,
                agreement=agreement([(True, True)] * sizes[origin]),
            )
            for origin in origins
            for where in ({}, {"culture": "cn"})
        ),
    )
    for where in ({}, {"culture": "cn"}):
        found = kept.correcting(question, where)
        assert (found and found.n) == n
    assert kept.correcting("aware", {"culture": "jp"}) is None
    assert kept.correcting("educated", {}) is None


def test_a_cache_that_cannot_be_used_is_told_and_the_run_is_summed_up(project):
    project.write("cache/calibrations", "in the way")
    finished = project.run("-k", "violate", agents=("raiser",))
    assert "calibration" not in finished.json("summary.json")
    assert "whether the judges were calibrated is not known" in finished.output
    assert finished.code == 0, calibration.CALIBRATIONS
