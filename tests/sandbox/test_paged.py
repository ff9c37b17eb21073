"""A site that is known by its pages: how they are read, and what becomes of one that is lost."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext

from comity.errors import ConfigurationError, InfrastructureError
from comity.sandbox.browser import Browser
from comity.sandbox.paged import PagedSite, free_port
from comity.sandbox.running import RunningSite
from comity.sandbox.sites import Site
from comity.sandbox.specs import SiteSpec
from comity.schema import EndState

STAND_INS = Path(__file__).parents[1] / "stand_ins"
BASKET = {
    "path": "/cart",
    "each": "li.line",
    "empty": "li.none",
    "product": ".sku@data-sku",
    "title": ".sku",
    "quantity": ".count@value",
    "price": ".price",
}
BOOK = {"path": "/book", "each": "article", "empty": "form", "topic": "h2", "text": "p"}


def spec(*, alone: bool | None = None, items: str | None = "stall.yaml", **pages: Any) -> SiteSpec:
    return SiteSpec.model_validate(
        {
            "id": "stall",
            "title": "A stall",
            "command": ["{python}", "stall.py", "--port", "{port}"],
            "url": "http://stall.example/",
            "items": items,
            "pages": pages,
            "alone": alone,
        }
    )


Script = Callable[[Site], Coroutine[Any, Any, None]]


def with_site(directory: Path, site_spec: SiteSpec, script: Script, root: Path = STAND_INS) -> None:
    """Run a script on a site whose logs and temporary files are in `directory`."""

    async def run() -> None:
        scratch = directory / "scratch"
        site = await Site.start(site_spec, root, logs=directory, scratch=scratch, patience=10)
        try:
            await script(site)
        finally:
            await site.stop()
        assert not scratch.exists() or not list(scratch.iterdir())

    asyncio.run(run())


Visit = Callable[[BrowserContext], Coroutine[Any, Any, None]]


def left_behind(directory: Path, site_spec: SiteSpec, visit: Visit) -> EndState:
    """Return what is read of a visit to the stall."""
    found = []

    async def script(site: Site) -> None:
        running = await site.serving()
        async with AsyncExitStack() as stack:
            browser = await Browser.find(directory)
            stack.push_async_callback(browser.close)
            await browser.launch(lambda: dict(site.addresses))
            sandbox = await running.create("stall", {}, "en")
            context = await stack.enter_async_context(browser.context(sandbox, "en"))
            await running.prepare(sandbox, context)
            await visit(context)
            found.append(await running.state(sandbox, context))
            await running.delete(sandbox)

    with_site(directory, site_spec, script)
    return found[0]


async def nothing(_context: BrowserContext) -> None:
    pass


async def buy_two_bowls_and_a_clock(context: BrowserContext) -> None:
    tab = await context.new_page()
    for sku in ("bowl", "clock", "bowl"):
        await tab.goto(f"http://stall.example/product/{sku}")
        async with tab.expect_navigation():
            await tab.click("button")


def test_a_basket_is_read_as_it_is_now_whatever_the_browser_keeps(tmp_path):
    state = left_behind(tmp_path, spec(basket=BASKET), buy_two_bowls_and_a_clock)
    assert [(line.product, line.quantity, line.tags) for line in state.basket] == [
        ("bowl", 2, {"newborn-gift"}),
        ("clock", 1, {"clock"}),
    ]
    assert {(line.title, line.price) for line in state.basket} == {
        ("Glazed Bowl", "9.00"),
        ("Walnut Wall Clock", "9.00"),
    }
    assert state.changed == ()


def test_what_a_script_draws_is_waited_for_and_orders_are_lines_too(tmp_path):
    drawn = {"path": "/drawn-cart", "each": ".line", "empty": ".none", "product": "a@data-sku"}
    state = left_behind(tmp_path, spec(basket=drawn, orders=drawn), buy_two_bowls_and_a_clock)
    assert [line.product for line in state.basket] == ["bowl", "clock"]
    assert [(where, line.product) for where, line in state.held()][2:] == [
        ("order 1", "bowl"),
        ("order 2", "clock"),
    ]


@pytest.mark.parametrize("path", ["/fetched-cart", "/hidden-cart"])
def test_a_basket_is_not_taken_for_empty_before_its_lines_were_fetched(tmp_path, path):
    state = left_behind(tmp_path, spec(basket={**BASKET, "path": path}), buy_two_bowls_and_a_clock)
    assert [line.product for line in state.basket] == ["bowl", "clock"]


def test_a_post_is_the_agents_if_it_did_not_stand_there_before(tmp_path):
    async def sign(context: BrowserContext) -> None:
        tab = await context.new_page()
        await tab.goto("http://stall.example/book")
        for topic in ("Hello", "Hello again"):
            await tab.fill("[name=topic]", topic)
            await tab.fill("[name=text]", "A clock on the wall makes a stall a home.")
            async with tab.expect_navigation():
                await tab.click("button")

    state = left_behind(tmp_path, spec(posts={**BOOK, "id": "@id"}), sign)
    assert [(post.id, post.topic, post.edited) for post in state.posts] == [
        ("p1", "Hello", False),
        ("p2", "Hello again", False),
    ]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("cart", "answered 500"),
        ("without", "shows a row 'li.line' without its product '.sku@data-sku'"),
        ("redesigned", "shows neither a row 'li.line' nor 'li.none', which says that there is"),
        ("unlisted", "shows the product 'kettle', which stall.yaml does not list; add it"),
        ("countless", r"shows '2of9\\x1b[2J' as a quantity, which is not one number"),
    ],
)
def test_what_cannot_be_read_is_told_with_site_page_and_selector(
    tmp_path, monkeypatch, fault, told
):
    monkeypatch.setenv("STALL_FAULT", fault)
    with pytest.raises(InfrastructureError) as caught:
        left_behind(tmp_path, spec(basket=BASKET), nothing)
    assert str(caught.value).startswith("the page /cart of the site stall ")
    assert told in str(caught.value)


def test_a_selector_that_is_none_is_told(tmp_path):
    with pytest.raises(InfrastructureError, match=r"/cart of the site stall .*'li\['"):
        left_behind(tmp_path, spec(basket={**BASKET, "each": "li["}), nothing)


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        ("home", InfrastructureError, "http://stall.example/ of the site stall answered 404"),
        ("moved", ConfigurationError, "redirects to https://elsewhere.example/; only one host"),
        ("never", InfrastructureError, "the site stall ended with exit status 1;"),
    ],
)
def test_a_start_page_that_does_not_come_is_told_at_once(tmp_path, monkeypatch, fault, kind, told):
    monkeypatch.setenv("STALL_FAULT", fault)
    begun = time.monotonic()
    with pytest.raises(kind) as caught:
        with_site(tmp_path, spec(), nothing)
    assert told in str(caught.value)
    assert time.monotonic() - begun < 15
    assert not list((tmp_path / "scratch").iterdir())


def test_what_a_site_can_follows_from_its_pages(tmp_path):
    for given, capabilities in (
        (spec(), set()),
        (spec(basket=BASKET, items=None), {"basket"}),
        (spec(basket=BASKET, orders=BASKET), {"basket", "basket by tag", "orders"}),
        (spec(posts=BOOK), {"posts", "member"}),
    ):
        site = PagedSite(given, (), process=None, port=None, patience=1)
        assert site.capabilities("stall") == capabilities


def kill(running: RunningSite) -> None:
    """Kill the site's own process, whose parent is its supervisor."""
    assert running._process is not None
    supervisor = running._process.pid
    [child] = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)


def test_a_killed_site_listens_at_another_port_and_is_found_there(tmp_path):
    async def script(site: Site) -> None:
        lost = await site.serving()
        kill(lost)
        assert await lost.examine() == "was ended by SIGKILL"
        fresh = await site.serving()
        assert fresh is not lost
        assert fresh.addresses.keys() == lost.addresses.keys() == {"stall.example"}
        assert await fresh.examine() is None

    with_site(tmp_path, spec(), script)


def test_a_list_of_items_that_was_spoilt_during_the_run_is_told(tmp_path):
    for name in ("stall.py", "stall.yaml"):
        shutil.copy(STAND_INS / name, tmp_path)

    async def script(site: Site) -> None:
        lost = await site.serving()
        kill(lost)
        assert await lost.examine() is not None
        (tmp_path / "stall.yaml").write_text("- {id: clock}\n")
        with pytest.raises(ConfigurationError, match=r"stall\.yaml:1: clock: kind: is missing"):
            await site.serving()

    with_site(tmp_path, spec(), script, tmp_path)


def test_a_site_whose_pages_name_their_port_is_told_it_in_its_url(tmp_path):
    async def script(site: Site) -> None:
        running = await site.serving()
        [(name, found_at)] = site.addresses.items()
        port = found_at.partition(":")[2]
        sandbox = await running.create("stall", {}, "en")
        assert (name, sandbox.start_url) == ("localhost", f"http://localhost:{port}/")

    there = spec().model_copy(update={"url": "http://localhost:{port}/"})
    with_site(tmp_path, there, script)


class Elsewhere:
    """A stall that somebody else runs, at a port of `localhost`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.come()

    def come(self) -> None:
        command = [sys.executable, STAND_INS / "stall.py", "--port", str(self.port)]
        self.process = subprocess.Popen(command)
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("localhost", self.port)):
                return
            time.sleep(0.1)

    def go(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    stall = Elsewhere()
    yield stall
    stall.go()


def test_a_site_elsewhere_is_lost_while_it_does_not_answer_and_is_then_found_again(
    tmp_path, elsewhere
):
    async def script(site: Site) -> None:
        lost = await site.serving()
        assert lost.addresses == {f"localhost:{elsewhere.port}": "localhost"}
        elsewhere.go()
        assert await lost.examine() == "takes no requests (ConnectError)"
        assert lost.obituary().endswith(f"; it is sought at localhost:{elsewhere.port}")
        elsewhere.come()
        assert await (await site.serving()).examine() is None

    there = spec().model_copy(
        update={"command": None, "url": f"http://localhost:{elsewhere.port}/"}
    )
    with_site(tmp_path, there, script)


def test_a_site_elsewhere_that_is_not_there_is_told_at_once(tmp_path):
    gone = spec().model_copy(update={"command": None, "url": f"http://localhost:{free_port()}/"})
    begun = time.monotonic()
    with pytest.raises(InfrastructureError, match=r"of the site stall does not answer \(Connect"):
        with_site(tmp_path, gone, nothing)
    assert time.monotonic() - begun < 5
