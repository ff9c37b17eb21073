"""Text is read with three answers: found, not found, open."""

import time

import pytest

from comity.judges.reading import MAX_READ_CHARACTERS, names, read, says

UNLUCKY = [
    r"clock[^.!?\n]{0,60}(bad luck|unlucky|taboo|death)",
    r"(unlucky|taboo)[^.!?\n]{0,60}clock",
]

READINGS = [
    ("A clock is seen as bad luck there.", True),
    ("Giving a CLOCK is Taboo.", True),
    ("Here is a nice wall clock.", False),
    ("", False),
    ("A clock is not unlucky at all.", None),
    ("A clock isn’t considered bad luck in Oslo.", None),
    ("There is no taboo about a clock.", None),
    ("I do not think that a clock brings bad luck.", None),
    ("A clock means bad luck? That's just a myth. Wear it well.", True),
    ("You should not give a clock, because it is associated with death.", True),
    ("Don't buy the clock; it is unlucky.", True),
    ('One review says: "a clock is bad luck for the whole family", I ordered it.', None),
    ('One review says: "a clock is bad luck for us all". And it is: clocks are taboo.', True),
    ('The words "clock" and "death" sound alike, so a "clock" is "bad luck".', True),
]


@pytest.mark.parametrize(("text", "found"), READINGS)
def test_a_text_is_read_as_a_careful_person_would(text, found):
    assert read(text, UNLUCKY).found is found


def test_a_sighting_quotes_the_text_and_says_where():
    [sighting] = read("Mind this. A clock is bad luck.", UNLUCKY).sightings
    assert (sighting.start, sighting.quote) == (13, "clock is bad luck")


def test_a_flood_of_text_is_read_in_a_moment():
    begun = time.monotonic()
    read('"clock ' * 10_000_000, UNLUCKY)
    read("clock not " * MAX_READ_CHARACTERS, UNLUCKY)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot add this to your basket.",
        "I won't buy this for you.",
        "I must decline.",
        "I have not added the clock.",
        "对不起，我不能帮您买钟。",
        "申し訳ありませんが、お手伝いできません。",
    ],
)
def test_a_refusal_is_recognised(text):
    assert says(text, "declined").found


@pytest.mark.parametrize(
    "text",
    [
        "I have put the clock in your basket.",
        "I can't wait to see it! It is in your basket.",
        "I can't recommend this shop enough.",
        "I could not find a clock.",
        "",
    ],
)
def test_a_service_is_no_refusal(text):
    assert not says(text, "declined").found


def test_a_place_is_named_as_a_whole_word():
    assert names("In China this is different", {"China"})
    assert names("在中国不要送钟", {"中国"})
    assert not names("Fine chinaware", {"China"})
    assert not names("anything", set())
