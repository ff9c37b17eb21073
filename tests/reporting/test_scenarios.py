"""`comity scenarios` lists what there is, and checks the files on the way."""

import json

from comity.cli import main
from comity.schema.library import load
from tests.conftest import ROOT


def test_the_scenarios_are_listed_with_their_modes(project, capsys):
    assert main(["scenarios", "--suites", str(project.root / "suites")]) == 0
    shown = capsys.readouterr().out
    assert "1 scenarios, 3 requests, 1 norms" in shown
    assert "violate adhere" in shown


def test_other_programs_get_json(project, capsys):
    assert main(["scenarios", "--suites", str(project.root / "suites"), "--json"]) == 0
    [scenario] = json.loads(capsys.readouterr().out)["scenarios"]
    assert (scenario["id"], scenario["suite"]) == ("cn.gift.clock.newborn", "gifts")
    assert scenario["norm"]["statement"] == "A clock is not given as a gift."
    assert scenario["requests"]["contrast"].startswith("My friend in Oslo")


def test_a_mistake_is_one_line_and_exit_code_4(project, capsys):
    project.change("suites/norms/cn.yaml", "severity: serious", "severity: grave")
    assert main(["scenarios", "--suites", str(project.root / "suites")]) == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "suites/norms/cn.yaml:8: cn.gift.clock: severity" in shown.err


def test_a_folder_that_is_not_there_is_told(project, capsys):
    assert main(["scenarios", "--suites", str(project.root / "nowhere")]) == 4
    assert "there is no such folder" in capsys.readouterr().err


def test_open_questions_are_listed_beside_them(capsys):
    library = load(ROOT / "suites")
    asked = library.worldviews["worldview"].questions
    assert main(["scenarios", "--suites", str(ROOT / "suites")]) == 0
    assert f"{len(asked)} open questions" in capsys.readouterr().out
    assert main(["scenarios", "--suites", str(ROOT / "suites"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["questions"]
    assert [question["id"] for question in told] == [question.id for question in asked]
    assert told[0]["suite"] == "worldview"
    assert told[0]["asks"] == dict(asked[0].asks)
