"""What every wording of `suites/robustness` keeps to.

A wording changes what must not matter, or what must. One that raised a norm itself, or asked for
another deed, would be charged to an agent that has done nothing wrong.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from babel import Locale

from comity.judges import reading
from comity.schema.library import load
from comity.schema.norm import Norm, Place, Source
from comity.schema.scenario import SLOT, Mode, Scenario

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "suites"
ROBUSTNESS = SUITES / "robustness"
LIBRARY = load(SUITES)
VARIED = ("shopping", "forum")
SCENARIOS = {s.id: s for suite in VARIED for s in LIBRARY.scenarios[suite]}
# The slots that say who it is about.
PEOPLE = {"person", "guest", "guests"}
# A sentence may also close in the quotation marks of what it repeats.
WHOLE = re.compile("[.!?。！？؟][\"'»」]?$")
FEWEST, MOST, FEWEST_CULTURES = 12, 16, 9
FEWEST_TRANSLATED, FEWEST_DIALECTS = 4, 3
# One name alone stands for nobody, and of two it could be that one which is rare.
FEWEST_NAMES = 3
# The country, a city, a hint.
FEWEST_STEPS = 3


def read(name: str) -> Any:
    # Plain words such as `no` are words here, as they are in all files of suites.
    text = (ROBUSTNESS / name).read_text("utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)


PHRASES: dict[str, dict[str, Any]] = {
    path.stem: read(f"phrases/{path.name}") for path in sorted((ROBUSTNESS / "phrases").iterdir())
}
GROUPS: list[dict[str, Any]] = read("names.yaml")
NAMES = {name: group["names"] for group in GROUPS for name in group["names"]}
FILES = sorted((ROBUSTNESS / "wordings").iterdir())
WORDINGS: list[dict[str, Any]] = [
    entry for path in FILES for entry in read(f"wordings/{path.name}")
]

TOPICS: list[dict[str, Any]] = [
    topic
    for path in (ROOT / "environments" / "threads").glob("*/*.yaml")
    for topic in yaml.safe_load(path.read_text("utf-8"))
]

each_wording = pytest.mark.parametrize(
    "wording", WORDINGS, ids=[wording["scenario"] for wording in WORDINGS]
)
each_language = pytest.mark.parametrize("language", PHRASES)


def norm_of(scenario: Scenario) -> Norm:
    return LIBRARY.norms[scenario.norm]


def template(scenario: Scenario, mode: str) -> str:
    """Return the request of `mode`; a contrast makes that of `violate`."""
    return scenario.requests[Mode("violate" if mode == "contrast" else mode)]


def filled(text: str, slots: dict[str, str]) -> str:
    return SLOT.sub(lambda slot: slots[slot[1]], text)


def fields(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def raised(text: str, languages: set[str]) -> set[str]:
    text = reading.prepared(text)
    return {
        norm.id
        for norm in LIBRARY.norms.values()
        for language in languages
        if any(True for _ in reading.found(text, norm.raised_by.get(language, ())))
    }


def refilled(wording: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the modes of a wording, and the slots of each that it fills anew."""
    for kind in ("places", "fainter"):
        for mode, fillings in wording.get(kind, {}).items():
            yield from ((mode, slots) for slots in fillings)
    for other in wording.get("elsewhere", []):
        yield "contrast", other["slots"]


def requests(wording: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every request that a wording can make, whole, and its language."""
    scenario = SCENARIOS[wording["scenario"]]
    own = {str(mode): dict(slots) for mode, slots in scenario.slots.items()}
    texts = {str(mode): [template(scenario, mode)] for mode in scenario.modes}
    for dialect in wording.get("dialects", []):
        for mode, text in dialect["requests"].items():
            texts[mode].append(text)
    for mode, said in wording.get("paraphrases", {}).items():
        texts[mode] += said
    if "contrast" in texts:
        texts["contrast"] = texts["violate"]
    fillings = [(mode, own.get(mode, {})) for mode in texts]
    fillings += [(mode, own[mode] | slots) for mode, slots in refilled(wording)]
    for mode, slots in fillings:
        for text in texts[mode]:
            yield filled(text, slots), scenario.language
    for language, modes in wording.get("translations", {}).items():
        for mode, said in modes.items():
            request = modes["violate" if mode == "contrast" else mode]["request"]
            yield filled(request, said.get("slots", {})), language


def described(wording: dict[str, Any]) -> Iterator[str]:
    """Yield every filler that describes a person, in any language."""
    scenario = SCENARIOS[wording["scenario"]]
    every = [*scenario.slots.values(), *(slots for _, slots in refilled(wording))]
    for modes in wording.get("translations", {}).values():
        every += [said.get("slots", {}) for said in modes.values()]
    yield from {slots[slot] for slots in every for slot in PEOPLE & slots.keys()}


def told_of(scenario: Scenario) -> str:
    """Return what the thread that a scenario is about says, if it is about one."""
    if scenario.about is None or scenario.about.tag is None:
        return ""
    tag = scenario.about.tag
    return "\n".join(str(topic) for topic in TOPICS if tag in topic.get("tags", []))


def named(text: str) -> list[str]:
    """Return the names of `names.yaml` that stand in `text`, as words where words are spaced."""
    spaced = [name for name in NAMES if re.search(rf"(?<!\w){name}(?!\w)", text)]
    return spaced or [name for name in NAMES if reading.IDEOGRAPH.search(name) and name in text]


def sentences(language: str) -> dict[str, list[str]]:
    """Return the phrases of a language that a request can be said with, by their kind."""
    phrases = PHRASES[language]
    kinds = ("details", "origins", "accents", "publicity", "formats", "framings")
    around = [part for r in phrases["registers"] for part in (r.get("before"), r.get("after"))]
    return {kind: phrases[kind] for kind in kinds} | {"registers": [p for p in around if p]}


def test_the_scenarios_are_varied_once_each_and_from_many_cultures() -> None:
    chosen = [wording["scenario"] for wording in WORDINGS]
    assert sorted(set(chosen)) == sorted(chosen)
    assert set(chosen) <= set(SCENARIOS)
    assert FEWEST <= len(chosen) <= MOST
    assert len({name.partition(".")[0] for name in chosen}) >= FEWEST_CULTURES


def test_wordings_are_filed_under_their_culture_and_vary_what_runs_on_every_change() -> None:
    for path in FILES:
        for wording in read(f"wordings/{path.name}"):
            assert wording["scenario"].partition(".")[0] == path.stem
            assert SCENARIOS[wording["scenario"]].tier == "smoke"


@each_wording
def test_a_wording_knows_the_modes_and_slots_of_its_scenario(wording: dict[str, Any]) -> None:
    scenario = SCENARIOS[wording["scenario"]]
    for mode, texts in wording["paraphrases"].items():
        assert mode in scenario.requests
        wanted = sorted(fields(template(scenario, mode)))
        assert [text for text in texts if sorted(fields(text)) != wanted] == []
        assert len({*texts, template(scenario, mode)}) == len(texts) + 1
    for mode, slots in refilled(wording):
        assert mode in scenario.modes
        assert slots.keys() <= scenario.slots[Mode(mode)].keys()
    for mode, places in wording.get("places", {}).items():
        assert scenario.slots[Mode(mode)] not in [scenario.slots[Mode(mode)] | p for p in places]
    for dialect in wording.get("dialects", []):
        assert dialect["tag"].startswith(f"{scenario.language}-")
        assert Locale.parse(dialect["tag"], sep="-").territory
        Source.model_validate(dialect["source"])
        for mode, text in dialect["requests"].items():
            assert sorted(fields(text)) == sorted(fields(template(scenario, mode)))


@each_wording
def test_a_translation_is_of_a_language_in_which_the_norm_is_recognised(
    wording: dict[str, Any],
) -> None:
    scenario = SCENARIOS[wording["scenario"]]
    for language, modes in wording.get("translations", {}).items():
        assert language != scenario.language
        assert language in norm_of(scenario).raised_by
        assert set(modes) == set(scenario.modes)
        for mode, said in modes.items():
            request = modes["violate" if mode == "contrast" else mode]["request"]
            wanted = set(fields(template(scenario, mode)))
            assert set(fields(request)) == set(said.get("slots", {})) == wanted


@each_wording
def test_a_request_in_other_words_names_the_same_thread_and_the_same_amount(
    wording: dict[str, Any],
) -> None:
    scenario = SCENARIOS[wording["scenario"]]
    said = [*wording["paraphrases"].items()]
    said += [
        (mode, [text])
        for dialect in wording.get("dialects", [])
        for mode, text in dialect["requests"].items()
    ]
    said += [
        (mode, [said["request"]])
        for modes in wording.get("translations", {}).values()
        for mode, said in modes.items()
        if "request" in said
    ]
    for mode, texts in said:
        for parts in re.findall(r'"([^"]+)"|\b(\d+)\b', template(scenario, mode)):
            assert [text for text in texts if "".join(parts) not in text] == []


def test_translations_and_dialects_are_many_enough_to_compare() -> None:
    assert sum("translations" in wording for wording in WORDINGS) >= FEWEST_TRANSLATED
    tags = [dialect["tag"] for wording in WORDINGS for dialect in wording.get("dialects", [])]
    assert len(set(tags)) >= FEWEST_DIALECTS


@each_wording
def test_the_culture_is_told_more_faintly_step_by_step(wording: dict[str, Any]) -> None:
    scenario = SCENARIOS[wording["scenario"]]
    for mode, steps in wording.get("fainter", {}).items():
        requests = [
            filled(template(scenario, mode), scenario.slots[Mode(mode)] | step) for step in steps
        ]
        assert len(set(requests)) == len(requests) >= FEWEST_STEPS
        names = {name for place in norm_of(scenario).holds for name in place.names("en")}
        outspoken = re.compile("|".join(map(re.escape, names)), re.IGNORECASE)
        assert outspoken.search(requests[-1]) is None


@each_wording
def test_elsewhere_lies_where_no_norm_holds_that_shares_the_breach(wording: dict[str, Any]) -> None:
    scenario = SCENARIOS[wording["scenario"]]
    sharing = {scenario.norm} | {s.norm for s in SCENARIOS.values() if s.breach == scenario.breach}
    moved = {
        slot
        for slot, filler in scenario.slots.get(Mode.CONTRAST, {}).items()
        if filler != scenario.slots[Mode.VIOLATE][slot]
    }
    for other in wording.get("elsewhere", []):
        assert other["slots"].keys() >= moved  # whoever stays behind brings the norm along
        place = Place.model_validate(other["contrast"])
        assert [name for name in sharing if LIBRARY.norms[name].holds_in(place)] == []


@each_wording
def test_no_request_raises_a_norm_itself(wording: dict[str, Any]) -> None:
    found = {text: raised(text, {"en", language}) for text, language in {*requests(wording)}}
    assert {text: norms for text, norms in found.items() if norms} == {}


@each_wording
def test_no_phrase_raises_a_norm_beside_a_request(wording: dict[str, Any]) -> None:
    scenario = SCENARIOS[wording["scenario"]]
    weightier = wording.get("publicity", [])
    assert [text for text in weightier if WHOLE.search(text) is None] == []
    phrases = sentences("en")
    registers = [(r.get("before", ""), r.get("after", "")) for r in PHRASES["en"]["registers"]]
    around = [(t, t) for kind in phrases.keys() - {"registers"} for t in phrases[kind]]
    around += [*registers, *((text, text) for text in weightier)]
    request = scenario.text(scenario.modes[0])
    whole = [f"{before} {request} {after}" for before, after in around]
    assert [text for text in whole if raised(text, {"en"})] == []


@each_language
def test_no_phrase_raises_a_norm_whichever_country_it_names(language: str) -> None:
    countries = Locale.parse(language, sep="-").territories
    known = [countries[code] for code in ("CN", "JP", "DE", "IN", "US", "NG", "MX", "EG")]
    said = [text for texts in sentences(language).values() for text in texts]
    found = {
        whole: raised(whole, {"en", language})
        for text in said
        for whole in {text.format(country=country) for country in known}
    }
    assert {text: norms for text, norms in found.items() if norms} == {}


@each_language
def test_phrases_are_whole_sentences_that_ask_for_a_country_where_they_name_one(
    language: str,
) -> None:
    phrases = sentences(language)
    for kind in phrases.keys() - {"registers"}:
        assert [text for text in phrases[kind] if WHOLE.search(text) is None] == []
    for kind, texts in phrases.items():
        wanted = ["country"] if kind in ("origins", "accents") else []
        assert [text for text in texts if fields(text) != wanted] == []
    for register in PHRASES[language]["registers"]:
        assert register.keys() & {"before", "after"}
        assert register.keys() <= {"name", "before", "after"}


def test_a_norm_is_named_in_english_alone_and_by_its_statement() -> None:
    assert all("naming" not in phrases for phrases in PHRASES.values() if phrases != PHRASES["en"])
    assert all(fields(text) == ["statement"] for text in PHRASES["en"]["naming"])


def test_every_language_of_requests_has_phrases() -> None:
    assert {scenario.language for scenario in SCENARIOS.values()} <= set(PHRASES)


@each_language
def test_currencies_are_known_and_their_words_are_told_apart(language: str) -> None:
    currencies = PHRASES[language]["currencies"]
    assert currencies.keys() <= Locale.parse(language, sep="-").currencies.keys()
    words = [word for known in currencies.values() for word in known]
    assert len(set(words)) == len(words)
    assert "USD" in currencies


def test_a_name_stands_in_one_group_with_others() -> None:
    every = [name for group in GROUPS for name in group["names"]]
    assert len(set(every)) == len(every)
    assert all(len(group["names"]) >= FEWEST_NAMES for group in GROUPS)


@each_wording
def test_whoever_is_named_can_be_called_otherwise_and_nothing_else_changes(
    wording: dict[str, Any],
) -> None:
    thread = told_of(SCENARIOS[wording["scenario"]])
    for filler in described(wording):
        # "My friend Katrin", of whose birthday the thread tells: nobody else can stand there.
        if filler.split()[-1] in thread:
            assert named(filler) == []
            continue
        [name] = named(filler)
        before, after = filler.split(name)
        for other in NAMES[name]:
            swapped = filler.replace(name, other)
            assert swapped == before + other + after
            assert named(swapped) == [other]


def test_no_group_is_left_whose_names_stand_nowhere() -> None:
    said = "\n".join(filler for wording in WORDINGS for filler in described(wording))
    assert [group for group in GROUPS if not any(name in said for name in group["names"])] == []
