"""Reference agents: scripted oracles that prove that the suites tell agents apart.

They use the same browser as any agent and no model. What they say of a norm is written by hand in
`reference_sentences.yaml`, what they post or advise on the forum in `reference_posts.yaml`; what
they buy they find by the shop's own search and pages. They go by an element's role and by what it
is about, never by a page's own words, which may be in any language.
"""

import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from comity import AgentError, Reply, Task
from comity.run.agents import Briefing
from comity.sandbox.actions import Click, Goto, Type
from comity.sandbox.page import Page
from comity.schema import Item, Mode, Selector


def _written(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(Path(__file__).with_name(name).read_text("utf-8"))
    return content


SENTENCES = _written("reference_sentences.yaml")
POSTS = _written("reference_posts.yaml")

Script = Callable[[Page, Briefing], Awaitable[str]]


class Reference:
    """Follows a script that knows the scenario."""

    declares = frozenset({"shop", "forum"})
    oracle = True
    uses_model = False

    def __init__(self, script: Script) -> None:
        self.script = script

    async def run(self, _task: Task, page: Page, _model: None, *, briefing: Briefing) -> Reply:
        """Follow the script to its closing words."""
        return Reply(text=await self.script(page, briefing))


async def _aware(page: Page, briefing: Briefing) -> str:
    """Raise the norm where it is at stake and do what fits; else serve without a word of it."""
    if briefing.mode in (Mode.VIOLATE, Mode.OBSERVE):
        done = await _serve(page, briefing, knowing=True)
        return f"{_raised(briefing)} {done}"
    return await _serve(page, briefing)


async def _naive(page: Page, briefing: Briefing) -> str:
    """Do as told and say nothing; follow what the page pushes."""
    return await _serve(page, briefing)


async def _lecturer(page: Page, briefing: Briefing) -> str:
    """Raise the norm wherever, and do nothing."""
    await page.observe()
    return _raised(briefing)


async def _idle(page: Page, briefing: Briefing) -> str:
    """Wander and stop."""
    await page.observe()
    await page.act(Goto(url="/search/?q=weather"))
    await page.observe()
    return _pick(SENTENCES["idle"], briefing)


aware = Reference(_aware)
naive = Reference(_naive)
lecturer = Reference(_lecturer)
idle = Reference(_idle)


async def _serve(page: Page, briefing: Briefing, *, knowing: bool = False) -> str:
    """Do what is asked or, knowing of the norm, what fits; return the words to close with."""
    if briefing.scenario.about is None:
        item = await _buy(page, briefing, briefing.scenario.fits if knowing else _asked(briefing))
        return _pick(SENTENCES["done"], briefing).replace("{title}", item.title)
    topic = await _open_topic(page, briefing)
    text = _text(briefing, knowing=knowing)
    if not briefing.scenario.writes:
        return text
    await _post(page, topic, text)
    return _pick(SENTENCES["posted"], briefing).replace("{title}", topic.title)


def _asked(briefing: Briefing) -> Selector | None:
    """Return what the request asks for; in `observe`, what the page pushes."""
    if briefing.mode is Mode.OBSERVE:
        return briefing.scenario.breach
    return briefing.scenario.asked(briefing.mode)


def _text(briefing: Briefing, *, knowing: bool) -> str:
    """Return what is posted or answered on the forum."""
    if briefing.scenario.id not in POSTS:
        raise AgentError(f"write what to post for {briefing.scenario.id} in reference_posts.yaml")
    asked = "adhere" if briefing.mode is Mode.ADHERE else "breach"
    text: str = POSTS[briefing.scenario.id]["fits" if knowing else asked]
    return text


async def _open_topic(page: Page, briefing: Briefing) -> Item:
    """Open the topic that the scenario turns on, by the search box."""
    about = briefing.scenario.about
    topics = [item for item in briefing.catalogue if about and about.picks(item.id, item.tags)]
    if not topics:
        raise AgentError(f"the forum has no topic for {about}")
    await _search_and_open(page, topics[0].title)
    return topics[0]


async def _post(page: Page, topic: Item, text: str) -> None:
    """Write a reply to the topic."""
    [form] = [path for path in topic.paths if path.endswith("/reply/")]
    await _do(page, Goto(url=form))
    await page.observe()
    await _do(page, Type(ref=_ref(page, "type", role="textbox"), text=text))
    await page.observe()
    await _do(page, Click(ref=_last_button(page)))
    await page.observe()


async def _buy(page: Page, briefing: Briefing, wanted: Selector | None) -> Item:
    """Put an item that `wanted` names into the basket, by the search box and its page."""
    item = _chosen(briefing, wanted)
    await _search_and_open(page, item.title)
    await _do(page, Click(ref=_ref(page, "click", item.title, role="button")))
    return item


async def _search_and_open(page: Page, title: str) -> None:
    await page.observe()
    await _do(page, Type(ref=_ref(page, "type"), text=title, submit=True))
    await page.observe()
    await _do(page, Click(ref=_ref(page, "click", title, role="link")))
    await page.observe()


def _chosen(briefing: Briefing, wanted: Selector | None) -> Item:
    """Return the item that `wanted` names, nearest to the request's words, then the cheapest.

    What breaks the norm is left out, unless it is just what is wanted.
    """
    scenario = briefing.scenario
    basket = wanted.basket if wanted is not None else None
    asked_to_break = wanted in (scenario.breach, scenario.asked(Mode.VIOLATE))
    breach = scenario.breach.basket if scenario.breach and not asked_to_break else None
    fitting = [
        item
        for item in briefing.catalogue
        if item.available
        and (basket is not None and basket.picks(item.id, item.tags))
        and not (breach is not None and breach.picks(item.id, item.tags))
    ]
    if not fitting:
        raise AgentError(f"the catalogue has nothing for {basket}")
    words = set(scenario.text(briefing.mode).lower().split())

    def order(item: Item) -> tuple[int, float, str]:
        return -len(words & set(item.title.lower().split())), float(item.price or "inf"), item.id

    return min(fitting, key=order)


async def _do(page: Page, action: Type | Click | Goto) -> None:
    result = await page.act(action)
    if result.error is not None:
        raise AgentError(f"{action.action} failed: {result.error}")


def _ref(page: Page, action: str, words: str = "", *, role: str | None = None) -> str:
    """Return the ref of the element with the shortest name in which the words stand."""
    elements = page.last.elements if page.last is not None else {}
    named = {
        ref: elements[ref].name
        for ref in page.refs(action)
        if words in elements[ref].name and role in (None, elements[ref].role)
    }
    if not named:
        raise AgentError(f"there is no {role or 'element'} to {action} called {words!r}")
    return min(named, key=lambda ref: (len(named[ref]), int(ref)))


def _last_button(page: Page) -> str:
    """Return the ref of the button that sends the form, below all that belongs to the page."""
    elements = page.last.elements if page.last is not None else {}
    buttons = [ref for ref in page.refs("click") if elements[ref].role == "button"]
    if not buttons:
        raise AgentError("the page has no button")
    return max(buttons, key=int)


def _raised(briefing: Briefing) -> str:
    if briefing.norm.id not in SENTENCES:
        raise AgentError(f"write what to say of {briefing.norm.id} in reference_sentences.yaml")
    return _pick(SENTENCES[briefing.norm.id], briefing)


def _pick(sentences: list[str], briefing: Briefing) -> str:
    """Choose one, the same at every run: by the scenario and the mode."""
    key = f"{briefing.scenario.id}-{briefing.mode}".encode()
    return sentences[zlib.crc32(key) % len(sentences)]
