"""The shipped sets of labelled replies: they can be measured on, and the page shows of whom."""

from pathlib import Path

from comity.judges import pipeline
from comity.schema.example import load
from comity.schema.library import load as load_library

SUITES = Path(__file__).parents[2] / "suites"


def test_every_labelled_reply_answers_a_request_and_stands_in_one_set_alone():
    found = load(sorted((SUITES / "calibration").glob("*.jsonl")), load_library(SUITES))
    assert {labelled.origin for labelled in found} == {"held_apart", "seen"}


def test_the_page_has_the_figures_of_the_rules_that_ship():
    page = (SUITES.parent / "docs" / "judges.md").read_text("utf-8")
    norms = load_library(SUITES).norms.values()
    assert f"of the pipeline `{pipeline.fingerprint(norms)[:12]}`" in page
