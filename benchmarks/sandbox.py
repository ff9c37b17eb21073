"""What the sandbox adds to a browser: the shop, by Comity's page and by bare Playwright, in turns.

Both make the same journey in the same browser through the same shop: open it, search, open a
product, put it into the basket, with a look at the page before each step and after the last. Bare
Playwright looks by `aria_snapshot(mode="ai")` and `title()` once the page has loaded, and finds
what it acts on by role and name; it cuts nothing to a budget and records nothing. Both get their
copy of the shop and read its end state by the same calls to the site. One journey each goes ahead
and is not counted.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from figures import in_turns, median, publish, table
from playwright.async_api import BrowserContext
from playwright.async_api import Page as PlaywrightPage

from comity.sandbox.actions import Click, Type
from comity.sandbox.browser import Browser
from comity.sandbox.page import Page
from comity.sandbox.sites import Sandbox, Site, load_specs

ROOT = Path(__file__).parents[1]
SOUGHT, PRODUCT = "wall clock", "Walnut Wall Clock"
MAX_STEPS = 8

Seconds = dict[str, float]
"""How long each part of one journey took."""


class Visitor(Protocol):
    """Somebody who makes the journey."""

    async def open(self, context: BrowserContext, sandbox: Sandbox) -> None:
        """Open the shop."""

    async def observe(self) -> None:
        """Look at the page."""

    async def search(self) -> None:
        """Search for what is sought."""

    async def click(self, role: str, name: str) -> None:
        """Click what has the role and the name."""


class ByComity:
    """Goes by Comity's page, as an agent does."""

    page: Page

    async def open(self, context: BrowserContext, sandbox: Sandbox) -> None:
        """Open the shop."""
        self.page = await Page.open(context, sandbox.start_url, max_steps=MAX_STEPS)

    async def observe(self) -> None:
        """Look at the page."""
        await self.page.observe()

    async def search(self) -> None:
        """Search for what is sought."""
        [box] = self.page.refs("type")
        await self._act(Type(ref=box, text=SOUGHT, submit=True))

    async def click(self, role: str, name: str) -> None:
        """Click what has the role and the name."""
        assert self.page.last is not None
        there = self.page.last.elements.items()
        ref = next(ref for ref, found in there if (found.role, found.name) == (role, name))
        await self._act(Click(ref=ref))

    async def _act(self, action: Click | Type) -> None:
        result = await self.page.act(action)
        assert result.error is None, result.error


class ByPlaywright:
    """Goes by Playwright alone."""

    page: PlaywrightPage

    async def open(self, context: BrowserContext, sandbox: Sandbox) -> None:
        """Open the shop."""
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

    async def click(self, role: str, name: str) -> None:
        """Click what has the role and the name."""
        await self.page.get_by_role(role, name=name, exact=True).first.click()  # type: ignore[arg-type]


async def journey(visitor: Visitor, site: Site, browser: Browser) -> Seconds:
    """Make the journey once."""
    spent: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        spent[part] += time.perf_counter() - begun

    with timed("journey"):
        with timed("reset"):
            sandbox = await site.create({}, "en")
        with timed("open"):
            context = await browser.context(sandbox, "en")
            await visitor.open(context, sandbox)
        for step in (
            visitor.search(),
            visitor.click("link", PRODUCT),
            visitor.click("button", f"Add to basket: {PRODUCT}"),
        ):
            with timed("observe"):
                await visitor.observe()
            with timed("act"):
                await step
        with timed("observe"):
            await visitor.observe()
        with timed("state"):
            state = await site.state(sandbox)
    await context.close()
    await site.delete(sandbox)
    assert [line.title for _, line in state.held()] == [PRODUCT], state.held()
    return spent


VISITORS = {"Comity": ByComity, "Playwright": ByPlaywright}


def measured(rounds: int) -> tuple[dict[str, list[Seconds]], str]:
    """Return each visitor's journeys, and the versions of what they used."""
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as logs:
        spec = load_specs(ROOT / "environments" / "sites.yaml")["shop"]
        browser = runner.run(Browser.find())
        try:
            site = runner.run(Site.start(spec, ROOT, Path(logs) / "shop.log"))
            try:
                hosts = {host: urlsplit(site.address).netloc for host in site.health.hosts}
                runner.run(browser.launch(hosts))
                turns = {
                    name: lambda kind=kind: runner.run(journey(kind(), site, browser))
                    for name, kind in VISITORS.items()
                }
                in_turns(turns, 1)
                found = in_turns(turns, rounds)
            finally:
                runner.run(site.stop())
        finally:
            runner.run(browser.close())
        playwright = metadata.version("playwright")
        return found, f"Chromium {browser.version}, Playwright {playwright}"


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
            [1_000 * sum(spent[key] for key in keys) for spent in found[name]] for name in VISITORS
        ]
        ratio = statistics.median(by_visitor[0]) / statistics.median(by_visitor[1])
        rows.append([part, *(median(ms, ".0f") for ms in by_visitor), f"{ratio:.2f}"])
    return table(("milliseconds", *VISITORS, "ratio"), rows)


def main() -> None:
    """Measure, print the table, and publish it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--into", type=Path, help="a Markdown file that takes the section")
    asked = parser.parse_args()
    found, versions = measured(asked.rounds)
    text = (
        "One journey through the shop at a time, by Comity's page and by bare Playwright: the "
        f"median (lowest to highest) of {asked.rounds} journeys each, in turns. {versions}."
    )
    publish("Sandbox", f"{text}\n\n{report(found)}", asked.into)


if __name__ == "__main__":
    main()
