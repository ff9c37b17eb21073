"""The browser: one context a case, nothing of the outside in reach; launched anew if it is lost."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import BrowserContext, CDPSession, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from comity.errors import ConfigurationError, InfrastructureError
from comity.sandbox.running import Sandbox
from comity.schema.base import printable

OVERRIDE = "COMITY_BROWSER"
# In order of speed: the headless shell is two to four times quicker than a full browser.
SYSTEM_BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
VIEWPORT = {"width": 1280, "height": 800}

# A browser starts in a second, a context opens and closes in tenths of one, or in seconds where
# sixteen share two busy cores. What takes longer hangs, and must take no case and no run along.
LAUNCH_SECONDS = 60.0
OPEN_SECONDS = 30.0
CLOSE_SECONDS = 10.0
# An accident happens once; what ends again and again has a cause that no new launch mends.
MAX_RELAUNCHES = 3
MAX_ERROR_CHARACTERS = 500
# Pages that call each other (WebRTC) look up no names, so that no rule on names keeps them in.
NO_PEERS = "--force-webrtc-ip-handling-policy=disable_non_proxied_udp"

NO_BROWSER = (
    "no browser is found; install one with `apt-get install chromium-headless-shell` (Debian) or "
    f"`playwright install --with-deps --only-shell chromium`, or name one by {OVERRIDE}=/path"
)


def find_browser(playwrights_own: str | None) -> Path:
    """Return the browser to use: the override, Playwright's own, or the system's.

    Raises:
        ConfigurationError: there is none, or the override names no program.
    """
    override = os.environ.get(OVERRIDE)
    if override:
        found = shutil.which(override)
        if found is None:
            raise ConfigurationError(f"{OVERRIDE}={override} names no program that can be run")
        return Path(found)
    if playwrights_own and Path(playwrights_own).exists():
        return Path(playwrights_own)
    for name in SYSTEM_BROWSERS:
        if path := shutil.which(name):
            return Path(path)
    raise ConfigurationError(NO_BROWSER)


Hosts = Callable[[], Mapping[str, str]]
"""Gives the `address:port` of each name, or `name:port`, that the browser may reach now."""


@dataclass(eq=False)
class _Launched:
    """A browser, the driver process that steers it, and what it was told of hosts."""

    driver: Playwright
    browser: PlaywrightBrowser
    session: CDPSession
    """A line to the browser itself: one whose driver was killed still seems connected."""
    hosts: dict[str, str]
    users: int = 0
    """How many cases have a context in it."""

    async def answers(self) -> bool:
        with suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(OPEN_SECONDS):
                await self.session.send("Browser.getVersion")
                return True
        return False

    async def close(self) -> None:
        for part in (self.browser.close, self.driver.stop):
            await _closed(part)


class Browser:
    """A headless Chromium that finds the sites' names at their ports, and nothing else.

    It is launched anew, a few times, where it was lost, and where a site has moved to another
    port. That is safe since a case has a context of its own: the old browser serves the cases that
    have one in it, and is closed with the last.
    """

    def __init__(self, path: Path, temporary: Path) -> None:
        self.path = path
        self._temporary = temporary
        self._hosts: Hosts = dict
        self._driver: Playwright | None = None
        """A driver that was started to look for the browser, and steers none yet."""
        self._current: _Launched | None = None
        self._launched: list[_Launched] = []
        self._relaunches = 0
        self._launching = asyncio.Lock()

    @classmethod
    async def find(cls, temporary: Path) -> Self:
        """Return a browser that is there, and not yet started.

        Its profiles go to the directory `temporary`, which is there; the caller removes it.

        Raises:
            ConfigurationError: there is none.
        """
        driver = await _start_driver(temporary)
        try:
            browser = cls(find_browser(driver.chromium.executable_path), temporary)
        except BaseException:
            await driver.stop()
            raise
        browser._driver = driver
        return browser

    @property
    def version(self) -> str | None:
        """The browser's version, once it runs."""
        return self._current.browser.version if self._current else None

    async def launch(self, hosts: Hosts) -> None:
        """Start the browser.

        Raises:
            InfrastructureError: it does not start.
        """
        self._hosts = hosts
        await self._launch()

    async def _launch(self) -> _Launched:
        hosts = dict(self._hosts())
        rules = [f"MAP {name} {address}" for name, address in hosts.items()]
        try:
            async with asyncio.timeout(LAUNCH_SECONDS):
                driver, self._driver = self._driver, None
                driver = driver or await _start_driver(self._temporary)
                browser = await driver.chromium.launch(
                    executable_path=self.path,
                    args=[
                        f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}",
                        NO_PEERS,
                    ],
                )
                session = await browser.new_browser_cdp_session()
        except (PlaywrightError, TimeoutError) as error:
            if driver is not None:
                await _closed(driver.stop)
            raise InfrastructureError(
                f"the browser {self.path} does not start: {_told(error)}"
            ) from None
        self._current = launched = _Launched(driver, browser, session, hosts)
        self._launched.append(launched)
        return launched

    async def _ready(self) -> _Launched:
        """Return a browser that knows where the sites are, launched anew where that is needed."""
        current = self._current
        if current is None:
            raise InfrastructureError("the browser was not started")
        answers = await current.answers()
        if answers and current.hosts == self._hosts():
            return current
        if not answers:
            if self._relaunches == MAX_RELAUNCHES:
                raise InfrastructureError(
                    f"the browser {self.path} was launched anew {MAX_RELAUNCHES} times in this run "
                    "and was lost again"
                )
            self._relaunches += 1
        fresh = await self._launch()
        await self._retire(current)
        return fresh

    async def _retire(self, launched: _Launched) -> None:
        """Close a browser that is not used any more."""
        if launched is not self._current and launched.users == 0 and launched in self._launched:
            self._launched.remove(launched)
            await launched.close()

    @asynccontextmanager
    async def context(
        self, sandbox: Sandbox, language: str, *, trace: bool = False
    ) -> AsyncIterator[BrowserContext]:
        """Open a context that sees `sandbox` alone, and close it, whatever happened in it.

        Raises:
            InfrastructureError: the browser is gone, and cannot be launched anew.
        """
        async with self._launching:
            launched = await self._ready()
            launched.users += 1
        try:
            context = await self._open(launched, sandbox, language, trace=trace)
            try:
                yield context
            finally:
                await _closed(context.close)
        finally:
            launched.users -= 1
            await self._retire(launched)

    async def _open(
        self, launched: _Launched, sandbox: Sandbox, language: str, *, trace: bool
    ) -> BrowserContext:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                context = await launched.browser.new_context(
                    extra_http_headers=sandbox.headers,
                    locale=language,
                    timezone_id="UTC",
                    viewport={"width": VIEWPORT["width"], "height": VIEWPORT["height"]},
                    service_workers="block",
                    accept_downloads=False,
                )
                if sandbox.cookies:
                    await context.add_cookies([dict(cookie) for cookie in sandbox.cookies])  # type: ignore[misc]
                if trace:
                    await context.tracing.start(screenshots=True, snapshots=True)
                return context
        except (PlaywrightError, TimeoutError) as error:
            raise InfrastructureError(
                f"the browser {self.path} opens no page: {_told(error)}"
            ) from None

    async def close(self) -> None:
        """End the browser; one that hangs is given up."""
        for launched in self._launched:
            await launched.close()
        self._launched.clear()
        if self._driver is not None:
            await _closed(self._driver.stop)


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    """Close a part, in bounded time; one that is gone already is all that is wanted."""
    with suppress(PlaywrightError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await close()


async def _start_driver(temporary: Path) -> Playwright:
    """Start the process that steers a browser, and that keeps the browser's profile."""
    with _temporary_files_in(temporary):
        return await async_playwright().start()


@contextmanager
def _temporary_files_in(directory: Path) -> Iterator[None]:
    """Have what is started meanwhile keep its temporary files in `directory`.

    A driver that is killed cannot remove its profiles, and it can be told of a directory only by
    the environment that it inherits from us. Our own is not moved: it was settled when the first
    temporary file was made.
    """
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(directory)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _told(error: Exception) -> str:
    if isinstance(error, PlaywrightError):
        return printable(error.message, MAX_ERROR_CHARACTERS)
    return "it does not answer"
