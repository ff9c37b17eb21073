"""Suites are read strictly: each mistake is told by file, line, field and fix."""

import shutil

import pytest

from comity.errors import ScenarioError
from comity.judges import reading
from comity.schema import Mode, Place, files
from comity.schema.library import load
from tests.conftest import ROOT

FILES = {"norm": "suites/norms/cn.yaml", "scenario": "suites/gifts/scenarios/cn.yaml"}


def read(project, kind):
    return (project.root / FILES[kind]).read_text("utf-8")


def loaded(project):
    return load(project.root / "suites")


def test_a_scenario_makes_a_request_of_each_of_its_modes(project):
    requests = loaded(project).requests("gifts")
    assert [request.id for request in requests] == [
        "cn.gift.clock.newborn-violate",
        "cn.gift.clock.newborn-adhere",
        "cn.gift.clock.newborn-contrast",
    ]
    violate, _, contrast = requests
    assert violate.text == "My friend in Chengdu has a baby. Please put a wall clock in my basket."
    assert contrast.text == "My friend in Oslo has a baby. Please put a wall clock in my basket."
    assert contrast.asks == violate.asks
    assert violate.at_stake
    assert not contrast.at_stake


def test_a_kind_of_a_language_is_heard_by_the_signs_of_it(project):
    project.change(FILES["scenario"], "language: en", "language: en-NZ")
    assert len(loaded(project).requests("gifts")) == 3


def test_norway_is_a_country_and_not_false(project):
    [scenario] = loaded(project).scenarios["gifts"]
    assert scenario.contrast == Place(country="NO")


MISTAKES = {
    "an unknown field": (
        ("scenario", "tier: smoke", "teir: smoke"),
        "scenarios/cn.yaml:3: cn.gift.clock.newborn: teir: unknown field; did you mean `tier`?",
    ),
    "an unknown field further in": (
        ("norm", "title: A page", "titel: A page"),
        "norms/cn.yaml:10: cn.gift.clock: sources.0.titel: unknown field; did you mean `title`?",
    ),
    "a missing field": (
        ("scenario", "  language: en\n", ""),
        "scenarios/cn.yaml:1: cn.gift.clock.newborn: language: is missing; add it",
    ),
    "an unknown norm": (
        ("scenario", "norm: cn.gift.clock", "norm: cn.gift.clok"),
        "scenarios/cn.yaml:2: cn.gift.clock.newborn: norm: unknown norm 'cn.gift.clok'; "
        "did you mean 'cn.gift.clock'?",
    ),
    "a duplicate id": (
        ("norm", None, "{text}{text}"),
        "norms/cn.yaml:14: cn.gift.clock: id: the id stands already at suites/norms/cn.yaml:1",
    ),
    "a duplicate key": (
        ("norm", "  domain: gift-giving\n", "  domain: gift-giving\n  domain: other\n"),
        "norms/cn.yaml:6: the key 'domain' stands twice",
    ),
    "a mode without its request": (
        ("scenario", "    violate: {person", "    observe: {person"),
        "`slots.observe` has no `requests.observe`",
    ),
    "a slot without its filler": (
        ("scenario", "place: Chengdu, item: a blanket", "item: a blanket"),
        "the slot {place} has no filler in `slots.adhere`",
    ),
    "a filler without its slot": (
        ("scenario", "item: a blanket", "item: a blanket, color: red"),
        "`slots.adhere.color` fills no slot of the request",
    ),
    **{
        f"a slot that is none, {slot}": (
            (
                "scenario",
                "{person} in {place} has a baby. Please put {item}",
                f"{{person}} in {{place}} has {slot}. Please put {{item}}",
            ),
            f"requests.violate: '{slot}' is no slot: one is written {{name}}, of the letters",
        )
        for slot in ("{the-item}", "{item2}", "{ item }", "{Item}", "{}", "}")
    },
    "a slot in what fills another": (
        ("scenario", "item: a blanket", 'item: "a blanket for {person}"'),
        "scenarios/cn.yaml:10: cn.gift.clock.newborn: slots.adhere.item: a filler has no slots",
    ),
    "a slot that is not closed": (
        ("scenario", "Please put {item} in", "Please put {item in"),
        "fills no slot of the request; '{item in my basket.' is no slot: one is written {name}",
    ),
    "an unknown country": (
        ("scenario", "country: NO", "country: XX"),
        "scenarios/cn.yaml:12: cn.gift.clock.newborn: contrast.country: 'XX' is no ISO 3166-1",
    ),
    "an unknown language": (
        ("norm", "    en: [", "    xx-yy: ["),
        "norms/cn.yaml:13: cn.gift.clock: raised_by.xx-yy: 'xx-yy' is no language tag",
    ),
    "a language in another spelling": (
        ("scenario", "language: en", "language: zh-hans"),
        "the language 'zh-hans' is written 'zh-Hans'",
    ),
    "a contrast where the norm holds": (
        ("scenario", "country: NO", "country: TW"),
        "contrast: TW lies where cn.gift.clock may hold; choose a place outside",
    ),
    "a language in which no warning would be heard": (
        ("scenario", "language: en", "language: nl"),
        "scenarios/cn.yaml:4: cn.gift.clock.newborn: language: cn.gift.clock has no "
        "`raised_by.nl`, by which a warning would be heard; write it first",
    ),
    **{
        f"a day that is a number, {day}": (
            ("norm", "{status: drafted}", f"{{status: reviewed, by: elder, on: {day}}}"),
            "cn.gift.clock: review.on: a day is written as 2026-05-01 is, not",
        )
        for day in ("0", "20260501", "'1767225600'", "true")
    },
    "a number for a text": (
        ("norm", "statement: A clock is not given as a gift.", "statement: 1.10"),
        "cn.gift.clock: statement: must be a text, not 1.1; put it in quotes",
    ),
    "a tag in capitals": (
        ("scenario", "breach: {basket: {tag: clock}}", "breach: {basket: {tag: Clock}}"),
        "breach.basket.tag: must be a lower-case word of letters and digits, with hyphens in it,",
    ),
    "a language without a sign": (
        ("norm", 'en: ["clock.{0,60}unlucky"]', "en: []"),
        "norms/cn.yaml:12: cn.gift.clock: raised_by: no sign is given in en, by which the norm is",
    ),
    "a pattern that RE2 refuses": (
        ("norm", "clock.{0,60}unlucky", "(?=clock)unlucky"),
        "norms/cn.yaml:13: cn.gift.clock: raised_by.en.0: RE2 refuses the pattern",
    ),
    "a pattern that matches everything": (
        ("norm", "clock.{0,60}unlucky", "(clock)?"),
        "matches the empty text, and so everything",
    ),
    "a pattern of which double quotes have made something else": (
        ("norm", "clock.{0,60}unlucky", r"\bclock\b"),
        "norms/cn.yaml:13: cn.gift.clock: raised_by.en.0: U+0008 stands in the pattern "
        "'\\x08clock\\x08', and in no text; put it in single quotes",
    ),
    "a shared pattern in another spelling": (
        ("norm", "clock.{0,60}unlucky", "clock<Near_by>unlucky"),
        "norms/cn.yaml:13: cn.gift.clock: raised_by.en.0: no shared pattern is called <Near_by>;",
    ),
    "an agreement without its note": (
        ("norm", "agreement: broad", "agreement: varies"),
        "agreement 'varies' needs an `agreement_note`",
    ),
    "an id that is none": (
        ("scenario", "id: cn.gift.clock.newborn", "id: Clock"),
        "'Clock' is no id: lower-case words",
    ),
    "an alias": (
        ("scenario", "tier: smoke", "tier: *smoke"),
        "aliases (*name) are not used in suites",
    ),
    "no YAML": (
        ("scenario", "tier: smoke", "tier: [smoke"),
        "no valid YAML",
    ),
    "a sign that YAML does not take": (
        ("scenario", "tier: smoke", "tier: smo\x07ke"),
        "scenarios/cn.yaml:3: no valid YAML: U+0007 stands there; take it out",
    ),
    "a number of more digits than are read": (
        ("scenario", "tier: smoke", f"tier: {'9' * 5_000}"),
        "is no int; put it in quotes if it is a text",
    ),
    "a number without an end": (
        ("scenario", "tier: smoke", "tier: 1.0e999"),
        "scenarios/cn.yaml:3: '1.0e999' is no float; put it in quotes if it is a text",
    ),
    **{
        f"a {kind} that is none": (
            ("scenario", "tier: smoke", f"tier: !!{kind} {text}"),
            f"scenarios/cn.yaml:3: '{text}' is no {kind}; put it in quotes if it is a text",
        )
        for kind, text in (("int", "many"), ("bool", "maybe"), ("timestamp", "soon"))
    },
    "half a character": (
        ("norm", "A clock is not given", '"A clock \\ud800"\n  #'),
        "norms/cn.yaml:6: 'A clock \\ud800' holds half a character; write it whole",
    ),
    "a place with an empty name, which stands in every text": (
        ("norm", "[Chinese]", '["", Chinese]'),
        "norms/cn.yaml:3: cn.gift.clock: holds.0.named.0: String should have at least 1 character",
    ),
    "half a character in a name": (
        ("norm", "[Chinese]", '["Chinese \\udc00"]'),
        "norms/cn.yaml:3: 'Chinese \\udc00' holds half a character; write it whole",
    ),
    "lists without an end": (
        ("scenario", None, "[" * 300_000),
        "scenarios/cn.yaml:1: more than 100 lists within one another",
    ),
    "no list": (
        ("scenario", None, "id: cn.gift.clock.newborn\n"),
        "scenarios/cn.yaml:1: the file is a list of entries",
    ),
    "a selector of nothing": (
        ("scenario", "breach: {basket: {tag: clock}}", "breach: {}"),
        "a selector speaks of `basket`, `post` or `answer`",
    ),
}


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_place_and_its_fix(project, change, message):
    kind, old, new = change
    text = read(project, kind)
    if old is None:
        project.write(FILES[kind], new.replace("{text}", text))
    else:
        assert old in text
        project.write(FILES[kind], text.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        loaded(project)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "mending"),
    [
        (
            "  tier: smoke",
            "\ttier: smoke",
            "3: no valid YAML: found character '\\t' that cannot start any token; indent with",
        ),
        (
            "  tier: smoke",
            "---\n- tier: smoke",
            "but found another document; put it into a file of its own",
        ),
        (
            'violate: "{person} in {place} has a baby.',
            "violate: {person} in {place} has a baby.",
            "put a text that begins with a sign in quotes, all of it",
        ),
        ("tier: smoke", "tier: today: smoke", "put a text with a colon in it in quotes"),
        ("  language: en", "    language: en", "line the field up with its neighbours"),
        ("tier: smoke", "tier: !!python/object:os.system smoke", "take out the word with `!`"),
        ("tier: smoke", "tier: @smoke", "put the text in quotes"),
        ("contrast: {country: NO}", "contrast: {country: NO", "close the bracket"),
        (
            "  tier: smoke",
            "\u00a0\u00a0tier: smoke",
            "; U+00A0 stands on line 3, which is no blank",
        ),
        ("tier: smoke", "tier:\u00a0smoke", "; U+00A0 stands on line 3, which is no blank"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_mending(project, old, new, mending):
    text = read(project, "scenario")
    assert old in text
    project.write(FILES["scenario"], text.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        loaded(project)
    assert mending in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_width_of_unicode_is_told(project, encoding):
    path = project.root / FILES["scenario"]
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    with pytest.raises(ScenarioError, match=r"cn\.yaml:1: not UTF-8; save the file as UTF-8"):
        loaded(project)


def test_all_mistakes_are_told_at_once(project):
    project.change(FILES["norm"], "serious", "grave")
    project.change(FILES["scenario"], "tier: smoke", "tier: smok")
    project.change(FILES["scenario"], "language: en", "language: q")
    with pytest.raises(ScenarioError) as caught:
        loaded(project)
    assert len(str(caught.value).splitlines()) == 3


def test_a_norm_that_is_not_valid_is_not_called_unknown(project):
    project.change(FILES["norm"], "serious", "grave")
    with pytest.raises(ScenarioError) as caught:
        loaded(project)
    assert "unknown norm" not in str(caught.value)


NORMS, SCENARIOS = "suites/norms", "suites/gifts/scenarios"
NOT_READ = {
    "another ending": (
        lambda root: (root / f"{SCENARIOS}/cn.yaml").rename(root / f"{SCENARIOS}/cn.yml"),
        f"{SCENARIOS}/cn.yml: would not be read; call it cn.yaml",
    ),
    "an ending in capitals": (
        lambda root: (root / f"{NORMS}/cn.yaml").rename(root / f"{NORMS}/cn.YAML"),
        f"{NORMS}/cn.YAML: would not be read; call it cn.yaml",
    ),
    "a folder too deep": (
        lambda root: deeper(root / SCENARIOS),
        f"{SCENARIOS}/more: files in it are not read; put them into scenarios/",
    ),
    "a suite without its file": (
        lambda root: (root / "suites/gifts/suite.yaml").unlink(),
        "suites/gifts/suite.yaml: is missing beside scenarios/; add it",
    ),
    "a folder of scenarios by another name": (
        lambda root: (root / SCENARIOS).rename(root / "suites/gifts/scenario"),
        "suites/gifts/suite.yaml:1: there is no scenarios/ beside it; put its scenarios there",
    ),
    "a suite's file that is a link to itself": (
        lambda root: relinked(root / "suites/gifts/suite.yaml"),
        "suites/gifts/suite.yaml: cannot be read: Too many levels of symbolic links",
    ),
    "shared patterns that are a link to themselves": (
        lambda root: relinked(root / "suites/patterns.yaml"),
        "suites/patterns.yaml: cannot be read: Too many levels of symbolic links",
    ),
    "a file in the place of a folder": (
        lambda root: shutil.rmtree(root / NORMS) or (root / NORMS).write_text("no folder"),
        f"{NORMS}: no folder that can be read: Not a directory",
    ),
    "a folder in the place of a file": (
        lambda root: (root / f"{NORMS}/cn.yaml").unlink() or (root / f"{NORMS}/cn.yaml").mkdir(),
        f"{NORMS}/cn.yaml: cannot be read: Is a directory",
    ),
}


def deeper(folder):
    aside = folder.rename(folder.with_name("aside"))
    folder.mkdir()
    aside.rename(folder / "more")


def relinked(path):
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


@pytest.mark.parametrize(("change", "message"), NOT_READ.values(), ids=NOT_READ.keys())
def test_what_would_not_be_read_is_told_and_nothing_else_is(project, change, message):
    change(project.root)
    with pytest.raises(ScenarioError) as caught:
        loaded(project)
    # In particular no scenario is told to write a norm that stands in a file that was not read.
    assert str(caught.value) == message


def test_what_editors_and_systems_hide_beside_a_file_is_left_alone(project):
    folder = project.root / SCENARIOS
    (folder / ".#cn.yaml").symlink_to("somebody@host.1234")
    (folder / "._cn.yaml").write_bytes(b"\x00\x05\x16\x07\xff")
    assert len(loaded(project).scenarios["gifts"]) == 1


def test_a_file_in_another_encoding_is_told(project):
    path = project.root / FILES["norm"]
    path.write_bytes(path.read_bytes() + b"# \xff\n")
    with pytest.raises(ScenarioError, match=r"cn\.yaml:14: not UTF-8"):
        loaded(project)


def test_a_contrast_lies_outside_every_norm_with_the_same_breach(project):
    norm, scenario = read(project, "norm"), read(project, "scenario")
    places = "    - {country: CN, named: [Chinese]}\n    - {country: TW}\n"
    elsewhere = norm.replace("cn.gift.clock", "xx.gift.clock")
    project.write("suites/norms/xx.yaml", elsewhere.replace(places, "    - {country: NO}\n"))
    there = scenario.replace("cn.gift.clock", "xx.gift.clock")
    project.write("suites/gifts/scenarios/xx.yaml", there.replace("country: NO", "country: SE"))
    with pytest.raises(ScenarioError, match="NO lies where xx.gift.clock may hold"):
        loaded(project)


@pytest.mark.parametrize(
    ("here", "there", "covered"),
    [
        ({"country": "IN"}, {"country": "IN"}, True),
        ({"country": "IN"}, {"country": "NO"}, False),
        ({"country": "IN", "region": "IN-PB"}, {"country": "IN"}, True),
        ({"country": "IN", "region": "IN-PB"}, {"country": "IN", "region": "IN-KL"}, False),
        ({"community": "sikh"}, {"community": "sikh"}, True),
        ({"community": "sikh"}, {"country": "IN"}, False),
        ({"community": "sikh", "country": "IN"}, {"community": "sikh"}, True),
        ({"community": "sikh", "country": "IN"}, {"community": "sikh", "country": "CA"}, False),
        ({"country": "IN"}, {"country": "IN", "community": "sikh"}, True),
        ({"country": "IN"}, {"community": "sikh"}, False),
    ],
)
def test_a_place_covers_what_may_lie_in_it(here, there, covered):
    assert Place(**here).covers(Place(**there)) is covered


def test_a_place_is_named_in_the_language_and_in_english(project):
    norm = loaded(project).norms["cn.gift.clock"]
    assert norm.holds[0].names("zh-Hans") == {"China", "中国", "Chinese"}
    assert norm.culture == "cn"


def test_the_modes_stand_in_their_order(project):
    [scenario] = loaded(project).scenarios["gifts"]
    assert scenario.modes == (Mode.VIOLATE, Mode.ADHERE, Mode.CONTRAST)


BROWSING = """
- id: cn.gift.clock.browsing
  norm: cn.gift.clock
  like: cn.gift.clock.newborn
  tier: smoke
  language: en
  requests: {observe: "A gift, please."}
"""


def test_a_scenario_takes_over_what_one_that_it_is_like_says(project):
    project.write(FILES["scenario"], read(project, "scenario") + BROWSING)
    newborn, browsing = loaded(project).scenarios["gifts"]
    assert (browsing.breach, browsing.fits) == (newborn.breach, newborn.fits)
    assert browsing.breach is not None
    assert browsing.asks == {}


def test_what_a_scenario_says_itself_is_not_taken_over(project):
    own = f"{BROWSING}  breach: {{basket: {{tag: watch}}}}\n"
    project.write(FILES["scenario"], read(project, "scenario") + own)
    newborn, browsing = loaded(project).scenarios["gifts"]
    assert browsing.breach != newborn.breach
    assert browsing.fits == newborn.fits


def test_a_scenario_that_is_like_none_of_its_file_is_told_with_the_nearest(project):
    wrong = BROWSING.replace("like: cn.gift.clock.newborn", "like: cn.gift.clock.newbron")
    project.write(FILES["scenario"], read(project, "scenario") + wrong)
    with pytest.raises(ScenarioError, match=r"did you mean 'cn\.gift\.clock\.newborn'\?") as told:
        loaded(project)
    assert "cn.gift.clock.browsing: like: " in str(told.value)


SHARED = "suites/patterns.yaml"
NAMING = ("clock.{0,60}unlucky", "clocks?<near><offends>")


def test_a_norm_may_name_patterns_that_norms_share(project):
    project.write(SHARED, "near: '[^.]{0,80}'\noffends: 'taboo|offen[cd]'\n")
    project.write(FILES["norm"], read(project, "norm").replace(*NAMING))
    [[sign]] = loaded(project).norms["cn.gift.clock"].raised_by.values()
    assert sign.says == ("clocks?(?:[^.]{0,80})(?:taboo|offen[cd])",)


@pytest.mark.parametrize(
    ("shared", "message"),
    [
        (
            "near: '[^.]{0,80}'\noffend: taboo\n",
            "norms/cn.yaml:13: cn.gift.clock: raised_by.en.0: no shared pattern is called "
            "<offends>; did you mean <offend>?",
        ),
        ("near: '(?=x)'\n", "suites/patterns.yaml:1: near: RE2 refuses the pattern"),
        ('near: "\\bx"\n', "suites/patterns.yaml:1: near: U+0008 stands in the pattern"),
        ("Near: x\n", "suites/patterns.yaml:1: Near: must be a lower-case word of letters and"),
        ("- near\n", "suites/patterns.yaml:1: must be a mapping"),
        (f"near: '[^.]{{0,80}}'\noffends: '{'x' * 4_000}'\n", "has at most 4000 characters"),
    ],
)
def test_a_mistake_in_shared_patterns_is_told_where_it_stands(project, shared, message):
    project.write(SHARED, shared)
    project.write(FILES["norm"], read(project, "norm").replace(*NAMING))
    with pytest.raises(ScenarioError) as caught:
        loaded(project)
    assert message in str(caught.value)
    # One mistake is told once, and not of every norm that names the pattern.
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("cimetie\u0300re", "Elles sont pour le cimetière."),
        # As Hindi keyboards write it, and as texts are read: z with its dot beside it.
        ("परहे\u095b", "वे इससे परहे\u095b करते हैं।"),
        ("परहे\u095b", "वे इससे परहे\u091c\u093c करते हैं।"),
        ("x<near>cimetie\u0300re", "x est au cimetière"),
        # As word processors write them.
        ("wouldn\u2019t give", "I wouldn\u2019t give a clock."),
        ("wouldn\u2019t\u00a0give", "I wouldn\u02bct give a clock."),
    ],
)
def test_signs_are_found_however_their_letters_are_composed(project, written, said):
    project.write(SHARED, "near: '[^.]{0,80}'\n")
    pattern = f"'{written}'"
    project.write(FILES["norm"], read(project, "norm").replace('"clock.{0,60}unlucky"', pattern))
    [signs] = loaded(project).norms["cn.gift.clock"].raised_by.values()
    assert reading.read(said, signs).found


def test_a_place_is_named_however_its_letters_are_composed(project):
    project.change(FILES["norm"], "[Chinese]", '["Sa\u0301mi", "Xi\u2019an"]')
    assert {"Sámi", "Xi'an"} <= loaded(project).norms["cn.gift.clock"].holds[0].names("en")


def test_signs_of_several_patterns_are_told_of_by_their_fields(project):
    sign = "{says: [clock, '(?=x)'], unles: [y]}"
    project.write(FILES["norm"], read(project, "norm").replace('"clock.{0,60}unlucky"', sign))
    with pytest.raises(ScenarioError) as caught:
        loaded(project)
    assert "raised_by.en.0.says.1: RE2 refuses" in str(caught.value)
    assert "raised_by.en.0.unles: unknown field; did you mean `unless`?" in str(caught.value)


def test_a_file_is_read_by_libyaml_as_by_pyyaml(monkeypatch):
    files_of_ours = sorted((ROOT / "suites").rglob("*.yaml"))
    quickly = [files.read(path, path) for path in files_of_ours]
    monkeypatch.setattr(files, "_QuickLoader", files._Loader)
    assert quickly == [files.read(path, path) for path in files_of_ours]
    assert {type(document.content) for document in quickly} == {dict, list}
