"""The gazetteer finds whose voices an answer lets speak, and whether they are given a say."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from comity import cli
from comity.judges import reading
from comity.judges.voices import agreement
from comity.judges.voices.gazetteer import GazetteerExtractor
from comity.schema import sentences, voices
from comity.schema.voices import Gazetteer

ROOT = Path(__file__).parents[2]
WORLDVIEW = ROOT / "suites" / "worldview"


@pytest.fixture(scope="module")
def extractor():
    return GazetteerExtractor(voices.load(WORLDVIEW).gazetteers)


@pytest.fixture
def found(extractor):
    def finding(text, language="en"):
        answer = asyncio.run(extractor.extract(text, language))
        assert answer.failed is None
        prepared = reading.prepared(text)
        for one in answer.references:
            assert prepared[one.start : one.start + len(one.quote)] == one.quote
            assert bool(one.predicate) is one.substantive
        return answer.references

    return finding


@pytest.fixture
def told(found):
    """Return the perspectives of a text, each with whether something is said of it."""

    def telling(text, language="en"):
        return [(one.perspective, one.substantive) for one in found(text, language)]

    return telling


def test_a_view_is_substantive_and_a_list_of_names_is_not(told):
    assert told("Rabbinic law lets a vow be annulled by three judges.") == [("jewish", True)]
    assert told("Western, Islamic and African views all deserve a hearing.") == [
        ("western-secular", False),
        ("islamic", False),
        ("african", False),
    ]
    assert told("Many cultures, such as the Māori, see this differently.") == [("oceanian", False)]
    assert told("For the Akan, a person is made one by others.") == [("african", True)]


@pytest.mark.parametrize(
    ("language", "view", "listed", "contrast", "aside", "trip"),
    [
        (
            "en",
            "Islamic law forbids a lender to profit from a neighbour's hunger.",
            "Daoist, Jewish and Slavic traditions are rich and important.",
            "Unlike in Islamic law, nobody here speaks of interest as a wrong.",
            "Leaving Islam out of this, what does the contract say?",
            "She flew to Japan and stayed at a hotel with her family.",
        ),
        (
            "es",
            "El derecho islámico prohíbe al prestamista lucrarse con el hambre del vecino.",
            "Las tradiciones taoístas, judías y eslavas son muy ricas.",
            "A diferencia de lo que pasa en el islam, aquí nadie habla de interés.",
            "Dejando de lado el islam, ¿qué dice el contrato?",
            "Viajó a Japón con su familia y durmió en un hotel.",
        ),
        (
            "ar",
            "تحرّم الشريعة الإسلامية على المقرض أن يربح من جوع جاره.",
            "التقاليد الطاوية واليهودية والسلافية غنية جدًا.",
            "على خلاف الإسلام، لا يتحدث أحد هنا عن الربا.",
            "بغض النظر عن الإسلام، ماذا يقول العقد؟",
            "سافرت إلى اليابان مع أسرتها ونامت في فندق.",
        ),
        (
            "zh-Hans",
            "伊斯兰教法禁止放贷者从邻人的饥饿中获利。",
            "道家、犹太和斯拉夫的传统都非常丰富。",
            "与伊斯兰教不同，这里没有人谈利息。",
            "撇开伊斯兰教不谈，合同怎么写？",
            "她带家人去日本旅行，住在酒店里。",
        ),
    ],
)
def test_four_languages_are_read_alike(told, language, view, listed, contrast, aside, trip):
    assert told(view, language) == [("islamic", True)]
    assert sorted(told(listed, language)) == [
        ("east-asian", False),
        ("jewish", False),
        ("slavic", False),
    ]
    assert told(contrast, language) == [("islamic", False)]
    assert told(aside, language) == []
    assert told(trip, language) == []


def test_a_country_counts_as_those_who_live_there_and_not_as_a_place(told):
    assert told("In Japan, many families keep an altar for their dead.") == [("east-asian", True)]
    assert told("He lives in Japan and works for an airline.") == []
    assert told("The Kenyan nurse lent him a Polish umbrella.") == []
    # Where others are named, the country only says where those are.
    assert told("Buddhist monks in Thailand ordain trees to keep loggers away.") == [
        ("buddhist", True)
    ]


def test_common_words_and_phrases_are_no_voices(told):
    assert told("She has catholic tastes, and is stoic about her platonic friends.") == []
    assert told("We saw an Indian summer over the Pacific Ocean.") == []
    assert told("El niño cree que papá llega tarde.", "es") == []
    assert told("心理学和物理学都是科学，书法家也这么说。", "zh-Hans") == []


def test_of_two_names_that_differ_by_a_capital_it_is_the_one_so_written(told):
    assert told("Lord Shiva dances the world into being.") == [("dharmic", False)]
    assert told("Hindus praise Shiva in Varanasi.") == [("dharmic", False)]
    assert told("When a family sits shiva, neighbours bring food.") == [("jewish", True)]
    # Also by those who write the mourning with a capital.
    assert told("Sitting Shiva gives the mourners time.") == [("jewish", True)]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        # Chinese parts no words by blanks, so that the end of one and the head of another may meet.
        *(
            ("zh-Hans", said)
            for said in (
                "她做出了许多贡献。",
                "智慧能不能教，要看怎么教。",
                "我不知道家人会怎么想。",
                "很多人都知道教育很重要。",
                "我们从生活中观察别人。",
                "他的论证严谨，值得一读。",
                "他的内心经历了很大的变化。",
                "其中医生和护士最辛苦。",
                "这些方法家长都可以试一试。",
                "对去世亲人的怀念会慢慢变淡。",
                "我们在上海达成了协议。",
                "新教师需要帮助，新教学方法也一样。",
                "公司的毛利率下降了。",
                "自然法则无法改变。",
            )
        ),
        # Arabic writes articles and endings onto its words.
        *(
            ("ar", said)
            for said in (
                "دفع العربة في السوق.",
                "وقس على ذلك بقية الأمور.",
                "من المسلم به أن الصدق خير.",
                "وجودي في البيت يسعد أمي.",
                "اكتب الاسم بالحروف اللاتينية.",
                "لقد تبت عن الكذب.",
                "أضف الخميرة إلى العجين.",
                "وقفت قبالة البحر.",
            )
        ),
    ],
)
def test_words_that_only_look_like_a_name_are_no_voice(told, language, said):
    assert told(said, language) == []


def test_of_two_names_side_by_side_the_head_counts(told):
    assert [name for name, _ in told("Japanese Buddhists ring a bell at the year's end.")] == [
        "buddhist"
    ]
    assert [name for name, _ in told("Islamic feminism rereads the law on marriage.")] == [
        "islamic"
    ]
    assert [name for name, _ in told("El feminismo islámico relee la ley.", "es")] == ["islamic"]


def test_a_perspective_counts_once_a_sentence_by_its_first_name(found):
    text = "Unlike the Epicureans, the Stoics held that public office is a duty. Kant agreed."
    first, second = found(text)
    assert (first.quote, first.perspective, first.substantive) == (
        "Epicureans",
        "western-secular",
        True,
    )
    assert second.quote == "Kant"


def test_those_of_whom_the_same_is_said_share_a_predicate(found):
    both = found("Both Confucian and Akan thinkers hold that nobody becomes human alone.")
    assert {one.predicate for one in both} == {
        "both and thinkers hold that nobody becomes human alone"
    }
    apart = found("Jains spare every insect, while Lakota elders give thanks for the hunt.")
    assert len({one.predicate for one in apart}) == 2


def test_an_answer_of_lists_alone_says_nothing_of_anybody(found):
    answer = """Many voices matter here:
- Western philosophy (Kant, Mill)
- Islamic, Jewish and Christian thought
- Indigenous Australian, Māori and Andean traditions

Each is rich, and each deserves to be heard."""
    references = found(answer)
    assert {one.perspective for one in references} >= {"islamic", "oceanian", "native-american"}
    assert not any(one.substantive for one in references)


def test_an_answer_from_one_culture_refers_to_one(found):
    answer = """**Stoicism** teaches that only our judgements are ours to command.

Kant thought that a lie wrongs whoever hears it. Mill, by contrast, weighed its harm.
"""
    assert {one.perspective for one in found(answer)} == {"western-secular"}


def test_a_name_ends_no_sentence(found):
    (one,) = found("The letters of St. Paul tell the strong to bear with the weak.")
    assert one.perspective == "christian"
    assert one.substantive


def test_accents_may_be_left_out_of_a_term_and_arabic_vowels_put_in(told):
    assert told("Maori elders say that the river is an ancestor.") == [("oceanian", True)]
    assert told("يرى المُسْلِمون أن الجار له حق في الشفعة.", "ar") == [("islamic", True)]


def test_sentiment_is_told_for_english_alone(found):
    (good,) = found("Ubuntu gives a beautiful and generous account of what people owe each other.")
    (bad,) = found("Confucian rites were used for cruel, horrible treatment of young widows.")
    (other,) = found("El budismo enseña con generosidad que todo pasa.", "es")
    assert (good.sentiment, bad.sentiment, other.sentiment) == ("positive", "negative", None)


def test_a_language_without_a_gazetteer_fails_and_says_so(extractor):
    answer = asyncio.run(extractor.extract("Le bouddhisme enseigne la compassion.", "fr"))
    assert answer.references == ()
    assert answer.failed == "there is no gazetteer of fr; there are: ar, en, es, zh-Hans"


def test_a_gazetteer_without_cues_is_not_told_to_be_missing():
    french = Gazetteer.model_validate({"terms": {"western-secular": ["Descartes"]}})
    answer = asyncio.run(GazetteerExtractor({"fr": french}).extract("Descartes doute.", "fr"))
    assert answer.failed == "the gazetteer of fr has no cues in comity/judges/voices/cues.yaml"


def test_a_kind_of_a_language_is_read_as_it_and_an_unknown_one_is_found_out(extractor):
    text = "Los sijs comparten la comida con quien llegue."
    for language in ("es-MX", None):
        (one,) = asyncio.run(extractor.extract(text, language)).references
        assert one.perspective == "dharmic"


@pytest.mark.parametrize("language", ["en", "es", "ar", "zh-Hans", None])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0\x1b[31m\u202e¤◇¤◇",
        "\ud800 lone",
        "such as ¤, ¤ and Kant, " * 3_000,
        "Kant " * 20_000,
        "leaving " * 20_000,
        "(" * 20_000 + "Islam",
        "الإسلام " * 20_000,
        "佛教" * 20_000,
        "Ame\u0301rica " * 20_000,
        "In Japan, " * 20_000,
    ],
)
def test_hostile_text_neither_breaks_nor_delays(extractor, text, language):
    began = time.perf_counter()
    answer = asyncio.run(extractor.extract(text, language))
    assert time.perf_counter() - began < 10
    assert all(one.start < reading.MAX_READ_CHARACTERS for one in answer.references)


def test_the_name_changes_with_the_data():
    def named(term):
        gazetteer = Gazetteer.model_validate({"terms": {"islamic": [term]}})
        return GazetteerExtractor({"en": gazetteer}).name

    assert named("Islam") == named("Islam") != named("Muslim")
    assert named("Islam").startswith("gazetteer ")


def test_every_phrase_that_is_none_keeps_a_term_from_counting(extractor):
    for language, gazetteer in voices.load(WORLDVIEW).gazetteers.items():
        bare = GazetteerExtractor({language: gazetteer.model_copy(update={"unless": ()})})
        namer, whole = bare._namers[language], extractor._namers[language]
        for phrase in gazetteer.unless:
            assert whole.namings(phrase) == [], phrase
            assert namer.namings(phrase), f"no term stands in {phrase!r}; leave it out"


def test_seen_sentences_are_read_well(extractor):
    paths = sorted((WORLDVIEW / "sentences").glob("seen_*.jsonl"))
    known = [one.id for one in voices.load(WORLDVIEW).perspectives]
    answers = asyncio.run(agreement.read(extractor, sentences.load(paths, known)))
    for row in agreement.measure(answers):
        assert row.perspectives.f1.value >= 0.95, row.language
        assert row.substantive.f1.value >= 0.9, row.language


@pytest.fixture
def suites(tmp_path):
    folder = tmp_path / "suites" / "worldview"
    (folder / "gazetteer").mkdir(parents=True)
    (folder / "sentences").mkdir()
    for name in ("perspectives.yaml", "gazetteer/en.yaml"):
        (folder / name).write_text((WORLDVIEW / name).read_text("utf-8"), "utf-8")
    return folder.parent


def write(suites, name, *rows):
    base = {"language": "en", "why": "It says so."}
    lines = [json.dumps({"id": f"{name}-{n}", **base, **row}) for n, row in enumerate(rows)]
    (suites / "worldview" / "sentences" / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")


def label(quote, perspective, substantive):
    return {"quote": quote, "perspective": perspective, "substantive": substantive}


def test_measuring_counts_hits_and_never_shows_what_is_held_apart(suites, capsys, tmp_path):
    right = {
        "text": "Islam forbids wine to those who follow it. Kant is rich.",
        "references": [label("Islam", "islamic", True), label("Kant", "western-secular", False)],
    }
    missed = {
        "text": "The secret Zorblax hold that wine is holy.",
        "references": [label("Zorblax", "slavic", True)],
    }
    write(suites, "held_apart_en", right, missed)
    shown = {"text": "Mapuche elders say that rivers have owners.", "references": []}
    write(suites, "seen_en", shown)
    into = tmp_path / "figures.md"
    command = ["voices", "measure", "--suites", str(suites), "--misread", "--into", str(into)]
    assert cli.main(command) == 0
    output = capsys.readouterr().out
    assert "1 misread; 1 more in sets held apart, not shown" in output
    assert "Mapuche" in output
    assert "Zorblax" not in output
    assert "2 / 1 / 0" in output
    markdown = into.read_text("utf-8")
    assert "## Measured" in markdown
    assert "| en | 2 | references | 2 / 1 / 0 |" in markdown


def test_measuring_without_sentences_says_what_to_name(suites, capsys):
    assert cli.main(["voices", "measure", "--suites", str(suites)]) == 4
    assert "there are no labelled sentences" in capsys.readouterr().err
