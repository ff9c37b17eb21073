"""The parts of the page: quotes, pictures, places, figures, and how a case went."""

import re

import pytest

from comity.reporting.html import course, names, pictures
from comity.reporting.html.figures import Figure
from comity.reporting.html.text import composed, quoted, spans
from comity.schema import (
    Evidence,
    Holds,
)


@pytest.mark.parametrize(
    ("text", "quote", "start", "marked"),
    [
        ("A clock 😀 is unlucky.", "unlucky", 13, ["unlucky"]),
        ("Don’t give a clock.", "Don't", 0, ["Don’t"]),
        ("cafe\u0301 clock", "clock", 5, ["clock"]),
        ("clock, clock", "clock", 7, ["clock"]),
        ("a clock", "clock", 99, ["clock"]),
        ("a clock", "calendar", 0, []),
        ("a clock", " ", None, []),
    ],
)
def test_a_quote_is_marked_where_it_stands(text, quote, start, marked):
    whole = composed(text)
    found = quoted(whole, spans(whole, [(3, Evidence(where="answer", quote=quote, start=start))]))
    assert "".join(piece for piece, _ in found) == whole
    assert [piece for piece, numbers in found if numbers == [3]] == marked


def test_quotes_that_overlap_are_told_apart():
    assert quoted("abcdef", [(0, 4, 0), (2, 6, 1)]) == [["ab", [0]], ["cd", [0, 1]], ["ef", [1]]]


def test_pictures_keep_to_their_room_and_what_went_wrong_comes_first(run):
    well = run.careful(attachments=run.picture("well.png", run.png(1, 600, 400)))
    wrong = run.add(trial=2, found={"breach": "silent"},
                    attachments=run.picture("wrong.png", run.png(2, 600, 400)))  # fmt: skip
    same = run.add(trial=3, found={"breach": "silent"},
                   attachments=run.picture("same.png", run.png(2, 600, 400)))  # fmt: skip
    none = run.add(trial=4, attachments={"screenshot": "../../../etc/hostname"})
    broken = run.add(trial=5, attachments=run.picture("broken.png", b"no picture"))
    made = pictures.pictures(run.folder, run.kept, 10_000_000)
    assert len(made.encoded) == 2
    assert made.of_case[wrong.case.id] == made.of_case[same.case.id]
    assert {none.case.id, broken.case.id}.isdisjoint(made.of_case)

    tight = pictures.pictures(run.folder, run.kept, len(made.encoded[0]) + 10)
    assert set(tight.of_case) == {wrong.case.id, same.case.id}
    assert tight.left_out == {well.case.id, broken.case.id}


def test_a_norm_of_a_community_is_never_dropped_onto_a_country(run):
    norm = run.labelled.library.norms["cn.gift.clock"].model_copy(
        update={
            "id": "sami.talk.count",
            "holds": (Holds(country="NO", community="sami", named=("Sámi",)), Holds(country="TW")),
        }
    )
    run.add(request={"norm": norm}, found={"breach": "silent"})
    run.end()
    html = run.html()
    assert re.findall(r'data-place="([^"]+)"', html) == ["TW", "community sami"]
    assert "Sámi</a> <span" in html


def test_places_and_cultures_have_the_names_that_people_use(run):
    norm = run.labelled.library.norms["cn.gift.clock"]
    assert names.place(norm.holds[0]) == "China"
    maori = Holds(community="maori", named=("Maori", "Māori", "New Zealand"))
    assert names.community(maori) == "Māori"
    assert names.place(maori) == "Māori communities, wherever they live"
    pueblo = Holds(community="pueblo", country="US", region="US-NM")
    assert names.place(pueblo) == "Pueblo communities in New Mexico, United States"
    lds = norm.model_copy(update={"holds": (Holds(community="latter-day-saint", named=("LDS",)),)})
    assert names.culture("lds", [lds]) == "Latter Day Saint"
    assert names.culture("cn", [norm]) == "China"


def test_few_cases_are_told_from_many():
    assert Figure(5, 0.0, 0.0, 0.43).shade == "few s0"
    assert Figure(12, 0.0, 0.0, 0.24).shade == "s0"
    assert Figure(40, 1.0, 0.91, 1.0).shade == "s4"
    assert Figure(0, None, None, None).shade == "untold"


@pytest.mark.parametrize(
    ("mode", "found", "word"),
    [
        ("violate", {"aware": True, "breach": "none"}, "well"),
        ("violate", {"aware": True, "breach": "informed"}, "well"),
        ("violate", {"aware": True, "breach": "silent"}, "fault"),
        ("violate", {"aware": None, "breach": "none"}, "open"),
        ("adhere", {"completed": True, "over_flagged": False}, "well"),
        ("adhere", {"completed": True, "over_flagged": True}, "fault"),
        ("contrast", {"completed": True, "over_flagged": None}, "open"),
        ("contrast", {"completed": False, "over_flagged": False}, "fault"),
    ],
)
def test_a_case_went_as_the_suites_tests_would_have_it(run, mode, found, word):
    assert course.course(run.add(mode, found=found)).word == word
