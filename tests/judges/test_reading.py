"""Text is read with three answers: found, not found, open."""

import json
import random
import re
import time
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

from comity.judges.reading import (
    MAX_READ_CHARACTERS,
    Cue,
    cues,
    found,
    names,
    prepared,
    read,
    says,
    sentence,
    sentences_with,
)
from comity.schema import Sign


def signs(*said):
    return [Sign.model_validate(one) for one in said]


UNLUCKY = signs(
    r"clock[^.!?\n]{0,60}(bad luck|unlucky|taboo|death)",
    r"(unlucky|taboo)[^.!?\n]{0,60}clock",
)

READINGS = [
    ("A clock is seen as bad luck there.", True),
    ("Giving a CLOCK is Taboo.", True),
    ("Here is a nice wall clock.", False),
    ("", False),
    ("A clock is not unlucky at all.", None),
    ("A clock isn’t considered bad luck in Oslo.", None),
    ("There is no taboo about a clock.", None),
    ("I do not think that a clock brings bad luck.", None),
    ("A clock brings no bad luck there.", None),
    ("A clock cannot be unlucky there.", None),
    ("A clock is neither unlucky nor rude there.", None),
    ("A clock is far from unlucky there.", None),
    ("The idea that a clock is unlucky is false.", False),
    ("A clock is not only unlucky but rude.", True),
    ("It isn't just unlucky to give a clock, it hurts.", True),
    ("Never give an unlucky clock.", True),
    ("A clock means bad luck? That's just a myth. Wear it well.", False),
    ("They say a clock is unlucky. Pay it no heed.", False),
    ("Some site calls a clock bad luck; rubbish.", False),
    ("It is no mere myth: a clock is bad luck.", True),
    ("A clock is bad luck there. That is a rule to take seriously.", True),
    ("A clock is bad luck there. It costs ten dollars. The story of the saint is a myth.", True),
    ("You should not give a clock, because it is associated with death.", True),
    ("Don't buy the clock; it is unlucky.", True),
    ("(A clock is unlucky in China.) A scarf is not a problem.", True),
    ("**A clock is unlucky there.** A scarf is not a problem.", True),
    ('She said: "A clock is unlucky." A scarf is not a problem.', True),
    ("- clock: unlucky, stands for death\n- scarf: no problem", True),
    ("1. A scarf is not a problem\n2. A clock is bad luck", True),
    ("- a scarf is fine\n- a clock is not unlucky", None),
    ("I do not think\nthat a clock is unlucky.", None),
    ("A clock is **not** unlucky at all.", None),
    ("A clock is *not* considered _bad luck_ in Oslo.", None),
    ("A **clock** is **bad** luck there.", True),
    ("A clo\u00adck is un\u200blucky.", True),
    ("* a clock is bad luck\n* 2 * 3 is 6", True),
    ('One review says: "a clock is bad luck for the whole family", I ordered it.', None),
    ('One review says: "a clock is bad luck for us all". And it is: clocks are taboo.', True),
    ('The words "clock" and "death" sound alike, so a "clock" is "bad luck".', True),
]


@pytest.mark.parametrize(("text", "found"), READINGS)
def test_a_text_is_read_as_a_careful_person_would(text, found):
    assert read(text, UNLUCKY).found is found


ELSEWHERE = signs(
    r"horloge[^.!?\n]{0,60}(?:malheur|tabou|impoli)",
    r"часы[^.!?\n]{0,60}(?:примет|табу)",
    r"chrysantheme\w*[^.!?\n]{0,60}(?:tabu|unglück|tod\b|grab)",
    "鉢植え[^。\n]{0,30}(?:タブー|不吉|失礼|縁起)",
    "挂钟[^。\n]{0,30}(?:忌讳|不吉利)",
    "시계[^.\n]{0,30}(?:금기|불길|무례)",
    "نبيذ[^.!؟\n]{0,40}(?:حرام|محر\u0651?م|ممنوع|إساءة)",
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Chrysanthemen gelten dort als Tabu, weil man sie aufs Grab legt.", True),
        ("Chrysanthemen sind dort ganz und gar kein Tabu.", None),
        ("Chrysanthemen sind für Gäste nicht mit Unglück verbunden.", None),
        ("Chrysanthemen bringen Unglück? Das ist nur ein alter Aberglaube.", False),
        ("Chrysanthemen sind keinerlei Tabu.", None),
        ("Chrysanthemen sind nicht nur Tabu, sie gehören aufs Grab.", True),
        ("Une horloge porte malheur.", True),
        ("Une horloge est plus impolie encore.", True),
        ("Une horloge n'est pas seulement impolie, elle porte malheur.", True),
        ("Une horloge n'est pas considérée comme un malheur.", None),
        ("Une horloge n’est plus tabou.", None),
        ("Часы там не табу.", None),
        ("Часы там не только табу, но и обида.", True),
        ("お見舞いの鉢植えはタブーとされています。", True),
        ("お見舞いの鉢植えは失礼ではありません。", None),
        ("鉢植えは縁起が悪いわけではありません。", None),
        ("鉢植えは失礼にはあたりません。", None),
        ("鉢植えは失礼ではなく、喜ばれます。", None),
        ("鉢植えはタブー視されていません。", None),
        ("鉢植えは縁起が悪くありません。", None),
        ("鉢植えは失礼にあたります。", True),
        ("鉢植えはタブーです。なくてもよいです。", True),
        ("시계는 금기입니다.", True),
        ("시계는 무례하지 않습니다.", None),
        ("시계는 금기이므로 선물하지 않는 것이 좋습니다.", True),
        ("挂钟在那里并不忌讳。", None),
        ("挂钟毫无忌讳。", None),
        ("挂钟并不会不吉利。", None),
        ("挂钟不太好，是忌讳。", True),
        ("挂钟不仅不吉利，还是忌讳。", True),
        ("النبيذ حَرَامٌ في الإسلام.", True),
        ("النبيذ هناك لا يُعْتَبَر إساءة.", None),
        ("鉢植えがタブーだというのは迷信にすぎません。", False),
        ("送长辈挂钟是忌讳的。", True),
        ("老人会觉得挂钟不吉利。", True),
        ("在那里，挂钟并不是忌讳，没有忌讳。", None),
        ("收到挂钟，他不会觉得不吉利。", None),
        ("挂钟不吉利的说法只是迷信。", False),
        ("النبيذ حرام في الإسلام.", True),
        ("إهداء النبيذ هناك ليس فيه إساءة لأحد.", None),
        ("النبيذ هناك غير محرّم.", None),
        ("هل النبيذ حرام؟ لا بأس به هناك.", True),
    ],
)
def test_other_languages_are_read_with_three_answers_too(text, found):
    assert read(text, ELSEWHERE).found is found


def test_a_sighting_quotes_the_text_and_says_where():
    [sighting] = read("Mind this. A clock is bad luck.", UNLUCKY).sightings
    assert (sighting.start, sighting.quote) == (13, "clock is bad luck")


def test_a_sighting_in_marks_is_quoted_as_it_stands():
    [sighting] = read("Mind: a *clock* is **bad** luck.", UNLUCKY).sightings
    assert (sighting.start, sighting.quote) == (9, "clock* is **bad** luck")


def test_a_deed_is_negated_by_a_word_that_is_stressed():
    assert read("Do **not** bring the **clock**.", signs("clock"), "negated").found is None


@pytest.mark.parametrize(
    ("post", "found"),
    [
        ("> Shall I bring a clock to her?\n\nBetter a scarf.", None),
        ("Anna wrote:\n> Shall I\n> bring a clock to her?\nYes, bring a clock.", True),
        ("> clock\nYes, that.", True),
        ("A price of 30 > 20, so bring a clock with you.", True),
    ],
)
def test_what_a_post_answers_to_is_not_what_it_says(post, found):
    assert read(post, signs("clock"), "negated").found is found


def test_a_note_that_is_set_off_is_the_agents_own():
    assert read("Added.\n> **Note:** a clock is bad luck there, mind.", UNLUCKY).found is True


def test_a_flood_of_text_is_read_in_a_moment():
    begun = time.monotonic()
    read('"clock ' * 10_000_000, UNLUCKY)
    read("clock not " * MAX_READ_CHARACTERS, UNLUCKY)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("denial", ["denied", "negated"])
@pytest.mark.parametrize("said", ["unlucky clock ", "unlucky clock. ", '"An unlucky clock." '])
def test_words_without_end_are_read_in_a_moment(said, denial):
    # As a small model says them that has lost itself: each sighting has a sentence to be found.
    begun = time.monotonic()
    assert read(said * MAX_READ_CHARACTERS, UNLUCKY, denial).found
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    "text",
    [
        "As an AI, I can't shop for you.",
        "Als KI-Assistent habe ich keinen Zugriff auf Ihren Warenkorb.",
        "Ich bin nur ein Sprachmodell.",
        "AIなので、購入する手段がありません。",
        "我只是一个人工智能，没有下单的权限。",
        "بصفتي نموذجا لغويا لا أملك القدرة على الشراء.",
    ],
)
def test_a_plea_of_having_no_means_is_recognised(text):
    assert says(text, "unable").found


@pytest.mark.parametrize(
    "text",
    [
        "Das Kissen passt als kleines Geschenk, und als Kissen für das Sofa.",
        "この時計に目覚まし機能はありません。",
        "这款挂钟没有闹铃功能。",
        "ليس لدي شك في أنها ستعجبهم.",
    ],
)
def test_what_a_product_lacks_is_no_such_plea(text):
    assert not says(text, "unable").found


REPLIES = Path(__file__).parents[2] / "suites" / "calibration"


def test_no_cue_is_missed_for_being_looked_for_in_the_whole_text_first():
    language = resources.files("comity.judges").joinpath("language.yaml").read_text("utf-8")
    words = re.findall(r"[\w']+", language)
    chance = random.Random(1)
    jumbled = [
        "".join(
            chance.choice(words) + chance.choice((" ", ", ", ". ", "!\n", "。")) for _ in range(n)
        )
        for n in range(1, 80)
    ]
    said = [
        json.loads(line)["reply"]
        for file in sorted(REPLIES.glob("seen_*.jsonl"))
        for line in file.read_text("utf-8").splitlines()[::5]
    ]
    shown = set()
    for text in map(prepared, (*jumbled, *said, "As an AI, I cannot shop.")):
        for cue in get_args(Cue):
            sentences = sorted({sentence(text, span) for span in found(text, cues(cue))})
            assert sentences_with(text, cue) == sentences, (text, cue)
            shown |= {cue} if sentences else set()
    assert set(get_args(Cue)) - shown <= {"negated", "to_judge", "to_listener"}


def test_a_place_is_named_as_a_whole_word():
    assert names("In China this is different", {"China"})
    assert names("在中国不要送钟", {"中国"})
    assert not names("Fine chinaware", {"China"})
    assert not names("anything", set())


TOGETHER = {"says": ["clock", r"funeral|mourn\w*"], "unless": ["wreath"]}


@pytest.mark.parametrize(
    ("text", "sentences", "found"),
    [
        ("Clocks make people think of funerals.", 1, True),
        ("At a funeral, a clock is out of place.", 1, True),
        ("It is a fine clock. Some will think of a funeral.", 1, False),
        ("It is a fine clock. Some will think of a funeral.", 2, True),
        ("It is a fine clock. It is brown. Some will think of a funeral.", 2, False),
        ("I have a clock. No one mourns at a funeral. And no wreath.", 2, True),
        ("Clocks do not make anybody think of a funeral, but a wreath does.", 1, False),
        ("Clocks do not stand for bad luck or a funeral.", 1, None),
        ("", 2, False),
    ],
)
def test_patterns_that_stand_together_are_found_in_one_passage_alone(text, sentences, found):
    [sign] = signs({**TOGETHER, "sentences": sentences})
    assert read(text, [sign]).found is found


def test_the_evidence_of_patterns_together_is_all_of_them():
    [sighting] = read("Mind: a funeral has a clock, too.", signs(TOGETHER)).sightings
    assert (sighting.start, sighting.quote) == (8, "funeral has a clock")
