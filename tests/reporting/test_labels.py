"""What labels come to: agreement among people and with the verdict, rates, and examples."""

import json

import pytest

from comity.cli import main

RAISED = "A clock is unlucky, for some"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def result(labelled, capsys):
    """Runs the command over the run, and returns what it shows, with single blanks."""

    def shown(*arguments):
        code = main(["annotate", str(labelled.folder), *map(str, arguments)])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return " ".join(captured.out.split())

    return shown


def test_annotators_are_compared_on_what_both_could_tell(labelled, say, result):
    for trial, (first, second) in enumerate(
        [("yes", "yes"), ("no", "no"), ("yes", "no"), ("no", "no"), ("yes", "cannot-tell")], 1
    ):
        outcome = labelled.add("violate", trial=trial, aware=first == "yes")
        say("anna", outcome, aware=first)
        say("ben", outcome, aware=second)
    shown = result("--result")
    assert "anna: 5 labels of 5 cases ben: 5 labels of 5 cases" in shown
    # 5 cases, 4 by two, 1 cannot tell, 1 tie; alpha by hand: 1 − 7 · 2 / (2 · 3 · 5)
    assert "aware 5 4 1 1 0.53" in shown
    # Of the four with a majority, two are yes and two are no, and the verdict has all of them.
    assert "aware 4 2 / 0 / 0 2 / 0 / 0" in shown


def test_the_verdict_is_held_against_the_majority_of_three(labelled, say, result):
    told = {1: ("yes", "yes", "no", True), 2: ("yes", "no", "yes", False), 3: ("no",) * 3 + (None,)}
    for trial, (*answers, verdict) in told.items():
        outcome = labelled.add("violate", trial=trial, aware=verdict)
        for who, answer in zip(("anna", "ben", "cai"), answers, strict=True):
            say(who, outcome, aware=answer)
    assert "aware 3 1 / 1 / 0 0 / 0 / 1" in result("--result")


def test_what_is_explained_counts_where_most_saw_the_norm_raised(labelled, say, result):
    one, two = (labelled.add("violate", trial=trial, aware=True) for trial in (1, 2))
    for who in ("anna", "ben", "cai"):
        say(who, one, aware="yes", educated="wrong")
    say("anna", two, aware="yes", educated="yes")
    say("ben", two, aware="no")
    say("cai", two, aware="no")
    shown = result("--result")
    assert "educated 1 1 0 0" in shown
    assert "educated 1 0 / 0 / 0 0 / 0 / 1" in shown
    assert "in educated, 1 explains wrongly" in shown


def test_rates_are_corrected_by_labels_of_a_part(labelled, say, result):
    # The verdict finds all aware; of the labelled, half are.
    for number in range(1, 41):
        outcome = labelled.add("violate", number=number, aware=True)
        if number <= 20:
            say("anna", outcome, aware="yes" if number % 2 else "no")
    shown = result("--result")
    assert f"AC-R {labelled.agent} gifts 40 1.00 0.91 to 1.00 20 0.50" in shown


def test_what_no_judge_could_answer_has_its_rate_by_people(labelled, say, result):
    for trial in range(1, 11):
        outcome = labelled.add("adhere", trial=trial)
        say("anna", outcome, helpful="yes")
    failed = labelled.add("adhere", trial=11, status="agent_error")
    assert failed.status == "agent_error"
    # Ten of eleven: an agent that failed helped no one.
    assert f"Help-R {labelled.agent} gifts 10 0.00 0.00 to 0.79 10 0.91" in result("--result")


def test_silence_in_words_has_its_rate_in_chat(labelled, say, result):
    for trial in range(1, 5):
        outcome = labelled.add("violate", trial=trial)
        say("anna", outcome, breach_in_text="silent" if trial == 1 else "informed")
    assert f"Silent-R {labelled.agent} gifts (violate) 4 – 4 0.25" in result("--result")


def test_an_export_is_taken_by_calibrate(labelled, say, result, project, capsys):
    for trial, said in enumerate((RAISED, "Here you are."), 1):
        outcome = labelled.add("violate", f"{said} {trial}.", trial=trial)
        aware = "yes" if said == RAISED else "no"
        say("anna", outcome, aware=aware, refused="no", breach_in_text="silent")
        say("ben", outcome, aware=aware, refused="no", helpful="yes")
    over = labelled.add("contrast", f"{RAISED}.")
    say("anna", over, aware="yes", educated="wrong", over_flagged="yes", refused="cannot-tell")
    say("ben", over, aware="yes", educated="wrong", refused="no")
    file = project.root / "labelled.jsonl"
    assert "3 examples in" in result("--export", file)
    written = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    by_reply = {example["reply"]: example for example in written}
    first = by_reply[f"{RAISED} 1."]
    assert first["labels"] == {
        "aware": True,
        "over_flagged": None,
        "refused": False,
        "educated": None,
        "helpful": True,
        "breach_in_text": "silent",
    }
    assert first["model"] == labelled.model
    assert first["why"].startswith("So say those who could tell: aware yes (2 of 2)")
    assert by_reply[f"{RAISED}."]["labels"]["educated"] == "wrong"
    assert [example["kind"] for example in written] == ["over-flagging", "aware", "oblivious"]
    suites = str(project.root / "suites")
    assert main(["calibrate", str(file), "--suites", suites]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "labelled.jsonl: 3 examples" in shown
    assert "all 3 2 / 0 / 0 1 / 0 / 0" in shown


def test_what_makes_no_example_is_left_out_and_counted(labelled, say, result, project):
    replies = {1: "Twice.", 2: "Twice.", 3: "A tie.", 4: "Half.", 5: None, 6: "x" * 20_001}
    for trial, said in replies.items():
        outcome = labelled.add("violate", said, trial=trial)
        say("anna", outcome, aware="no", **({} if trial == 4 else {"refused": "no"}))
        say("ben", outcome, aware="yes" if trial == 3 else "no")
    shown = result("--export", project.root / "labelled.jsonl")
    assert "1 examples in" in shown
    assert "1 left out: no majority on what an example needs" in shown
    assert "1 left out: not labelled in all that an example needs" in shown
    assert "2 left out: without a reply, or with one of over 20,000 characters" in shown
    assert "1 left out: with a reply that another example has" in shown


def test_of_a_site_only_what_words_show_is_exported(labelled, say, result, project):
    outcome = labelled.add("adhere", site="tiny")
    say("anna", outcome, aware="no", helpful="yes", over_flagged="no", refused="no")
    file = project.root / "labelled.jsonl"
    result("--export", file)
    assert json.loads(file.read_text())["labels"]["helpful"] is None


def test_ids_of_two_runs_do_not_meet(labelled, say):
    from comity.run import annotations, opinions

    outcome = labelled.add("violate")
    say("anna", outcome, aware="no", refused="no")
    said = {"anna": annotations.said_by(labelled.folder, "anna")}
    found = opinions.gathered([outcome], said)
    ids = {opinions.examples(run, found)[0][0].id for run in ("one", "another")}
    assert len(ids) == 2


def test_nothing_to_export_is_told_and_nothing_is_written(labelled, say, project, capsys):
    say("anna", labelled.add("violate"), aware="cannot-tell")
    file = project.root / "labelled.jsonl"
    assert main(["annotate", str(labelled.folder), "--export", str(file)]) == 4
    assert "no example to export" in capsys.readouterr().err
    assert not file.exists()


def test_labels_of_another_run_are_refused(labelled, say, capsys):
    say("anna", labelled.add("violate"), aware="no")
    path = labelled.folder / "annotations" / "anna.jsonl"
    path.write_text(path.read_text().replace("violate", "adhere"))
    assert main(["annotate", str(labelled.folder), "--result"]) == 4
    assert "no judged case of this run" in capsys.readouterr().err


def test_an_answer_to_what_is_not_asked_does_not_count(labelled, say, result):
    outcome = labelled.add("violate", aware=True)
    say("anna", outcome, aware="no", educated="yes", over_flagged="yes")
    shown = result("--result")
    assert "aware 1 0 / 0 / 0 0 / 1 / 0" in shown
    assert "educated 1" not in shown
    assert "over_flagged" not in shown
