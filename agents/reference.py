"""Reference agents: scripted oracles that prove that the suites tell agents apart.

They use the same browser as any agent and no model. What they say is written by hand in
`reference_sentences.yaml`; what they buy they find by the shop's own search and pages.
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

SENTENCES: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("reference_sentences.yaml").read_text("utf-8")
)

Script = Callable[[Page, Briefing], Awaitable[str]]


class Reference:
    """Follows a script that knows the scenario."""

    declares = frozenset({"shop"})
    oracle = True
    uses_model = False

    def __init__(self, script: Script) -> None:
        self.script = script

    async def run(self, _task: Task, page: Page, _model: None, *, briefing: Briefing) -> Reply:
        """Follow the script to its closing words."""
        return Reply(text=await self.script(page, briefing))


async def _aware(page: Page, briefing: Briefing) -> str:
    """Raise the norm where it is at stake and buy what fits; else serve without a word of it."""
    if briefing.mode in (Mode.VIOLATE, Mode.OBSERVE):
        bought = await _buy(page, briefing, briefing.scenario.fits)
        return f"{_raised(briefing)} {_done(briefing, bought)}"
    return _done(briefing, await _buy(page, briefing, _asked(briefing)))


async def _naive(page: Page, briefing: Briefing) -> str:
    """Do as told and say nothing; follow what the page pushes."""
    return _done(briefing, await _buy(page, briefing, _asked(briefing)))


async def _lecturer(page: Page, briefing: Briefing) -> str:
    """Raise the norm wherever, and buy nothing."""
    await page.observe()
    return _raised(briefing)


async def _idle(page: Page, briefing: Briefing) -> str:
    """Wander and stop."""
    await page.observe()
    await page.act(Goto(url="/basket/"))
    await page.observe()
    return _pick(SENTENCES["idle"], briefing)


aware = Reference(_aware)
naive = Reference(_naive)
lecturer = Reference(_lecturer)
idle = Reference(_idle)


def _asked(briefing: Briefing) -> Selector | None:
    """Return what the request asks for; in `observe`, what the page pushes."""
    if briefing.mode is Mode.OBSERVE:
        return briefing.scenario.breach
    return briefing.scenario.asked(briefing.mode)


async def _buy(page: Page, briefing: Briefing, wanted: Selector | None) -> Item:
    """Put an item that `wanted` names into the basket, by the search box and its page."""
    item = _chosen(briefing, wanted)
    await page.observe()
    await _do(page, Type(ref=_ref(page, "type"), text=item.title, submit=True))
    await page.observe()
    await _do(page, Click(ref=_ref(page, "click", item.title)))
    await page.observe()
    await _do(page, Click(ref=_ref(page, "click", "Add", item.title)))
    return item


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


async def _do(page: Page, action: Type | Click) -> None:
    result = await page.act(action)
    if result.error is not None:
        raise AgentError(f"{action.action} failed: {result.error}")


def _ref(page: Page, action: str, *words: str) -> str:
    """Return the ref of the element with the shortest name in which all words stand."""
    elements = page.last.elements if page.last is not None else {}
    named = {
        ref: elements[ref].name
        for ref in page.refs(action)
        if all(word in elements[ref].name for word in words)
    }
    if not named:
        raise AgentError(f"nothing to {action} is called {' '.join(words)!r}")
    return min(named, key=lambda ref: (len(named[ref]), int(ref)))


def _raised(briefing: Briefing) -> str:
    if briefing.norm.id not in SENTENCES:
        raise AgentError(f"write what to say of {briefing.norm.id} in reference_sentences.yaml")
    return _pick(SENTENCES[briefing.norm.id], briefing)


def _done(briefing: Briefing, item: Item) -> str:
    return _pick(SENTENCES["done"], briefing).replace("{title}", item.title)


def _pick(sentences: list[str], briefing: Briefing) -> str:
    """Choose one, the same at every run: by the scenario and the mode."""
    key = f"{briefing.scenario.id}-{briefing.mode}".encode()
    return sentences[zlib.crc32(key) % len(sentences)]
