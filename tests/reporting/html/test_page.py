"""`comity report` writes one page, of whatever a run left."""

import base64
import gzip
import json
import random
import re

import pytest

from comity.cli import main
from comity.reporting.html.again import again
from comity.reporting.html.page import MAX_BYTES, page
from comity.reporting.html.source import Source
from comity.schema import (
    Case,
    Observation,
    Reply,
    Step,
    Transcript,
)


def test_the_page_is_written_into_the_runs_folder_or_elsewhere(run, tmp_path, capsys):
    run.careful()
    run.end()
    assert main(["report", str(run.folder)]) == 0
    assert capsys.readouterr().out.strip() == str(run.folder / "report.html")
    elsewhere = tmp_path / "page.html"
    assert main(["report", str(run.folder), "--into", str(elsewhere)]) == 0
    assert elsewhere.read_bytes() == (run.folder / "report.html").read_bytes()


def test_what_cannot_be_read_or_written_is_told_in_a_line(run, tmp_path, capsys):
    run.careful()
    assert main(["report", str(tmp_path)]) == 4
    assert main(["report", str(run.folder), "--into", str(tmp_path / "no/such/place.html")]) == 4
    (run.folder / "summary.json").write_text('{"verdict": {"verdict": [1]}}', "utf-8")
    assert main(["report", str(run.folder)]) == 4
    first, second, third = capsys.readouterr().err.splitlines()
    assert "is no run" in first
    assert "cannot be written (--into)" in second
    assert "summary.json cannot be read: verdict: verdict" in third


def test_what_is_no_file_is_written_to_and_not_replaced(run, tmp_path, capsys):
    run.careful()
    run.end()
    device = tmp_path / "device"
    device.symlink_to("/dev/full")
    assert main(["report", str(run.folder), "--into", str(device)]) == 4
    assert "No space left on device" in capsys.readouterr().err
    assert device.is_char_device()


def test_the_verdict_comes_first_with_its_reasons_and_their_cases(run):
    run.break_twelve_norms()
    run.end(gated=True)
    html = run.html()
    assert html.index(">Fail<") < html.index("Silent-R at most 0.25") < html.index('id="rates"')
    assert "none of the interval keeps the bound" in html


def test_a_run_without_a_gate_says_so(run):
    run.careful()
    run.end()
    assert "No gate was asked" in run.html()


def test_a_run_that_was_cut_off_is_shown_as_far_as_it_came(run):
    run.labelled.store.write_facts({"selected": ["a", "b", "c"]})
    run.careful()
    html = run.html()
    assert "The run was cut off" in html
    assert "1 of 3 cases had finished" in html


def test_figures_that_a_judge_of_text_decides_say_whether_it_is_known(run):
    run.careful()
    run.end()
    assert "<i>not calibrated</i>" in run.html()


def test_trials_of_a_scenario_are_worth_less_than_they_count_and_are_told_together(run):
    for trial in range(1, 4):
        run.add(trial=trial, found={"breach": "silent" if trial == 3 else "none", "aware": True})
    run.end()
    html = run.html()
    assert "n 3, worth" in html
    assert "Again and again" in html
    assert "Silent-R, all 3 trials" in html


def test_agents_stand_side_by_side_over_as_many_trials_of_a_scenario(run):
    for agent, trials in (("agents/mine.py:careful", 4), ("agents/mine.py:other", 2)):
        for trial in range(1, trials + 1):
            run.add(agent=agent, trial=trial, found={"breach": "none" if trial > 1 else "silent"})
    run.end()
    source = Source.open(run.folder)
    list(source.cases())
    [suite] = again(source)
    [figures] = [figures for metric, k, _, figures in suite.rows if (metric, k) == ("Silent-R", 2)]
    assert [figure.value for figure in figures] == [0.5, 0.0]


@pytest.mark.long
def test_five_thousand_outcomes_stay_below_forty_megabytes(run, monkeypatch):
    words = random.Random(5).choices([f"word{n}" for n in range(900)], k=3_000)
    said = " ".join(words[:150])
    seen = [" ".join(words[n : n + 500]) for n in range(0, 2_400, 40)]
    [request] = [r for r in run.labelled.library.requests("gifts") if r.mode == "violate"]
    first = run.careful()
    shots = [run.picture(f"{n}.png", run.png(n + 1, 320, 200)) for n in range(12)]

    def outcomes():
        for number in range(5_000):
            case = Case(
                request=request,
                agent=first.case.agent,
                site="tiny",
                model="small-1b",
                trial=number + 1,
            )
            pages = [seen[(number * 7 + step) % len(seen)] for step in range(4)]
            steps = tuple(
                Step(index=index, action={"action": "click", "ref": "1"}, at=index,
                     observed=Observation(url="http://x/", title=f"{number}", text=text))
                for index, text in enumerate(pages, 1)
            )  # fmt: skip
            reply = Reply(text=f"{number} {said}")
            yield first.model_copy(
                update={
                    "case": case,
                    "transcript": Transcript(steps=steps, reply=reply),
                    "attachments": shots[number % len(shots)],
                }
            )

    monkeypatch.setattr("comity.run.store.read", lambda _: outcomes())
    monkeypatch.setattr("comity.reporting.html.page.MAX_PICTURE_BYTES", 200_000)
    made = page(run.folder)
    assert len(made) < MAX_BYTES < 40_000_000
    [index] = re.findall(rb'id="index">([^<]+)<', made)
    told = json.loads(gzip.decompress(base64.b64decode(index)))
    assert len(told["cases"]) == 5_000
    held = re.findall(rb'id="picture-\d+">([^<]+)<', made)
    assert 0 < sum(map(len, held)) <= 200_000
    assert {one["picture"] for one in told["cases"]} == {None, *range(len(held))}
