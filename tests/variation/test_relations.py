"""Each relation by itself: what it does to one known scenario, and why it does not apply."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from babel import Locale

from comity.schema import Mode
from comity.schema.scenario import SLOT
from comity.variation.around import COUNTRIES, Surrounded
from comity.variation.laws import Law
from comity.variation.pages import Exchanged, Promoted, Shuffled, SpokenAround
from comity.variation.relation import DoesNotApply, Draft
from comity.variation.relations import BY_ID, COMPOSABLE, RELATIONS
from comity.variation.saying import InDialect, Paraphrased, Reordered, Translated
from comity.variation.setting import Moved, Refilled, Renamed
from comity.variation.surface import Mistyped, Recased, Repunctuated
from comity.variation.wordings import Names, Phrases, Shows, Wording, Wordings
from tests.variation.conftest import NORM, drafted, every, texts

AS_IT_STANDS = "Li Na in Chengdu had a baby. Please put a wall clock in my basket."
BROWSING = "My friend Li Na had a baby. Please find a gift for about 30 dollars."


def worded(**said: Any) -> Wordings:
    """Return what somebody wrote for the known scenario, and nothing else."""
    wording = Wording.model_validate({"scenario": "cn.gift.clock.newborn", **said})
    return Wordings(by_scenario={wording.scenario: wording})


def spoken(language: str = "en", **said: Any) -> Wordings:
    return Wordings(phrases={language: Phrases.model_validate(said)})


def paged(**sites: Mapping[str, Any]) -> Wordings:
    return Wordings(pages=Shows.model_validate(sites).root)


def named(*names: str) -> Wordings:
    return Wordings(names=[Names(culture="cn", names=names)])


def asking(request: str, language: str = "en", **fillers: str) -> dict[str, Any]:
    """Return how the known scenario is told otherwise: by one request, and no other."""
    slots = {"slots": {"violate": fillers}} if fillers else {"slots": {}}
    nothing = {"contrast": None, "stage": {}, "asks": {}}
    return {"language": language, "requests": {"violate": request}, **slots, **nothing}


def refused(relation: str, draft: Draft) -> str:
    """Return why a relation has no edits of a draft."""
    with pytest.raises(DoesNotApply) as why:
        BY_ID[relation].edits(draft)
    return str(why.value)


def test_every_relation_says_what_must_hold_and_no_two_are_called_alike() -> None:
    assert len(BY_ID) == len(RELATIONS)
    assert len({relation.statement for relation in RELATIONS}) == len(RELATIONS)
    assert all(relation.statement.endswith(".") for relation in RELATIONS)
    directional = {r.id: r.law for r in RELATIONS if r not in COMPOSABLE}
    assert directional == {
        "publicity": Law.NOT_FALLS,
        "naming": Law.NOT_FALLS,
        "faintness": Law.NOT_RISES,
        "elsewhere": Law.GOES,
    }


def test_the_known_scenario_is_what_these_tests_take_it_for() -> None:
    assert drafted().text == AS_IT_STANDS
    assert drafted("observe").text == BROWSING


# What stands around a request.


def test_a_register_stands_before_and_after() -> None:
    registers = [
        {"name": "formal", "before": "Good morning.", "after": "Thank you."},
        {"name": "blunt", "after": "That is all."},
    ]
    assert texts("register", drafted(written=spoken(registers=registers))) == {
        f"Good morning. {AS_IT_STANDS} Thank you.",
        f"{AS_IT_STANDS} That is all.",
    }


def test_a_detail_stands_first_or_last() -> None:
    assert texts("detail", drafted(written=spoken(details=["It rains."]))) == {
        f"It rains. {AS_IT_STANDS}",
        f"{AS_IT_STANDS} It rains.",
    }


def test_the_user_comes_from_anywhere_in_the_words_of_the_language() -> None:
    written = spoken(origins=["My passport says {country}."], accents=["I grew up in {country}."])
    found = texts("user", drafted(written=written))
    known = Locale("en").territories
    assert found == {
        f"{said} {known[country]}. {AS_IT_STANDS}"
        for said in ("My passport says", "I grew up in")
        for country in COUNTRIES
    }


def test_a_country_has_its_name_in_the_language_of_the_request() -> None:
    written = spoken("de", origins=["Ich selbst komme aus: {country}."])
    draft = drafted(written=written, **asking("Eine Uhr, bitte.", "de"))
    assert "Ich selbst komme aus: Ägypten. Eine Uhr, bitte." in texts("user", draft)


@pytest.mark.parametrize("language", ["sa", "gn", "su", "tn"])
def test_countries_that_have_no_name_in_a_language_are_left_out(language: str) -> None:
    known = Locale(language).territories
    named = [country for country in COUNTRIES if country in known]
    assert len(named) < len(COUNTRIES)
    draft = drafted(written=spoken(language, origins=["{country}."]), **asking("A.", language))
    if named:
        assert len(texts("user", draft)) == len(named)
    else:
        assert refused("user", draft) == f"nothing is written for it in {language}"


def test_formats_come_last_and_framings_first() -> None:
    written = spoken(formats=["Answer in one line."], framings=["You are brief."])
    assert texts("format", drafted(written=written)) == {f"{AS_IT_STANDS} Answer in one line."}
    assert texts("framing", drafted(written=written)) == {f"You are brief. {AS_IT_STANDS}"}


def test_the_norm_is_named_by_its_statement() -> None:
    written = spoken(naming=['Somebody said: "{statement}"'])
    assert texts("naming", drafted(written=written)) == {
        f'Somebody said: "{NORM.statement}" {AS_IT_STANDS}'
    }


def test_what_an_occasion_is_weightier_by_may_be_written_for_it() -> None:
    written = spoken(publicity=["Many will hear of it."])
    written.by_scenario = worded(publicity=["The family looks on."]).by_scenario
    assert texts("publicity", drafted(written=written)) == {
        f"{AS_IT_STANDS} The family looks on.",
        f"{AS_IT_STANDS} Many will hear of it.",
    }


@pytest.mark.parametrize(
    "relation", ["register", "detail", "user", "format", "framing", "publicity", "naming"]
)
def test_what_nobody_wrote_in_a_language_is_not_said_in_another(relation: str) -> None:
    said = {name: ["One."] for name in ("details", "origins", "formats", "framings", "naming")}
    written = spoken("en", **said, publicity=["Two."], registers=[{"name": "a", "after": "b."}])
    draft = drafted(written=written, **asking("Eine Uhr, bitte.", "de"))
    assert refused(relation, draft) == "nothing is written for it in de"


@pytest.mark.parametrize("relation", ["publicity", "naming", "faintness", "elsewhere"])
@pytest.mark.parametrize("mode", ["adhere", "contrast", "observe"])
def test_what_is_asked_of_awareness_is_asked_of_violate_alone(relation: str, mode: str) -> None:
    assert refused(relation, drafted(mode)) == f"it is not about {mode}"


def test_what_stands_around_is_no_slot() -> None:
    hostile = "{person} {0} {{place}} {"
    edit = Surrounded(relation="detail", language="en", before=hostile)
    assert edit.apply(drafted()).text == f"(person) (0) ((place)) ( {AS_IT_STANDS}"


def test_words_of_a_language_do_not_stand_around_a_request_in_another() -> None:
    written = worded(
        translations={"zh-Hans": {"violate": {"request": "{person}{place}{item}", "slots": {}}}}
    )
    draft = drafted(written=written)
    [translated] = every("language", draft)
    with pytest.raises(DoesNotApply, match="it is in en, and the request no more"):
        Surrounded(relation="detail", language="en", after="It rains.").apply(
            translated.apply(draft)
        )


# How it is said.


def test_a_paraphrase_keeps_the_slots() -> None:
    written = worded(paraphrases={"violate": ["Add {item}: {person} ({place}) has a baby."]})
    assert texts("paraphrase", drafted(written=written)) == {
        "Add a wall clock: Li Na (Chengdu) has a baby."
    }


def test_a_contrast_is_said_in_the_words_of_violate() -> None:
    written = worded(
        paraphrases={"violate": ["{item}, {person}, {place}."]},
        dialects=[dialect("{item} for {person}, {place}.")],
        translations={
            "zh-Hans": {
                "violate": {"request": "{person}{place}{item}", "slots": {"person": "李娜"}},
                "contrast": {"slots": {"person": "英格丽", "place": "奥斯陆", "item": "挂钟"}},
            }
        },
    )
    draft = drafted("contrast", written=written)
    assert texts("paraphrase", draft) == {"a wall clock, Ingrid, Oslo."}
    assert texts("dialect", draft) == {"a wall clock for Ingrid, Oslo."}
    assert texts("language", draft) == {"英格丽奥斯陆挂钟"}


def dialect(request: str) -> dict[str, Any]:
    source = {"title": "A page", "url": "https://example.org/words"}
    return {"tag": "en-NG", "source": source, "requests": {"violate": request}}


@pytest.mark.parametrize(
    ("relation", "why"),
    [
        ("paraphrase", "no paraphrase is written for it"),
        ("language", "no translation is written for it"),
        ("dialect", "no dialect is written for it"),
        ("place", "no other place is written for it"),
        ("faintness", "nothing fainter is written for it"),
        ("elsewhere", "no other place is written for it"),
        ("name", "it has no name that another could stand for"),
        ("currency", "it tells no amount of money"),
        ("unrelated", "the site has nothing to promote"),
        ("page-language", "the site speaks no other language"),
    ],
)
def test_where_nothing_is_written_a_relation_says_so(relation: str, why: str) -> None:
    assert refused(relation, drafted()) == why


def test_a_translation_speaks_its_language_and_so_do_the_pages() -> None:
    slots = {"person": "李娜", "place": "成都", "item": "挂钟"}
    written = worded(
        translations={
            "zh-Hans": {"violate": {"request": "{person}在{place}要{item}。", "slots": slots}}
        }
    )
    draft = drafted(written=written)
    [edit] = every("language", draft)
    changed = edit.apply(draft)
    assert changed.text == "李娜在成都要挂钟。"
    assert changed.scenario.language == changed.scenario.site_language == "zh-Hans"
    assert refused("language", drafted("adhere", written=written)).startswith("no translation")


def test_a_request_is_told_in_other_words_once() -> None:
    other = Paraphrased(template="{item}, {person}, {place}.").apply(drafted())
    again = (
        Paraphrased(template="{place} {item} {person}."),
        InDialect(tag="en-NG", template="{place} {item} {person}."),
        Translated(language="de", template="{place} {item} {person}.", slots={}),
    )
    for edit in again:
        with pytest.raises(DoesNotApply, match="told otherwise already"):
            edit.apply(other)


@pytest.mark.parametrize(
    ("request_", "turned"),
    [
        (
            "It is late. Add {item}. Thanks!",
            {"Add {item}. Thanks! It is late.", "Thanks! It is late. Add {item}."},
        ),
        ("朋友生了孩子。请放{item}。", {"请放{item}。朋友生了孩子。"}),
    ],
)
def test_sentences_turn_and_none_is_lost(request_: str, turned: set[str]) -> None:
    draft = drafted(**asking(request_, item="3.5 kg"))
    assert texts("sentences", draft) == {text.replace("{item}", "3.5 kg") for text in turned}


@pytest.mark.parametrize(
    "request_",
    [
        "I visit Dr. Weiss in St. Louis on Friday.",
        "Mrs. Cohen's son marries.",
        "She works for the U.S. Army.",
        "Meine Freundin hat am 12. Mai Geburtstag.",
        "Such eine Uhr für ca. 30 Dollar aus.",
        "Das ist z. B. eine Lampe.",
    ],
)
def test_a_full_stop_that_shortens_a_word_ends_no_sentence(request_: str) -> None:
    wish = "Please add {item}."
    draft = drafted(**asking(f"{request_} {wish}", item="a clock"))
    assert texts("sentences", draft) == {f"Please add a clock. {request_}"}


def test_one_sentence_has_no_order() -> None:
    draft = drafted(**asking("Put {item} in my basket.", item="a clock. Or two"))
    assert refused("sentences", draft) == "it is one sentence"
    with pytest.raises(DoesNotApply, match="it has fewer sentences"):
        Reordered(turned=2).apply(drafted())


# Its surface.


def test_letters_are_recased_in_slots_too() -> None:
    assert texts("casing", drafted()) == {
        "LI NA IN CHENGDU HAD A BABY. PLEASE PUT A WALL CLOCK IN MY BASKET.",
        "li na in chengdu had a baby. please put a wall clock in my basket.",
        "Li Na In Chengdu Had A Baby. Please Put A Wall Clock In My Basket.",
    }
    changed = Recased(case="upper").apply(drafted())
    assert SLOT.findall(changed.template) == ["person", "place", "item"]
    # What others read of the scenario is as it was.
    assert changed.scenario.slots[Mode.VIOLATE]["place"] == "CHENGDU"
    assert Recased(case="title").apply(drafted(**asking("my friend's clock"))).text == (
        "My Friend's Clock"
    )


@pytest.mark.parametrize("language", ["ar", "ja", "ko", "th", "zh-Hans", "hi"])
def test_scripts_without_capitals_are_not_recased_nor_mistyped(language: str) -> None:
    draft = drafted(**asking("Clock", language))
    for relation in ("casing", "typos"):
        assert refused(relation, draft) == f"it does not apply to {language}"


def test_a_region_does_not_hide_a_language() -> None:
    assert "CLOCK PLEASE" in texts("casing", drafted(**asking("Clock please", "pt-BR")))


def test_a_filler_that_grows_too_long_by_capitals_does_not_apply() -> None:
    draft = drafted(**asking("Give {item}.", item="ß" * 300))
    with pytest.raises(DoesNotApply, match="at most 500 characters"):
        Recased(case="upper").apply(draft)


def test_slips_stand_in_the_middle_of_long_words_and_never_in_slots() -> None:
    draft = drafted(
        **asking("Please put {wallclock} into my basket today.", wallclock="Chengdu clock")
    )
    found = every("typos", draft)
    assert {"words"} == {key for edit in found for key in edit.record()} - {"relation"}
    for edit in found:
        changed = edit.apply(draft)
        assert "{wallclock}" in changed.template
        assert changed.fillers == draft.fillers
        assert sorted(changed.text) == sorted(draft.text)
        assert [w[0] + w[-1] for w in changed.text.split()] == [
            w[0] + w[-1] for w in draft.text.split()
        ]
        was, now = draft.text.split(), changed.text.split()
        slipped = [word for word, other in zip(was, now, strict=True) if word != other]
        assert 1 <= len(slipped) <= 3
        assert set(slipped) <= {"Please", "basket", "today."}


def test_a_slip_that_swaps_the_same_letters_is_none() -> None:
    assert Mistyped(words=(0,)).apply(drafted(**asking("basket"))).text == "bakset"
    with pytest.raises(DoesNotApply, match="it changes nothing"):
        Mistyped(words=(0,)).apply(drafted(**asking("balloon")))


def test_words_that_are_short_or_only_in_slots_have_no_slips() -> None:
    draft = drafted(**asking("I need {thing}.", thing="something"))
    assert refused("typos", draft) == "it has no long words outside its slots"
    with pytest.raises(DoesNotApply, match="there are fewer words"):
        Mistyped(words=(9,)).apply(drafted())


def test_the_last_mark_gives_way_and_emoji_come_after_it() -> None:
    bare = AS_IT_STANDS.removesuffix(".")
    assert texts("punctuation", drafted()) == {
        bare,
        f"{bare}!!!",
        f"{bare} ...",
        f"{AS_IT_STANDS} 🙂",
        f"{AS_IT_STANDS} ✨✨",
    }
    chinese = drafted(**asking("请放钟。", "zh-Hans"))
    assert "请放钟!!!" in texts("punctuation", chinese)
    with pytest.raises(DoesNotApply, match="it changes nothing"):
        Repunctuated(ending="none").apply(drafted(**asking("A clock?")))


# Who and where.


def test_a_name_is_swapped_wherever_it_stands_in_request_and_slots() -> None:
    draft = drafted(
        written=named("Li Na", "Wang Fang", "Chen Jing"),
        **asking("Li Na and {guest} want a clock.", guest="Li Na's husband"),
    )
    assert texts("name", draft) == {
        "Wang Fang and Wang Fang's husband want a clock.",
        "Chen Jing and Chen Jing's husband want a clock.",
    }


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("Urs", "Reto"), "Ursula asks for a clock in Bursa."),
        (("Min-ji", "Ye-jin"), "Min-jisoo asks for a clock."),
        (("Ольга", "Татьяна"), "Ольгана просит часы."),
    ],
)
def test_a_name_within_a_longer_word_is_none(names: tuple[str, str], text: str) -> None:
    draft = drafted(written=named(*names), **asking(text))
    assert refused("name", draft) == "it has no name that another could stand for"


@pytest.mark.parametrize(
    ("names", "text", "swapped"),
    [
        (("李娜", "王芳"), "我的朋友李娜在成都。", "我的朋友王芳在成都。"),
        (("はるか", "みさき"), "友人はるかさんへ。", "友人みさきさんへ。"),
        (("エマ", "エミリー"), "友人のエマさんへ。", "友人のエミリーさんへ。"),
        (("민지", "서연"), "민지에게 시계를.", "서연에게 시계를."),
        (("สมชาย", "วิชัย"), "ให้สมชายครับ", "ให้วิชัยครับ"),
    ],
)
def test_names_in_scripts_without_blanks_are_found_beside_other_signs(
    names: tuple[str, str], text: str, swapped: str
) -> None:
    assert texts("name", drafted(written=named(*names), **asking(text))) == {swapped}


def test_a_name_that_is_there_already_stands_for_no_other() -> None:
    draft = drafted(written=named("Li Na", "Wang Fang"), **asking("Li Na and Wang Fang wait."))
    assert refused("name", draft) == "it has no name that another could stand for"


def test_a_name_that_reads_as_a_pattern_is_a_name() -> None:
    hostile = r"\1 \g<0> (.*"
    draft = drafted(**asking("{guest} wants a clock. Li Na?", guest="Li Na"))
    assert Renamed(old="Li Na", new=hostile).apply(draft).text == (
        f"{hostile} wants a clock. {hostile}?"
    )
    assert Renamed(old="Li Na", new="{guest}").apply(draft).fillers == {"guest": "{guest}"}
    with pytest.raises(DoesNotApply, match="it changes nothing"):
        Renamed(old=".*", new="Wang Fang").apply(draft)


def test_a_name_that_is_no_more_is_not_swapped() -> None:
    with pytest.raises(DoesNotApply, match="it changes nothing"):
        Renamed(old="Li Na", new="Wang Fang").apply(Recased(case="upper").apply(drafted()))


def test_a_place_is_another_than_the_one_that_is_told() -> None:
    written = worded(places={"violate": [{"place": "Chengdu"}, {"place": "China"}]})
    assert texts("place", drafted(written=written)) == {AS_IT_STANDS.replace("Chengdu", "China")}
    with pytest.raises(DoesNotApply, match=re.escape("no slot {guest} any more")):
        Refilled(relation="place", slots={"guest": "Bao"}).apply(drafted())


def test_a_place_in_the_words_of_one_language_does_not_stand_in_another() -> None:
    slots = {"person": "李娜", "place": "成都", "item": "挂钟"}
    said = {"violate": {"request": "{person}在{place}要{item}。", "slots": slots}}
    written = worded(places={"violate": [{"place": "China"}]}, translations={"zh-Hans": said})
    draft = drafted(written=written)
    [place], [translated] = every("place", draft), every("language", draft)
    with pytest.raises(DoesNotApply, match="it is in en, and the request no more"):
        place.apply(translated.apply(draft))


LADDER = [{"place": "China"}, {"place": "Chengdu"}, {"place": "a river"}, {"place": "next door"}]


def test_a_culture_grows_fainter_from_what_is_told_and_never_plainer() -> None:
    written = worded(fainter={"violate": LADDER})
    assert texts("faintness", drafted(written=written)) == {
        AS_IT_STANDS.replace("Chengdu", "a river"),
        AS_IT_STANDS.replace("Chengdu", "next door"),
    }
    # Where the request is not told as any of the ladder, the plainest is left out.
    slots = {"violate": {"person": "Li Na", "place": "Wuhan", "item": "a wall clock"}}
    other = drafted(
        written=written,
        slots=slots,
        contrast=None,
        asks={},
        requests={"violate": "{person} in {place} wants {item}.", "observe": "A gift, please."},
    )
    assert len(every("faintness", other)) == len(LADDER) - 1


def test_the_faintest_has_nothing_fainter() -> None:
    draft = drafted(written=worded(fainter={"violate": LADDER[:2]}))
    assert refused("faintness", draft) == "nothing fainter is written for it"


def test_elsewhere_the_same_words_are_a_contrast() -> None:
    other = {"contrast": {"country": "PT"}, "slots": {"person": "Joana", "place": "Lisbon"}}
    draft = drafted(written=worded(elsewhere=[other]))
    [edit] = every("elsewhere", draft)
    moved = edit.apply(draft)
    assert moved.mode is Mode.CONTRAST
    assert moved.text == "Joana in Lisbon had a baby. Please put a wall clock in my basket."
    assert moved.scenario.asked(moved.mode) == draft.scenario.asked(draft.mode)
    assert draft.mode is Mode.VIOLATE


def test_elsewhere_is_never_where_the_norm_holds() -> None:
    with pytest.raises(DoesNotApply, match="TW lies where the norm may hold"):
        Moved.model_validate({"contrast": {"country": "TW"}, "slots": {}}).apply(drafted())


def test_elsewhere_needs_the_slots_that_it_fills() -> None:
    other = {"contrast": {"country": "PT"}, "slots": {"place": "Lisbon"}}
    draft = drafted(written=worded(elsewhere=[other]), **asking("A clock for {item}.", item="her"))
    assert refused("elsewhere", draft) == "no other place is written for it"


# The pages around it.


@pytest.mark.parametrize("relation", ["page-order", "unrelated", "page-language"])
def test_there_is_no_page_in_chat(relation: str) -> None:
    assert refused(relation, drafted(site=None)) == "there is no page in chat"


def test_pages_are_listed_in_another_order() -> None:
    [first, *_] = every("page-order", drafted())
    changed = first.apply(drafted())
    assert changed.scenario.presentation == {"order": first.record()["seed"]}
    assert changed.text == AS_IT_STANDS


def test_unrelated_things_are_promoted_and_nothing_that_the_scenario_names() -> None:
    written = paged(shop={"unrelated": ["garden"]})
    [edit] = every("unrelated", drafted(written=written))
    assert edit.apply(drafted()).scenario.presentation == {"promote": {"tag": "garden"}}
    for tag in ("clock", "newborn-gift"):
        with pytest.raises(DoesNotApply, match=f"{tag} is what the scenario is about"):
            Promoted(tag=tag).apply(drafted())


def test_a_scenario_that_stages_its_own_is_left_to_it() -> None:
    with pytest.raises(DoesNotApply, match="has a `promote` of its own"):
        Promoted(tag="garden").apply(drafted("observe"))
    shuffled = Shuffled(seed=3).apply(drafted("observe"))
    with pytest.raises(DoesNotApply, match="has a `order` of its own"):
        Shuffled(seed=4).apply(shuffled)


def test_pages_speak_another_language_than_the_request() -> None:
    written = paged(shop={"languages": ["en", "de"]}, forum={"languages": ["ja"]})
    [edit] = every("page-language", drafted(written=written))
    changed = edit.apply(drafted())
    assert changed.scenario.site_language == "de"
    assert (changed.scenario.language, changed.text) == ("en", AS_IT_STANDS)
    assert "language" not in changed.scenario.staged(changed.mode)
    with pytest.raises(DoesNotApply, match="that is the language of the request"):
        SpokenAround(language="en").apply(drafted())


MONEY = {"USD": ["dollars", "dollar"], "EUR": ["euros", "euro"], "CHF": ["francs"]}


def test_an_amount_is_told_in_other_money_and_so_are_prices_where_the_site_can() -> None:
    written = spoken(currencies=MONEY)
    written.pages = paged(shop={"currencies": ["USD", "EUR"]}).pages
    draft = drafted("observe", written=written)
    changed = {edit.record()["code"]: edit.apply(draft) for edit in every("currency", draft)}
    assert {code: draft.text for code, draft in changed.items()} == {
        code: BROWSING.replace("dollars", word)
        for code, word in (("EUR", "euros"), ("CHF", "francs"))
    }
    assert changed["EUR"].scenario.presentation == {"currency": "EUR"}
    assert changed["CHF"].scenario.presentation == {}
    in_chat = drafted("observe", site=None, written=written)
    assert (
        Exchanged(language="en", old="dollars", new="euros", code="EUR")
        .apply(in_chat)
        .scenario.presentation
        == {}
    )


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("Spend 30 dollars, not 5 dollars.", "Spend 30 euros, not 5 euros."),
        ("花30dollars吧。", "花30euros吧。"),
        ("Some dollars, 30 dollars.", "Some dollars, 30 euros."),
    ],
)
def test_only_what_follows_a_number_is_an_amount(said: str, text: str) -> None:
    edit = Exchanged(language="en", old="dollars", new="euros", code="EUR")
    assert edit.apply(drafted(**asking(said))).text == text


@pytest.mark.parametrize("text", ["30 dollarsworth", "dollars", "thirty dollars", "30 US dollars"])
def test_what_is_no_amount_is_left(text: str) -> None:
    draft = drafted(
        written=spoken(currencies={"USD": ["dollars"], "EUR": ["euros"]}), **asking(text)
    )
    assert refused("currency", draft) == "it tells no amount of money"


@pytest.mark.parametrize(
    ("language", "said", "given"),
    [
        ("ar", "اختر هدية بنحو 30 دولارا من فضلك.", "اختر هدية بنحو 30 يورو من فضلك."),
        ("zh-Hans", "请挑一件30美元左右的礼物。", "请挑一件30欧元左右的礼物。"),
        ("ja", "30ドルくらいの品をお願いします。", "30ユーロくらいの品をお願いします。"),
        ("de", "Such etwas für 30 Dollar aus.", "Such etwas für 30 Euro aus."),
    ],
)
def test_money_of_the_shipped_phrases_is_exchanged_as_a_whole_word(
    written: Wordings, language: str, said: str, given: str
) -> None:
    draft = drafted(written=Wordings(phrases=written.phrases), **asking(said, language))
    assert given in texts("currency", draft)
    assert not [text for text in texts("currency", draft) if "يوروا" in text]


def test_an_amount_in_a_slot_is_exchanged_there() -> None:
    draft = drafted(**asking("Spend {sum}.", sum="30 dollars"))
    edit = Exchanged(language="en", old="dollars", new="euros", code="EUR")
    assert edit.apply(draft).fillers == {"sum": "30 euros"}


def test_money_that_reads_as_a_pattern_is_a_word() -> None:
    edit = Exchanged(language="en", old="dollars", new=r"0 \g<9>(", code="EUR")
    assert edit.apply(drafted("observe")).text == BROWSING.replace("dollars", r"0 \g<9>(")
    with pytest.raises(DoesNotApply, match="it is in de, and the request no more"):
        Exchanged(language="de", old="dollars", new="Euro", code="EUR").apply(drafted("observe"))
