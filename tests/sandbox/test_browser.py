"""The browser is looked up in order, and launched anew where it was lost or a site has moved."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError

from comity.errors import ConfigurationError, InfrastructureError
from comity.sandbox.browser import MAX_RELAUNCHES, OVERRIDE, Browser, find_browser
from comity.sandbox.running import Sandbox


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Make programs of these names, and nothing else, be on PATH."""
    monkeypatch.delenv(OVERRIDE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(*names: str) -> None:
        for name in names:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)

    return make


def test_the_override_comes_first(on_path, monkeypatch, tmp_path):
    on_path("mine", "chromium")
    monkeypatch.setenv(OVERRIDE, str(tmp_path / "mine"))
    assert find_browser(None).name == "mine"


def test_playwrights_own_comes_before_the_systems(on_path, tmp_path):
    on_path("own", "chromium")
    assert find_browser(str(tmp_path / "own")).name == "own"
    assert find_browser(str(tmp_path / "gone")).name == "chromium"


def test_the_headless_shell_comes_before_a_full_browser(on_path):
    on_path("google-chrome", "chromium", "chromium-headless-shell")
    assert find_browser(None).name == "chromium-headless-shell"


def test_where_there_is_none_the_error_says_how_to_get_one(on_path):
    with pytest.raises(ConfigurationError, match="apt-get install chromium-headless-shell"):
        find_browser(None)


SANDBOX = Sandbox(id="1", start_url="http://shop.example/", headers={})

Script = Callable[[Browser, dict[str, str]], Coroutine[Any, Any, None]]


def with_browser(temporary: Path, script: Script) -> None:
    """Run a script on a browser, and on the map of hosts that it goes by."""

    async def run() -> None:
        browser, hosts = await Browser.find(temporary), {"shop.example": "127.0.0.1:1"}
        try:
            await browser.launch(lambda: hosts)
            await script(browser, hosts)
        finally:
            await browser.close()

    asyncio.run(run())


async def crash(browser: Browser) -> None:
    """Have the browser's main process crash, from a page of its own."""
    async with browser.context(SANDBOX, "en") as context:
        session = await (await context.new_page()).context.browser.new_browser_cdp_session()
        with suppress(PlaywrightError):
            await session.send("Browser.crash")


def test_all_cases_after_a_crash_share_one_new_browser(tmp_path):
    async def script(browser: Browser, _hosts: dict[str, str]) -> None:
        await crash(browser)

        async def case() -> object:
            async with browser.context(SANDBOX, "en") as context:
                await context.new_page()
                return context.browser

        assert len(set(await asyncio.gather(*(case() for _ in range(4))))) == 1

    with_browser(tmp_path, script)


def test_a_browser_that_crashes_again_and_again_is_given_up(tmp_path):
    async def script(browser: Browser, _hosts: dict[str, str]) -> None:
        for _ in range(MAX_RELAUNCHES + 1):
            await crash(browser)
        with pytest.raises(InfrastructureError, match="launched anew 3 times in this run"):
            await crash(browser)

    with_browser(tmp_path, script)


def test_a_site_that_moved_is_found_by_a_new_browser_while_the_old_serves_its_cases(tmp_path):
    async def script(browser: Browser, hosts: dict[str, str]) -> None:
        async with browser.context(SANDBOX, "en") as old:
            hosts["shop.example"] = "127.0.0.1:2"
            async with browser.context(SANDBOX, "en") as new:
                assert new.browser is not old.browser
                await new.new_page()
            await old.new_page()
            before = old.browser
            assert before is not None
            assert before.is_connected()
        assert not before.is_connected()  # it was closed with the last case that it served
        async with browser.context(SANDBOX, "en") as another:
            assert another.browser is new.browser

    with_browser(tmp_path, script)


CALLS_A_PEER = """async (port) => {
  const peers = new RTCPeerConnection({iceServers: [{urls: `stun:127.0.0.1:${port}`}]});
  peers.createDataChannel("data");
  await peers.setLocalDescription(await peers.createOffer());
  await new Promise((done) => setTimeout(done, 500));
}"""


def test_a_page_reaches_nobody_by_calling_peers(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.bind(("127.0.0.1", 0))
        outside.setblocking(False)

        async def script(browser: Browser, _hosts: dict[str, str]) -> None:
            async with browser.context(SANDBOX, "en") as context:
                page = await context.new_page()
                await page.evaluate(CALLS_A_PEER, outside.getsockname()[1])
            with pytest.raises(BlockingIOError):
                outside.recv(100)

        with_browser(tmp_path, script)
