"""The shipped sets of labelled replies can be measured on, and none is both seen and held apart."""

from pathlib import Path

from comity.schema.example import load
from comity.schema.library import load as load_library

SUITES = Path(__file__).parents[2] / "suites"


def test_every_labelled_reply_answers_a_request_and_stands_in_one_set_alone():
    found = load(sorted((SUITES / "calibration").glob("*.jsonl")), load_library(SUITES))
    assert {labelled.origin for labelled in found} == {"held_apart", "seen"}
