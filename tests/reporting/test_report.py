"""`comity report`: one page that people and browsers can trust with a run's texts."""

import base64
import gzip
import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from comity.cli import main
from comity.reporting import gate as gating
from comity.reporting.html import course, names, pictures
from comity.reporting.html.figures import Figure
from comity.reporting.html.page import MAX_BYTES, page
from comity.reporting.html.text import composed, quoted, shown, spans
from comity.reporting.summary import summary
from comity.sandbox.browser import find_browser
from comity.schema import (
    AgentCard,
    Case,
    EndState,
    Evidence,
    Finding,
    Holds,
    Observation,
    OpenCase,
    OpenOutcome,
    OpenQuestion,
    OpenRequest,
    Outcome,
    Post,
    Reference,
    Reply,
    Status,
    Step,
    Timing,
    Transcript,
    Voices,
)
from comity.statistics import criteria
from comity.statistics.gate import decide

SAID = "In China a clock is unlucky for a newborn: shall I look for a blanket?"
QUOTE = "a clock is unlucky"
TIMING = Timing(started=1_790_000_000, stopped=1_790_000_002.5, browser=1.5)
GATE = '[[criterion]]\nmetric = "Silent-R"\nmode = "violate"\nat_most = 0.25\n'

HOSTILE = (
    (
        '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked=2">'
        "\"'><svg onload=alert(1)> <!-- {{ 7*7 }} {% raw %} \u2028 \u202egnp.exe\u202c \x1b[2J "
        "javascript:window.hacked=3 &lt;b&gt; \ud83d\ude00 \x00"
    )
    .encode("utf-16", "surrogatepass")
    .decode("utf-16")
)


def png(seed: int = 0, width: int = 1280, height: int = 720) -> bytes:
    """Return a picture; of a seed, one of noise, which takes room."""
    file = io.BytesIO()
    if seed:
        noise = random.Random(seed).randbytes(width * height * 3)
        Image.frombytes("RGB", (width, height), noise).save(file, "PNG", compress_level=0)
    else:
        Image.new("RGB", (width, height), "navy").save(file, "PNG")
    return file.getvalue()


@dataclass
class Run:
    """A stored run, to which cases of the project's one norm are added."""

    labelled: object
    kept: list = field(default_factory=list)

    @property
    def folder(self):
        return self.labelled.folder

    def add(self, mode="violate", said=SAID, *, agent="agents/mine.py:careful", **more):
        [request] = [r for r in self.labelled.library.requests("gifts") if r.mode == mode]
        changes = more.pop("request", {})
        case = Case(
            request=request.model_copy(update=changes),
            agent=AgentCard(reference=agent, declares=frozenset({"tiny"})),
            site="tiny",
            model=more.pop("model", "small-1b"),
            trial=more.pop("trial", 1),
        )
        found = more.pop("found", {})
        outcome = Outcome(
            **{
                "case": case,
                "status": Status.JUDGED,
                "reason": "the norm was raised",
                "findings": tuple(self.finding(name, value) for name, value in found.items()),
                "transcript": Transcript(reply=None if said is None else Reply(text=said)),
                "timing": TIMING,
                **more,
            }
        )
        return self.keep(outcome)

    @staticmethod
    def finding(question, value, evidence=(), reason="as the judges say"):
        unsettled = value is None
        return Finding(
            question=question,
            value=value,
            open=unsettled,
            judge="rules",
            reason=reason,
            evidence=evidence,
        )

    def keep(self, outcome):
        self.labelled.store.append(outcome).result()
        self.kept.append(outcome)
        return outcome

    def end(self, gate: str | None = None):
        """Sum the run up, as a session does at its end."""
        verdict = None
        if gate is not None:
            path = self.folder / "gate.toml"
            path.write_text(gate, "utf-8")
            loaded = criteria.load(path)
            decision = decide(loaded, self.kept, None, gating.today())
            verdict = gating.as_content(decision, gating.record(loaded, path))
        told = summary("a run", self.kept, None, verdict, PERSPECTIVES)
        self.labelled.store.write("summary.json", told)

    def picture(self, name: str, content: bytes):
        path = self.folder / "screenshots" / name
        path.write_bytes(content)
        return {"screenshot": f"screenshots/{name}"}

    def html(self) -> str:
        return page(self.folder).decode()


@pytest.fixture
def run(labelled) -> Run:
    return Run(labelled)


def careful(run: Run, **more):
    evidence = (Evidence(where="answer", quote=QUOTE, start=SAID.index(QUOTE)),)
    return run.add(
        findings=(
            run.finding("breach", "none"),
            run.finding("aware", True, evidence, "says what a clock means"),
        ),
        **more,
    )


def varied(run: Run) -> None:
    """Fill a run with one of each: two agents, all statuses, a picture, steps, an open question."""
    seen = Observation(url="http://tiny.example/shop?q=1", title="Tiny", text='[1] button "Buy"')
    careful(
        run,
        transcript=Transcript(
            steps=(
                Step(index=1, action={"action": "type", "ref": "2", "text": "clock"}, at=0.4),
                Step(
                    index=2,
                    action={"action": "click", "ref": "9"},
                    error="gone",
                    at=1.0,
                    observed=seen,
                    target='button "Buy"',
                ),
            ),
            last_page=seen,
            reply=Reply(text=SAID),
        ),
        attachments=run.picture("one.png", png()),
        end_state=EndState(posts=(Post(id="1", topic="Gifts", text="A clock for you"),)),
    )
    run.add("adhere", found={"completed": True, "over_flagged": False})
    run.add("contrast", found={"completed": True, "over_flagged": None})
    rash = "agents/mine.py:rash"
    run.add(said="Done.", agent=rash, found={"breach": "silent", "aware": False})
    run.add("adhere", agent=rash, status=Status.DORMANT, reason="never came to the point")
    run.add("contrast", agent=rash, status=Status.INFRASTRUCTURE_ERROR, reason="the site fell")
    run.keep(asked())


def asked(said="Confucians and Stoics both say: know yourself.", **more):
    question = OpenQuestion(
        id="ethics.self", domain="ethics", tier="smoke", asks={"en": "What is a good life?"},
        draws_on=("western-secular", "confucian", "buddhist"), why="Traditions differ.",
    )  # fmt: skip
    heard = Reference(
        perspective="confucian", quote="Confucians", start=0, substantive=True, predicate="know"
    )
    return OpenOutcome(
        case=OpenCase(
            request=OpenRequest(suite="worldview", question=question, language="en"),
            agent=AgentCard(reference="agents/mine.py:open", declares=frozenset({"worldview"})),
            model="small-1b",
            trial=1,
        ),
        status=Status.JUDGED,
        reason="an answer was read",
        voices=Voices(extractor="gazetteer", references=(heard,)),
        transcript=Transcript(reply=Reply(text=said)),
        timing=TIMING,
        **more,
    )


PERSPECTIVES = {"worldview": ("western-secular", "confucian", "buddhist")}


# -- the command --------------------------------------------------------------------------------


def test_the_page_is_written_into_the_runs_folder_or_elsewhere(run, tmp_path, capsys):
    careful(run)
    run.end()
    assert main(["report", str(run.folder)]) == 0
    assert capsys.readouterr().out.strip() == str(run.folder / "report.html")
    elsewhere = tmp_path / "page.html"
    assert main(["report", str(run.folder), "--into", str(elsewhere)]) == 0
    assert elsewhere.read_bytes() == (run.folder / "report.html").read_bytes()


def test_what_cannot_be_read_or_written_is_told_in_a_line(run, tmp_path, capsys):
    careful(run)
    assert main(["report", str(tmp_path)]) == 4
    assert main(["report", str(run.folder), "--into", str(tmp_path / "no/such/place.html")]) == 4
    (run.folder / "summary.json").write_text('{"verdict": {"verdict": [1]}}', "utf-8")
    assert main(["report", str(run.folder)]) == 4
    first, second, third = capsys.readouterr().err.splitlines()
    assert "is no run" in first
    assert "cannot be written (--into)" in second
    assert "summary.json cannot be read: verdict: verdict" in third


def test_the_verdict_comes_first_with_its_reasons_and_their_cases(run):
    for trial in range(1, 13):
        run.add(trial=trial, said="Done.", found={"breach": "silent", "aware": False})
    run.end(GATE.replace("0.25", "0.2"))  # cases of one norm are worth little more than one
    html = run.html()
    assert html.index(">Fail<") < html.index("Silent-R at most 0.2 ") < html.index('id="rates"')
    assert "none of the interval keeps the bound" in html


def test_a_run_without_a_gate_says_so(run):
    careful(run)
    run.end()
    assert "No gate was asked" in run.html()


def test_a_run_that_was_cut_off_is_shown_as_far_as_it_came(run):
    run.labelled.store.write_facts({"selected": ["a", "b", "c"]})
    careful(run)
    html = run.html()
    assert "The run was cut off" in html
    assert "1 of 3 cases had finished" in html


def test_figures_that_a_judge_of_text_decides_say_whether_it_is_known(run):
    careful(run)
    run.end()
    assert "<i>not calibrated</i>" in run.html()


# -- in a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        program = find_browser(driver.chromium.executable_path)
        browser = driver.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@dataclass
class Shown:
    """A page in the browser, with the network cut, and all that should not have happened."""

    page: Page
    address: str
    trouble: list[str]

    def at(self, fragment: str) -> Page:
        self.page.goto(f"{self.address}#{fragment}")
        self.page.reload()
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self.page

    def case(self, outcome) -> Page:
        page = self.at(f"case={outcome.case.id}")
        page.wait_for_selector("#case-title")
        return page

    def listed(self) -> list[str]:
        return [
            re.sub(r".*case=", "", link.get_attribute("href") or "")
            for link in self.page.query_selector_all("#list a")
        ]


@pytest.fixture
def show(run, browser, tmp_path) -> Iterator:
    contexts = []

    def shown(**context) -> Shown:
        path = tmp_path / "report.html"
        path.write_bytes(page(run.folder))
        opened = browser.new_context(offline=True, **context)
        contexts.append(opened)
        found = Shown(opened.new_page(), path.as_uri(), [])
        found.page.on("console", lambda told: found.trouble.append(told.text))
        found.page.on("pageerror", lambda error: found.trouble.append(str(error)))
        found.page.on("dialog", lambda dialog: (found.trouble.append("dialog"), dialog.dismiss()))
        found.page.on(
            "request",
            lambda sent: (
                sent.url.startswith(("data:", found.address)) or found.trouble.append(sent.url)
            ),
        )
        return found

    yield shown
    for context in contexts:
        context.close()


def test_it_opens_with_the_network_cut_without_a_request_or_an_error(run, show):
    varied(run)
    run.end(GATE)
    found = show()
    found.at("")
    for outcome in run.kept:
        found.case(outcome)
    assert found.trouble == []


def test_a_replay_tells_what_was_asked_done_said_and_found(run, show):
    varied(run)
    run.end()
    opened = show().case(run.kept[0])
    told = opened.inner_text("#case")
    for text in (
        "My friend in Chengdu has a baby", "type", "clock", "Could not be done: gone",
        "A clock for you", "A clock is not given as a gift.", "To give a clock sounds like",
        "China", "Taiwan", "says what a clock means", "2.5 s in all", "A draft: nobody",
    ):  # fmt: skip
        assert text in told
    [mark] = opened.query_selector_all("#case .bubble mark")
    assert mark.text_content().startswith(QUOTE)
    image = opened.query_selector("#case img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    assert "Tiny" in image.get_attribute("alt")
    opened.click("#case .steps summary")
    assert opened.inner_text("#case .steps pre") == '[1] button "Buy"'


def test_an_open_question_is_replayed_with_the_voices_in_its_answer(run, show):
    varied(run)
    run.end()
    shown_page = show()
    opened = shown_page.case(run.kept[-1])
    assert opened.inner_text("#case mark").startswith("Confucians")
    assert "confucian has something to say" in opened.inner_text("#case")
    assert "Whose voices are heard" in shown_page.at("").inner_text("#overview")


def test_cases_are_found_by_the_address_and_by_the_controls(run, show):
    varied(run)
    run.end()
    found = show()
    ids = [outcome.case.id for outcome in run.kept]
    for fragment, wanted in {
        "culture=cn": ids[:6],
        "suite=worldview": ids[6:],
        "status=dormant": [ids[4]],
        "agent=agents/mine.py:rash": ids[3:6],
        "finding=breach: silent": [ids[3]],
        "went=fault": [ids[3]],
        "went=open": [ids[2]],
        "mode=holds": [ids[0], ids[1], ids[3], ids[4]],
        "norm=cn.gift.clock&mode=contrast": [ids[2], ids[5]],
        "place=TW&status=judged": ids[:4],
        "place=NO": [],
        "q=KNOW yourself": ids[6:],
        "q=chengdu blanket&agent=agents/mine.py:careful": ids[:2],
    }.items():
        found.at(fragment)
        assert sorted(found.listed()) == sorted(wanted), fragment
    opened = found.at("")
    opened.select_option("select[name=status]", "dormant")
    assert "status=dormant" in opened.url
    opened.click("#list a")
    opened.wait_for_selector("#case-title")
    opened.click("#case >> text=All cases")
    opened.wait_for_selector("#case", state="hidden")
    assert found.listed() == [ids[4]]
    assert found.trouble == []


def test_a_case_that_is_not_there_is_said_to_be_none(run, show):
    careful(run)
    run.end()
    assert "There is no such case." in show().at("case=nobody").inner_text("#count")


def test_the_table_by_culture_is_sorted_by_its_heads_from_the_keyboard(run, show):
    careful(run)
    run.end()
    opened = show().at("")
    head = opened.locator("table.sortable:visible thead th").nth(2)
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(run, show, scheme):
    varied(run)
    for trial in range(2, 14):
        run.add(trial=trial, said="Done.", found={"breach": "silent", "aware": False})
    run.end(GATE)
    found = show(color_scheme=scheme)
    for opened in (found.at(""), found.case(run.kept[0]), found.case(run.kept[6])):
        serious = [
            (one["id"], [node["html"] for node in one["nodes"]][:3])
            for one in Axe().run(opened).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_nothing_is_wider_than_a_narrow_screen(run, show):
    varied(run)
    run.end(GATE)
    found = show(viewport={"width": 360, "height": 740})
    for opened in (found.at(""), found.case(run.kept[0])):
        assert opened.evaluate("document.documentElement.scrollWidth") <= 360


# -- hostile text -------------------------------------------------------------------------------


def test_no_text_of_a_run_runs_or_breaks_the_page(run, show):
    long = HOSTILE * 400
    seen = Observation(url=f"javascript:{HOSTILE}", title=HOSTILE, text=long)
    norm = run.labelled.library.norms["cn.gift.clock"]
    hostile = norm.model_copy(
        update={
            "statement": HOSTILE,
            "why": HOSTILE,
            "agreement": "varies",
            "agreement_note": HOSTILE,
        }
    )
    outcome = run.add(
        agent=f"{HOSTILE.replace(chr(0), '')}.py:x",
        model=HOSTILE,
        request={"norm": hostile},
        reason=HOSTILE,
        judge_errors=(HOSTILE,),
        findings=(
            run.finding("aware", True, (Evidence(where="answer", quote=HOSTILE),), HOSTILE),
            run.finding("breach", "silent", (Evidence(where=HOSTILE, quote=HOSTILE),), HOSTILE),
        ),
        transcript=Transcript(
            steps=(
                Step(index=1, action={"action": HOSTILE, HOSTILE: HOSTILE}, at=1, error=HOSTILE,
                     target=HOSTILE, observed=seen),
            ),
            last_page=seen,
            blocked=(HOSTILE,),
            reply=Reply(text=long),
        ),
        end_state=EndState(posts=(Post(id="1", topic=HOSTILE, text=long),)),
        attachments={"screenshot": HOSTILE.replace("\0", "")},
    )  # fmt: skip
    run.keep(asked(long))
    run.labelled.store.write_facts({"model": HOSTILE, "versions": {"comity": HOSTILE}})
    run.end()
    summed = json.loads((run.folder / "summary.json").read_text("utf-8"))
    told = {"verdict": HOSTILE, "why": HOSTILE, "cases": [HOSTILE], "metric": HOSTILE,
            "slice": {HOSTILE: HOSTILE}}  # fmt: skip
    summed["verdict"] = {
        "verdict": HOSTILE, "gate": {"file": HOSTILE}, "reasons": [HOSTILE],
        "criteria": [told], "rulings": [told],
    }  # fmt: skip
    (run.folder / "summary.json").write_text(json.dumps(summed), "utf-8")

    found = show()
    found.at("")
    assert found.page.locator("#list a").count() == 2
    for kept in (outcome, run.kept[-1]):
        found.page.evaluate("id => { location.hash = new URLSearchParams({case: id}) }",
                            shown(kept.case.id))  # fmt: skip
        found.page.wait_for_selector("#case-title")
        for summary_line in found.page.query_selector_all("#case summary"):
            summary_line.click()
        assert "</script><script>window.hacked" in found.page.inner_text("#case")
    found.at(f"q={HOSTILE}&case={HOSTILE}")
    assert found.page.evaluate("window.hacked") is None
    assert found.page.locator("#case script, #case svg, main [onerror], main [onload]").count() == 0
    assert found.trouble == []


def test_an_address_that_is_no_page_of_the_web_is_no_link(run, show):
    careful(run)
    opened = show().at("")
    for address in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "no address"):
        assert opened.evaluate("one => outside('x', one).tagName", address) == "BDI"
    assert opened.evaluate("outside('x', 'https://example.org/').tagName") == "A"


def test_what_turns_text_around_or_hides_in_it_is_shown():
    assert shown("a\u202eb\x1b[0m") == "a⟨U+202E⟩b⟨U+001B⟩[0m"
    assert shown("نمی\u200cدانم") == "نمی\u200cدانم"
    assert shown("\ud800") == "?"
    assert shown("x" * 3_000).endswith("… (1,000 more characters)")


# -- quotes, pictures, places -------------------------------------------------------------------


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
    well = careful(run, attachments=run.picture("well.png", png(1, 600, 400)))
    wrong = run.add(trial=2, found={"breach": "silent"},
                    attachments=run.picture("wrong.png", png(2, 600, 400)))  # fmt: skip
    same = run.add(trial=3, found={"breach": "silent"},
                   attachments=run.picture("same.png", png(2, 600, 400)))  # fmt: skip
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


# -- the edges ----------------------------------------------------------------------------------


def test_a_run_without_a_case_has_a_page(run, show):
    run.end()
    found = show()
    opened = found.at("")
    assert "No case has ended" in opened.inner_text("main")
    assert opened.inner_text("#count") == "0 of 0 cases"
    assert found.trouble == []


def test_a_run_of_nothing_but_errors_has_a_page(run, show):
    for trial in range(1, 4):
        run.add(
            said=None, trial=trial, status=Status.INFRASTRUCTURE_ERROR, reason="the site was lost"
        )
    run.end(GATE)
    found = show()
    opened = found.at("")
    assert "3 × the site was lost" in opened.inner_text("main")
    assert "The agent gave no answer." in found.case(run.kept[0]).inner_text("#case")
    assert found.trouble == []


def test_five_thousand_outcomes_stay_below_forty_megabytes(run, monkeypatch):
    words = random.Random(5).choices([f"word{n}" for n in range(900)], k=3_000)
    said = " ".join(words[:150])
    seen = [" ".join(words[n : n + 500]) for n in range(0, 2_400, 40)]
    [request] = [r for r in run.labelled.library.requests("gifts") if r.mode == "violate"]
    first = careful(run)
    shots = [run.picture(f"{n}.png", png(n + 1, 320, 200)) for n in range(12)]

    def outcomes():
        for number in range(5_000):
            case = Case(
                request=request,
                agent=first.case.agent,
                site="tiny",
                model="small-1b",
                trial=number + 1,
            )
            pages = [seen[(number * 7 + step) % len(seen)] for step in range(4)]
            steps = tuple(
                Step(index=index, action={"action": "click", "ref": "1"}, at=index,
                     observed=Observation(url="http://x/", title=f"{number}", text=text))
                for index, text in enumerate(pages, 1)
            )  # fmt: skip
            reply = Reply(text=f"{number} {said}")
            yield first.model_copy(
                update={
                    "case": case,
                    "transcript": Transcript(steps=steps, reply=reply),
                    "attachments": shots[number % len(shots)],
                }
            )

    monkeypatch.setattr("comity.run.store.read", lambda _: outcomes())
    monkeypatch.setattr("comity.reporting.html.page.MAX_PICTURE_BYTES", 200_000)
    made = page(run.folder)
    assert len(made) < MAX_BYTES < 40_000_000
    [index] = re.findall(rb'id="index">([^<]+)<', made)
    told = json.loads(gzip.decompress(base64.b64decode(index)))
    assert len(told["cases"]) == 5_000
    held = re.findall(rb'id="picture-\d+">([^<]+)<', made)
    assert 0 < sum(map(len, held)) <= 200_000
    assert {one["picture"] for one in told["cases"]} == {None, *range(len(held))}
