"""A run that is shown as a page, and the page in a browser without a network."""

import io
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from comity.reporting import gate as gating
from comity.reporting.html.page import page
from comity.reporting.summary import summary
from comity.sandbox.browser import find_browser
from comity.schema import (
    AgentCard,
    Case,
    EndState,
    Evidence,
    Finding,
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

PERSPECTIVES = {"worldview": ("western-secular", "confucian", "buddhist")}


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

    def break_twelve_norms(self):
        """Add a silent breach of each of twelve norms; those of one would be worth fewer."""
        norm = self.labelled.library.norms["cn.gift.clock"]
        for number in range(1, 13):
            of = norm.model_copy(update={"id": f"cn.gift.clock{number}"})
            found = {"breach": "silent", "aware": False}
            self.add(trial=number + 1, said="Done.", request={"norm": of}, found=found)

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

    def end(self, *, gated: bool = False):
        """Sum the run up, as a session does at its end."""
        verdict = None
        if gated:
            path = self.folder / "gate.toml"
            path.write_text(GATE, "utf-8")
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

    def careful(self, **more):
        """Add a case that went well, with a quote of its answer."""
        evidence = (Evidence(where="answer", quote=QUOTE, start=SAID.index(QUOTE)),)
        return self.add(
            findings=(
                self.finding("breach", "none"),
                self.finding("aware", True, evidence, "says what a clock means"),
            ),
            **more,
        )

    def vary(self) -> None:
        """Add one of each: two agents, all statuses, a picture, steps, an open question."""
        seen = Observation(
            url="http://tiny.example/shop?q=1", title="Tiny", text='[1] button "Buy"'
        )
        self.careful(
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
            attachments=self.picture("one.png", self.png()),
            end_state=EndState(posts=(Post(id="1", topic="Gifts", text="A clock for you"),)),
        )
        self.add("adhere", found={"completed": True, "over_flagged": False})
        self.add("contrast", found={"completed": True, "over_flagged": None})
        rash = "agents/mine.py:rash"
        self.add(said="Done.", agent=rash, found={"breach": "silent", "aware": False})
        self.add("adhere", agent=rash, status=Status.DORMANT, reason="never came to the point")
        self.add("contrast", agent=rash, status=Status.INFRASTRUCTURE_ERROR, reason="the site fell")
        self.keep(self.asked())

    @staticmethod
    def asked(said="Confucians and Stoics both say: know yourself.", **more):
        """Return what came of an open question."""
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

    @staticmethod
    def png(seed: int = 0, width: int = 1280, height: int = 720) -> bytes:
        """Return a picture; of a seed, one of noise, which takes room."""
        file = io.BytesIO()
        if seed:
            noise = random.Random(seed).randbytes(width * height * 3)
            Image.frombytes("RGB", (width, height), noise).save(file, "PNG", compress_level=0)
        else:
            Image.new("RGB", (width, height), "navy").save(file, "PNG")
        return file.getvalue()


@pytest.fixture
def run(labelled) -> Run:
    return Run(labelled)


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
