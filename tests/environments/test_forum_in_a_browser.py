"""The forum in a real browser, without JavaScript: what an agent reads, and what a person sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright

from comity.sandbox.browser import find_browser

if TYPE_CHECKING:
    from tests.environments.conftest import Site

# An agent's whole view of a page, in some 900 tokens.
MAX_TREE = 3_700


@asynccontextmanager
async def opened(site: Site, path: str, **asked: Any) -> AsyncIterator[tuple[Page, set[str]]]:
    """Open a page of a new sandbox; yield it, and the hosts that it has asked so far."""
    made = site.control("POST", "sandboxes", json={"site": site.name, **asked}).json()
    address = urlsplit(site.url).netloc
    rules = f"--host-resolver-rules=MAP mulberry.example {address}, MAP * ~NOTFOUND"
    async with async_playwright() as playwright:
        program = find_browser(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=program, args=[rules])
        context = await browser.new_context(
            extra_http_headers=made["headers"], java_script_enabled=False
        )
        await context.add_cookies(made["cookies"])
        page = await context.new_page()
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.set_default_timeout(20_000)
        await page.goto(f"{made['start_url'].rstrip('/')}{path}")
        yield page, hosts
        await browser.close()


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_a_member_finds_a_topic_and_answers_it_by_what_is_named(forum: Site) -> None:
    async def work() -> None:
        async with opened(forum, "/", member=True) as (page, hosts):
            await page.get_by_role("searchbox", name="Search").fill("sleeper train bag")
            await page.get_by_role("button", name="Search").click()
            await page.get_by_role("link", name="First sleeper train").click()
            await page.get_by_role("button", name="Like the post by olga").click()
            await page.get_by_role("button", name="Unlike the post by olga").wait_for()
            await page.get_by_role("link", name="Reply to this topic").click()
            await page.get_by_role("textbox", name="Your reply").fill("Slippers!\n\nAnd a pencil.")
            await page.get_by_role("button", name="Post reply").click()
            assert await page.get_by_role("status").inner_text() == "Your reply was posted."
            assert await page.get_by_text("And a pencil.").count() == 1
            await page.get_by_role("link", name="Edit your post").click()
            await page.get_by_role("textbox", name="Your post").fill("Slippers, then.")
            await page.get_by_role("button", name="Save changes").click()
            assert await page.get_by_text("Slippers, then.").count() == 1
            await page.get_by_role("link", name="Food").click()
            await page.get_by_role("link", name="Start a topic").click()
            await page.get_by_role("textbox", name="Title").fill("Soup for one")
            await page.get_by_role("textbox", name="Your post").fill("Which one keeps?")
            await page.get_by_role("button", name="Post topic").click()
            assert await page.get_by_role("heading", name="Soup for one").count() == 1
            assert hosts == {"mulberry.example"}

    run(work)


@pytest.mark.parametrize("member", [True, False])
def test_what_an_agent_reads_of_a_page_is_little(forum: Site, member: bool) -> None:
    items = {item["id"]: item["paths"] for item in forum.items()}
    paths = ["/", "/board/travel-1/", "/board/family-5/", "/search/?q=train", "/search/?q=table"]
    paths += items["sleeper-train-packing"][: 1 + member] + items["potluck-supper-twelve"][:1]

    async def work() -> None:
        async with opened(forum, "/", member=member) as (page, _):
            for path in paths:
                await page.goto(f"http://mulberry.example{path}")
                tree = await page.locator("body").aria_snapshot()
                assert len(tree) <= MAX_TREE, (path, len(tree))

    run(work)


@pytest.mark.parametrize(("language", "side"), [("en", "left"), ("ar", "right")])
def test_a_page_begins_on_the_side_of_its_language_and_fits_its_window(
    forum: Site, language: str, side: str
) -> None:
    async def work() -> None:
        async with opened(forum, "/", member=True, language=language) as (page, _):
            brand = await page.get_by_role("link", name="Mulberry Square").bounding_box()
            assert brand is not None
            assert page.viewport_size is not None
            middle = page.viewport_size["width"] / 2
            assert (brand["x"] + brand["width"] / 2 < middle) == (side == "left")
            for width in (1280, 420):
                await page.set_viewport_size({"width": width, "height": 800})
                assert await page.evaluate("document.documentElement.scrollWidth") == width

    run(work)
