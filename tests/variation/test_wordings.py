"""Wordings are read strictly: each mistake is one line with file, line, field and fix."""

import json
from typing import Any

import pytest

from comity.errors import ScenarioError
from comity.schema.library import load as load_library
from comity.variation import wordings
from comity.variation.drawing import MOST_EDITS, Coverage, Drawing, Subject
from comity.variation.relation import Draft
from comity.variation.relations import BY_ID
from comity.variation.rewriting import reduced
from comity.variation.wordings import Wordings
from tests.conftest import Project

FOLDER = "suites/robustness"
FILE = "robustness/wordings/cn.yaml"

PHRASES = """\
registers:
  - {name: formal, before: "Good morning.", after: "Thank you."}
details: ["It rains."]
currencies: {USD: [dollars], EUR: [euros]}
"""
WORDINGS = """\
- scenario: cn.gift.clock.newborn
  paraphrases:
    violate:
      - "Put {item} in my basket: {person} in {place} has a baby."
  places:
    violate: [{place: China}, {place: Wuhan}]
  fainter:
    violate: [{place: China}, {place: a river}]
  elsewhere:
    - {contrast: {country: PT}, slots: {person: My friend Joana, place: Lisbon}}
  publicity: ["The family looks on."]
  translations:
    en:
      violate:
        request: "{person} {place} {item}"
        slots: {person: Li Na}
      contrast:
        slots: {person: Ingrid}
  dialects:
    - tag: en-NG
      source: {title: A page, url: "https://example.org/words"}
      requests:
        violate: "{person} in {place} has put to bed. {item}, please."
"""


@pytest.fixture
def varied(project: Project) -> Project:
    """A project with a suite that varies the scenario of another one."""
    for name, text in {
        "suite.yaml": "title: Robust or lucky\nvaries: [gifts]\n",
        "phrases/en.yaml": PHRASES,
        "names.yaml": "- {culture: cn, names: [Li Na, Wang Fang]}\n",
        "pages.yaml": "tiny: {languages: [en, de], currencies: [USD], unrelated: [garden]}\n",
        "wordings/cn.yaml": WORDINGS,
    }.items():
        project.write(f"{FOLDER}/{name}", text)
    return project


def loaded(project: Project) -> Wordings:
    library = load_library(project.root / "suites")
    return wordings.load(project.root / FOLDER, library, library.suites["robustness"].varies)


def problems(project: Project) -> list[str]:
    with pytest.raises(ScenarioError) as told:
        loaded(project)
    return str(told.value).splitlines()


def test_everything_that_is_written_is_read(varied: Project) -> None:
    found = loaded(varied)
    assert found.spoken("en").details == ("It rains.",)
    assert found.spoken("de").details == ()
    assert [group.names for group in found.names] == [("Li Na", "Wang Fang")]
    assert found.pages["tiny"].unrelated == ("garden",)
    assert found.by_scenario.keys() == {"cn.gift.clock.newborn"}


def test_a_suite_may_have_no_wordings_at_all(project: Project) -> None:
    project.write(f"{FOLDER}/suite.yaml", "title: Bare\nvaries: [gifts]\n")
    assert loaded(project) == Wordings()


MISTAKES = {
    "a scenario that nearly is one": (
        ("wordings/cn.yaml", "clock.newborn", "clock.newbron"),
        f"{FILE}:1: entry 1: scenario: unknown scenario 'cn.gift.clock.newbron'; "
        "did you mean 'cn.gift.clock.newborn'?",
    ),
    "a scenario of nowhere": (
        ("wordings/cn.yaml", "cn.gift.clock.newborn", "xx.y"),
        f"{FILE}:1: entry 1: scenario: unknown scenario 'xx.y'; "
        "name one of a suite that is varied",
    ),
    "an unknown key": (
        ("wordings/cn.yaml", "paraphrases:", "paraphrase:"),
        f"{FILE}:2: entry 1: paraphrase: unknown field; did you mean `paraphrases`?",
    ),
    "an unknown key further in": (
        ("wordings/cn.yaml", "{title: A page", "{titl: B, title: A page"),
        f"{FILE}:21: entry 1: dialects.0.source.titl: unknown field; did you mean `title`?",
    ),
    "a paraphrase that leaves out a slot": (
        ("wordings/cn.yaml", "{person} in {place} has a baby", "{person} has a baby"),
        f"{FILE}:4: entry 1: paraphrases.violate.0: `slots.violate.place` fills no slot",
    ),
    "a paraphrase with a slot of its own": (
        ("wordings/cn.yaml", "Put {item} in my", "Put {item} in {whose}"),
        f"{FILE}:4: entry 1: paraphrases.violate.0: the slot {{whose}} has no filler",
    ),
    "money that there is not": (
        ("phrases/en.yaml", "EUR: [euros]", "EURO: [euros]"),
        "robustness/phrases/en.yaml:4: currencies: EURO: 'EURO' is no ISO 4217 currency code",
    ),
    "prices in money that there is not": (
        ("pages.yaml", "currencies: [USD]", "currencies: [usd]"),
        "robustness/pages.yaml:1: tiny: currencies.0: 'usd' is no ISO 4217 currency code",
    ),
    "a paraphrase with a slot that is none": (
        ("wordings/cn.yaml", "has a baby.", "has {what-she-has}."),
        f"{FILE}:4: entry 1: paraphrases.violate.0: '{{what-she-has}}' is no slot: one is written",
    ),
    "a paraphrase of nothing": (
        ("wordings/cn.yaml", "Put {item} in my basket: {person} in {place} has a baby.", " "),
        f"{FILE}:4: entry 1: paraphrases.violate.0: String should have at least 1 character",
    ),
    "a paraphrase of a mode that there is not": (
        ("wordings/cn.yaml", "paraphrases:\n    violate:", "paraphrases:\n    observe:"),
        f"{FILE}:4: entry 1: paraphrases.observe.0: "
        "cn.gift.clock.newborn has no request of observe",
    ),
    "a paraphrase of contrast": (
        ("wordings/cn.yaml", "paraphrases:\n    violate:", "paraphrases:\n    contrast:"),
        f"{FILE}:1: entry 1: `paraphrases.contrast` is not written: contrast makes the request "
        "of `violate` with slots of its own",
    ),
    "a mode that is none": (
        ("wordings/cn.yaml", "places:\n    violate", "places:\n    violates"),
        f"{FILE}:6: entry 1: places.violates: Input should be 'violate', 'adhere', 'contrast'",
    ),
    "a place in a slot that there is not": (
        ("wordings/cn.yaml", "[{place: China}, {place: Wuhan}]", "[{place: China}, {town: Wuhan}]"),
        f"{FILE}:6: entry 1: places.violate.1: `slots.violate.town` fills no slot of the request",
    ),
    "a place of no words": (
        ("wordings/cn.yaml", "{place: a river}", "{place: ''}"),
        f"{FILE}:8: entry 1: fainter.violate.1.place: String should have at least 1 character",
    ),
    "elsewhere where the norm holds": (
        ("wordings/cn.yaml", "country: PT", "country: TW"),
        f"{FILE}:10: entry 1: elsewhere.0.contrast: TW lies where cn.gift.clock may hold",
    ),
    "elsewhere with other slots": (
        ("wordings/cn.yaml", "place: Lisbon", "town: Lisbon"),
        f"{FILE}:10: entry 1: elsewhere.0: `slots.contrast.town` fills no slot of the request",
    ),
    "elsewhere with nothing to fill": (
        ("wordings/cn.yaml", "slots: {person: My friend Joana, place: Lisbon}", "slots: {}"),
        f"{FILE}:10: entry 1: elsewhere.0.slots: Dictionary should have at least 1 item",
    ),
    "a translation by which nothing is heard": (
        ("wordings/cn.yaml", "    en:\n", "    de:\n"),
        f"{FILE}:13: entry 1: translations.de: cn.gift.clock has no `raised_by.de`, "
        "by which it would be heard",
    ),
    "a translation into no language": (
        ("wordings/cn.yaml", "    en:\n", "    xx-yy:\n"),
        f"{FILE}:13: entry 1: translations.xx-yy: 'xx-yy' is no language tag such as en",
    ),
    "a translation with a slot of its own": (
        ("wordings/cn.yaml", "slots: {person: Ingrid}", "slots: {guest: Ingrid}"),
        f"{FILE}:17: entry 1: translations.en.contrast: `slots.contrast.guest` fills no slot",
    ),
    "a translation without a request": (
        ("wordings/cn.yaml", '        request: "{person} {place} {item}"\n', ""),
        f"{FILE}:1: entry 1: `translations.en.violate.request` is missing",
    ),
    "a translation with a request of contrast": (
        ("wordings/cn.yaml", "slots: {person: Ingrid}", "request: '{person} {place} {item}'"),
        f"{FILE}:1: entry 1: `translations.en.contrast.request` is not written: contrast makes "
        "the request of `violate` with slots of its own",
    ),
    "a dialect that no source tells of": (
        (
            "wordings/cn.yaml",
            'source: {title: A page, url: "https://example.org/words"}',
            "source: {title: A page, url: nowhere}",
        ),
        f"{FILE}:21: entry 1: dialects.0.source.url: Input should be a valid URL",
    ),
    "a dialect that leaves out a slot": (
        ("wordings/cn.yaml", "in {place} has put", "has put"),
        f"{FILE}:23: entry 1: dialects.0.requests.violate: `slots.violate.place` fills no slot",
    ),
    "a dialect of contrast": (
        ("wordings/cn.yaml", "requests:\n        violate", "requests:\n        contrast"),
        f"{FILE}:1: entry 1: `dialects.0.requests.contrast` is not written: contrast makes the "
        "request of `violate` with slots of its own",
    ),
    "a dialect of another language": (
        ("wordings/cn.yaml", "tag: en-NG", "tag: de-AT"),
        f"{FILE}:20: entry 1: dialects.0.tag: de-AT is no dialect of en",
    ),
    "a scenario that stands twice": (
        ("wordings/cn.yaml", None, f"{WORDINGS}- scenario: cn.gift.clock.newborn\n"),
        f"{FILE}:24: entry 2: scenario: cn.gift.clock.newborn stands already; put both together",
    ),
    "a file that is no list": (
        ("wordings/cn.yaml", None, "scenario: cn.gift.clock.newborn\n"),
        f"{FILE}:1: the file is a list of entries, each begun with `-`",
    ),
    "a file that is no YAML": (
        ("wordings/cn.yaml", "places:", "places: ["),
        f"{FILE}:7: no valid YAML",
    ),
    "a key that stands twice": (
        ("wordings/cn.yaml", "  publicity:", "  fainter:"),
        f"{FILE}:11: the key 'fainter' stands twice",
    ),
    "an alias": (
        ("wordings/cn.yaml", '["The family looks on."]', "*those"),
        f"{FILE}:11: aliases (*name) are not used in suites",
    ),
    "phrases with an unknown key": (
        ("phrases/en.yaml", "details", "detials"),
        "robustness/phrases/en.yaml:3: detials: unknown field; did you mean `details`?",
    ),
    "a register without a name": (
        ("phrases/en.yaml", "name: formal, ", ""),
        "robustness/phrases/en.yaml:2: registers: 0.name: is missing; add it",
    ),
    "phrases that are no list": (
        ("phrases/en.yaml", '["It rains."]', "It rains."),
        "robustness/phrases/en.yaml:3: details: must be a list, not 'It rains.'",
    ),
    "a name alone": (
        ("names.yaml", "[Li Na, Wang Fang]", "[Li Na]"),
        "robustness/names.yaml:1: entry 1: names: ",
    ),
    "a culture in capitals": (
        ("names.yaml", "culture: cn", "culture: CN"),
        "robustness/names.yaml:1: entry 1: culture: must be a lower-case word",
    ),
    "a name of nothing": (
        ("names.yaml", "Li Na, ", '" ", '),
        "robustness/names.yaml:1: entry 1: names.0: String should have at least 1 character",
    ),
    "money without a word": (
        ("phrases/en.yaml", "USD: [dollars]", "USD: []"),
        "robustness/phrases/en.yaml:4: currencies: USD: Tuple should have at least 1 item",
    ),
    "a page in no language": (
        ("pages.yaml", "[en, de]", "[english]"),
        "robustness/pages.yaml:1: tiny: languages.0: 'english' is no language tag",
    ),
    "pages with an unknown key": (
        ("pages.yaml", "unrelated", "unrelatd"),
        "robustness/pages.yaml:1: tiny: unrelatd: unknown field; did you mean `unrelated`?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_place_and_its_fix(
    varied: Project, change: tuple[str, str | None, str], message: str
) -> None:
    name, old, new = change
    if old is None:
        varied.write(f"{FOLDER}/{name}", new)
    else:
        varied.change(f"{FOLDER}/{name}", old, new)
    told = problems(varied)
    assert [line for line in told if f"suites/{message}" in line], told
    assert len(told) == 1, told


def test_phrases_of_no_language_are_told(varied: Project) -> None:
    varied.write(f"{FOLDER}/phrases/english.yaml", PHRASES)
    [told] = problems(varied)
    assert told.startswith("suites/robustness/phrases/english.yaml: 'english' is no language tag")


def test_a_scenario_that_stands_in_two_files_is_told(varied: Project) -> None:
    varied.write(f"{FOLDER}/wordings/other.yaml", "- scenario: cn.gift.clock.newborn\n")
    assert problems(varied) == [
        "suites/robustness/wordings/other.yaml:1: entry 1: scenario: "
        "cn.gift.clock.newborn stands already; put both together"
    ]


def test_elsewhere_is_outside_every_norm_with_the_same_breach(varied: Project) -> None:
    norms, scenarios = "suites/norms/cn.yaml", "suites/gifts/scenarios/cn.yaml"
    for name, here in ((norms, "holds:\n    - {country: PT}"), (scenarios, "holds:")):
        text = (varied.root / name).read_text("utf-8").replace("cn.gift", "pt.gift")
        varied.write(name.replace("cn.yaml", "pt.yaml"), text.replace("holds:", here))
    varied.change("suites/norms/pt.yaml", "    - {country: CN, named: [Chinese]}\n", "")
    varied.change("suites/norms/pt.yaml", "    - {country: TW}\n", "")
    assert problems(varied) == [
        f"suites/{FILE}:10: entry 1: elsewhere.0.contrast: PT lies where pt.gift.clock may hold"
    ]


def test_a_file_in_another_encoding_is_told(varied: Project) -> None:
    (varied.root / FOLDER / "names.yaml").write_bytes(b"- {culture: cn, names: [Ren\xe9, Li]}\n")
    assert problems(varied) == ["suites/robustness/names.yaml:1: not UTF-8; save the file as UTF-8"]


def test_all_mistakes_of_all_files_are_told_at_once(varied: Project) -> None:
    varied.change(f"{FOLDER}/phrases/en.yaml", "details", "detials")
    varied.change(f"{FOLDER}/names.yaml", "[Li Na, Wang Fang]", "Li Na")
    varied.change(f"{FOLDER}/pages.yaml", "tiny: ", "tiny: {} #")
    varied.change(f"{FOLDER}/wordings/cn.yaml", "country: PT", "country: CN")
    varied.change(f"{FOLDER}/wordings/cn.yaml", "{place: Wuhan}", "{town: Wuhan}")
    assert [told.partition(":")[0] for told in problems(varied)] == [
        "suites/robustness/phrases/en.yaml",
        "suites/robustness/names.yaml",
        "suites/robustness/wordings/cn.yaml",
        "suites/robustness/wordings/cn.yaml",
    ]


# What a text may hold that means something to a template, a pattern, YAML or a terminal.
HOSTILE = (
    "{person}", "{", "}", "{{item}}", "{0}", r"\1 \g<0>", "%s %(item)s", "${HOME} `id`",
    "(.*", "[a-z", "\x1b[31mred", "\u202ekcolc", "é́😀", "- {a: b}", "true", "1.0e5", "#", "&a *a",
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_kept_as_text(varied: Project, hostile: str) -> None:
    """Whatever stands in the files, examples are drawn, and are valid scenarios."""
    said = {
        "registers": [{"name": "odd", "before": hostile, "after": hostile}],
        **{
            kind: [hostile]
            for kind in ("details", "origins", "accents", "publicity", "naming", "formats")
        },
        "framings": [hostile],
        "currencies": {"USD": [hostile], "EUR": [hostile + hostile]},
    }
    names = [{"culture": "cn", "names": ["My friend", hostile]}]
    slots = {"place": hostile}
    wording: dict[str, Any] = {
        "scenario": "cn.gift.clock.newborn",
        "places": {"violate": [slots]},
        "fainter": {"violate": [{"place": "Chengdu"}, slots]},
        "elsewhere": [{"contrast": {"country": "PT"}, "slots": slots}],
        "publicity": [hostile],
        "translations": {"en": {"violate": {"request": "{person}{place}{item}", "slots": slots}}},
    }
    for name, content in {
        "phrases/en.yaml": said,
        "names.yaml": names,
        "wordings/cn.yaml": [wording],
    }.items():
        varied.write(f"{FOLDER}/{name}", json.dumps(content, ensure_ascii=False))
    library = load_library(varied.root / "suites")
    written = wordings.load(varied.root / FOLDER, library, ["gifts"])
    [scenario] = library.scenarios["gifts"]
    bare = reduced(scenario, scenario.modes[0])
    norm = library.norms[scenario.norm]
    subject = Subject("gifts", Draft(bare, bare, scenario.modes[0], norm, None, written))
    coverage = Coverage()
    found = list(Drawing([*BY_ID, "together"], coverage).examples([subject], 24))
    plain = hostile.replace("{", "(").replace("}", ")")
    told = {one.relation: one.request.text for one in found if one.relation != "together"}
    assert plain in told["detail"]
    assert plain in told["publicity"]
    for relation in ("place", "faintness", "elsewhere", "language"):
        assert hostile in told[relation]
    assert hostile in told["name"]
    assert max(len(one.edits) for one in found) <= MOST_EDITS
