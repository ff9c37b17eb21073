"""An annotator's file: the last line counts, and what is not a label is told and never dropped."""

import json

import pytest

from comity.errors import ConfigurationError, InfrastructureError
from comity.judges.questions import definitions
from comity.run import annotations


def line(question="aware", answer="yes", **other):
    version = definitions()[question].version
    label = {"case_id": "c1", "question": question, "version": version, "answer": answer, "at": 1}
    return json.dumps(label | other) + "\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "anna.jsonl"


def test_the_last_line_about_a_case_and_question_counts(file):
    with annotations.labels_of(file.parent, "anna") as labels:
        labels.keep("c1", "aware", "yes")
        labels.keep("c1", "refused", "no")
        labels.keep("c1", "aware", "no")
        labels.keep("c2", "aware", "yes")
        labels.withdraw("c2", "aware")
    said = annotations.said_by(file.parent, "anna")
    assert list(said.items()) == [(("c1", "refused"), "no"), (("c1", "aware"), "no")]


def test_what_was_said_of_another_meaning_of_the_question_is_asked_again(file):
    file.write_text(line(version=0, answer="perhaps"))
    assert annotations.read(file) == {}


def test_a_line_that_the_machines_death_tore_is_left_out_and_written_over(file):
    path = file.parent / annotations.FOLDER / file.name
    path.parent.mkdir()
    path.write_text(line() + '{"case_id": "c2", "ques')
    with annotations.labels_of(file.parent, "anna") as labels:
        labels.keep("c3", "aware", "no")
    said = annotations.said_by(file.parent, "anna")
    assert said == {("c1", "aware"): "yes", ("c3", "aware"): "no"}


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("{]\n", "Invalid JSON"),
        ("[]\n", "should be an object"),
        (line(answer="maybe"), "'maybe' does not answer 'aware'"),
        (line(question="aware", answer="silent"), "'silent' does not answer 'aware'"),
        (line().replace("aware", "awake"), "question"),
        (line(mood="good"), "mood"),
    ],
)
def test_what_is_no_label_is_named_with_its_line(file, broken, told):
    file.write_text(line() + broken)
    with pytest.raises(InfrastructureError, match=f"line 2, is no label: .*{told}"):
        annotations.read(file)


def test_all_go_by_one_order_in_which_a_new_case_moves_no_other():
    cases = [f"case-{number}" for number in range(50)]
    order = annotations.in_order("run", cases)
    assert sorted(order) == sorted(cases)
    assert order != cases
    assert annotations.in_order("run", reversed(cases)) == order
    assert annotations.in_order("another run", cases) != order
    assert [case for case in annotations.in_order("run", [*cases, "new"]) if case != "new"] == order


def test_a_copy_of_a_file_is_not_taken_for_another_annotator(tmp_path):
    folder = tmp_path / annotations.FOLDER
    folder.mkdir()
    (folder / "anna.jsonl").write_text(line())
    assert annotations.annotators(tmp_path) == ["anna"]
    (folder / "anna (1).jsonl").write_text(line())
    with pytest.raises(ConfigurationError, match=r"anna \(1\)\.jsonl is no file of an annotator"):
        annotations.annotators(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / annotations.FOLDER).write_text("in the way")
    with (
        pytest.raises(InfrastructureError, match="labels cannot be kept"),
        annotations.labels_of(tmp_path, "anna"),
    ):
        pass
