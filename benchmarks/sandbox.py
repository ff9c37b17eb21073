"""What the sandbox adds to a browser: the shop, by Comity's page and by bare Playwright, in turns.

Both make the same journey through the same shop, in a browser each: open it, search, open a
product, put it into the basket, with a look at the page before each step and after the last. Bare
Playwright looks by `aria_snapshot(mode="ai")` and `title()` once the page has loaded, and finds
what it acts on by role and name; it cuts nothing to a budget and records nothing. Both get their
copy of the shop and read its end state by the same calls to the site. One journey each goes ahead
and is not counted. What the sites take for their part, without a browser, is measured apart
(`pages.py`).
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Literal, Protocol

import pages
from figures import in_turns, median, publish, table
from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import async_playwright

from comity.sandbox.actions import Click, Type
from comity.sandbox.browser import Browser
from comity.sandbox.control import ControlledSite
from comity.sandbox.page import Page
from comity.sandbox.running import Sandbox
from comity.sandbox.sites import Site
from comity.sandbox.specs import load_specs

ROOT = Path(__file__).parents[1]
SOUGHT, PRODUCT = "wall clock", "Walnut Wall Clock"
MAX_STEPS = 8
COMITY, BARE = "Comity", "Playwright"
Role = Literal["link", "button"]

Seconds = dict[str, float]
"""How long each part of one journey took."""


class Visitor(Protocol):
    """Somebody who makes the journey; each visit has a browser context of its own."""

    async def open(self, sandbox: Sandbox, visit: AsyncExitStack) -> None:
        """Open the shop, until the visit ends."""

    async def observe(self) -> None:
        """Look at the page."""

    async def search(self) -> None:
        """Search for what is sought."""

    async def click(self, role: Role, name: str) -> None:
        """Click what has the role and the name."""


class ByComity:
    """Goes by Comity's page, as an agent does."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def open(self, sandbox: Sandbox, visit: AsyncExitStack) -> None:
        """Open the shop, until the visit ends."""
        context = await visit.enter_async_context(self.browser.context(sandbox, "en"))
        self.page = await Page.open(context, sandbox.start_url, max_steps=MAX_STEPS)

    async def observe(self) -> None:
        """Look at the page."""
        await self.page.observe()

    async def search(self) -> None:
        """Search for what is sought."""
        [box] = self.page.refs("type")
        await self._act(Type(ref=box, text=SOUGHT, submit=True))

    async def click(self, role: Role, name: str) -> None:
        """Click what has the role and the name."""
        there = self.page.last.elements if self.page.last else {}
        [ref] = [ref for ref, found in there.items() if (found.role, found.name) == (role, name)]
        await self._act(Click(ref=ref))

    async def _act(self, action: Click | Type) -> None:
        result = await self.page.act(action)
        assert result.error is None, result.error


class ByPlaywright:
    """Goes by Playwright alone."""

    def __init__(self, browser: PlaywrightBrowser) -> None:
        self.browser = browser

    async def open(self, sandbox: Sandbox, visit: AsyncExitStack) -> None:
        """Open the shop, until the visit ends."""
        context = await self.browser.new_context(extra_http_headers=sandbox.headers)
        visit.push_async_callback(context.close)
        self.page = await context.new_page()
        await self.page.goto(sandbox.start_url)

    async def observe(self) -> None:
        """Look at the page."""
        await self.page.wait_for_load_state()
        await self.page.aria_snapshot(mode="ai")
        await self.page.title()

    async def search(self) -> None:
        """Search for what is sought."""
        box = self.page.get_by_role("searchbox", name="Search")
        await box.fill(SOUGHT)
        await box.press("Enter")

    async def click(self, role: Role, name: str) -> None:
        """Click what has the role and the name."""
        await self.page.get_by_role(role, name=name, exact=True).click()


async def journey(visitor: Visitor, site: ControlledSite) -> Seconds:
    """Make the journey once."""
    spent: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        spent[part] += time.perf_counter() - begun

    async with AsyncExitStack() as visit:
        with timed("journey"):
            with timed("reset"):
                sandbox = await site.create("shop", {}, "en")
            with timed("open"):
                await visitor.open(sandbox, visit)
            for step in (
                visitor.search,
                partial(visitor.click, "link", PRODUCT),
                partial(visitor.click, "button", f"Add to basket: {PRODUCT}"),
            ):
                with timed("observe"):
                    await visitor.observe()
                with timed("act"):
                    await step()
            with timed("observe"):
                await visitor.observe()
            with timed("state"):
                state = await site.state(sandbox)
    await site.delete(sandbox)
    assert [line.title for _, line in state.held()] == [PRODUCT], state.held()
    return spent


async def opened(stack: AsyncExitStack) -> tuple[dict[str, Visitor], ControlledSite, str]:
    """Start the shop and a browser for each visitor; say which versions they have."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comity-sandbox-")))
    spec = load_specs(ROOT / "environments" / "sites.yaml", ROOT)["shop"]
    site = await Site.start(spec, ROOT, logs=folder, scratch=folder)
    stack.push_async_callback(site.stop)
    hosts = dict(site.addresses)
    browser = await Browser.find(folder)
    stack.push_async_callback(browser.close)
    await browser.launch(lambda: hosts)
    rules = ", ".join(f"MAP {name} {address}" for name, address in hosts.items())
    playwright = await stack.enter_async_context(async_playwright())
    bare = await playwright.chromium.launch(
        executable_path=browser.path, args=[f"--host-resolver-rules={rules}"]
    )
    stack.push_async_callback(bare.close)
    visitors: dict[str, Visitor] = {COMITY: ByComity(browser), BARE: ByPlaywright(bare)}
    versions = f"Chromium {bare.version}, Playwright {metadata.version('playwright')}"
    shop = await site.serving()
    assert isinstance(shop, ControlledSite)
    return visitors, shop, versions


def measured(rounds: int) -> tuple[dict[str, list[Seconds]], pages.Milliseconds, str]:
    """Return each visitor's journeys, the sites' requests, and the versions of what was used."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            visitors, site, versions = runner.run(opened(stack))
            turns = {
                name: lambda visitor=visitor: runner.run(journey(visitor, site))
                for name, visitor in visitors.items()
            }
            in_turns(turns, 1)
            journeys = in_turns(turns, rounds)
            return journeys, runner.run(pages.measured(site, rounds)), versions
        finally:
            runner.run(stack.aclose())


PARTS = {
    "reset: a fresh copy of the shop": ("reset",),
    "open: a browser context and the first page": ("open",),
    "observe, four times": ("observe",),
    "act, three times": ("act",),
    "**observe plus act**": ("observe", "act"),
    "end state": ("state",),
    "whole journey": ("journey",),
}


def report(found: dict[str, list[Seconds]]) -> str:
    """Return the table of what was measured."""
    rows = []
    for part, keys in PARTS.items():
        by_visitor = [
            [1_000 * sum(spent[key] for key in keys) for spent in runs]
            for runs in (found[COMITY], found[BARE])
        ]
        ratio = statistics.median(by_visitor[0]) / statistics.median(by_visitor[1])
        rows.append([part, *(median(ms, ".0f") for ms in by_visitor), f"{ratio:.2f}"])
    return table(("milliseconds", COMITY, BARE, "ratio"), rows)


def main() -> None:
    """Measure, print the table, and publish it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--into", type=Path, help="a Markdown file that takes the section")
    asked = parser.parse_args()
    found, requests, versions = measured(asked.rounds)
    text = (
        "One journey through the shop at a time, by Comity's page and by bare Playwright: the "
        f"median (lowest to highest) of {asked.rounds} journeys each, in turns. {versions}."
    )
    alone = f"The sites alone, one request at a time, without a browser ({asked.rounds} rounds):"
    sections = (text, report(found), alone, pages.report(requests))
    publish("Sandbox", "\n\n".join(sections), asked.into)


if __name__ == "__main__":
    main()
