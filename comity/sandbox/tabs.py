"""The tabs of one case's browser context, of which the agent has the one in front."""

import asyncio
from contextlib import suppress

from playwright.async_api import BrowserContext, CDPSession
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as PlaywrightPage

from comity.sandbox.traffic import Traffic

# What a hostile page could make unbounded: each tab takes memory that other cases' pages need.
MAX_TABS = 8
# A tab comes when its page begins to load; one that never does is not waited for.
OPEN_SECONDS = 3.0


class Tabs:
    """The tabs that are open, those in front last, as a person would have them.

    A tab that the page opens comes to the front. Where one is closed, by a page's own script or
    since the agent goes back to where it came from, the one before is in front again.
    """

    def __init__(
        self,
        context: BrowserContext,
        traffic: Traffic,
        start_url: str,
        *,
        milliseconds: float,
        loading: float,
    ) -> None:
        """Follow the tabs of `context`, which has none yet.

        Args:
            context: the case's own.
            traffic: what notes the addresses that tabs come to.
            start_url: what is opened where all tabs were closed.
            milliseconds: how long an element may take to answer.
            loading: how long a page may take to load, in milliseconds.
        """
        self._context = context
        self._traffic = traffic
        self._start_url = start_url
        self._milliseconds = milliseconds
        self._loading = loading
        self._open: list[PlaywrightPage] = []
        self._front: PlaywrightPage | None = None
        self._crashed: set[PlaywrightPage] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._heard: dict[PlaywrightPage, CDPSession] = {}
        """Lines to those that tell when they open another."""
        self._coming = 0
        """How many tabs were opened, and are not there yet."""
        self._came = asyncio.Event()
        context.on("page", self._follow)

    @property
    def front(self) -> PlaywrightPage:
        """The tab in front; one that is closed where none is left."""
        assert self._front is not None, "a page is opened first"
        return self._front

    @property
    def crashed(self) -> bool:
        """Whether the tab in front has crashed."""
        return self._front in self._crashed

    @property
    def can_close(self) -> bool:
        """Whether another tab lies behind the one in front."""
        return len(self._open) > 1

    async def can_go_back(self) -> bool:
        """Return whether a page of the site lies behind the one that the tab in front shows.

        Raises:
            playwright.async_api.Error: the tab is gone.
        """
        if self.front not in self._heard:
            return False
        history = await self._heard[self.front].send("Page.getNavigationHistory")
        behind = history["entries"][: history["currentIndex"]]
        return any(self._traffic.is_home(entry["url"]) for entry in behind)

    async def ready(self) -> PlaywrightPage:
        """Return the tab in front; where a page has closed the last one, the site anew.

        Raises:
            playwright.async_api.Error: the browser is gone, or the site does not load.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(OPEN_SECONDS):
                while self._coming:
                    self._came.clear()
                    await self._came.wait()
        self._coming = 0
        if not self._open:
            await (await self._context.new_page()).goto(self._start_url)
        if self.front not in self._heard:
            await self._hear(self.front)
        return self.front

    async def _hear(self, tab: PlaywrightPage) -> None:
        """Have a tab tell when it opens another: Playwright tells only once that has an answer."""
        with suppress(PlaywrightError):  # one that is gone is told of where it is used
            session = self._heard[tab] = await self._context.new_cdp_session(tab)
            session.on("Page.windowOpen", self._expect)
            await session.send("Page.enable")

    def _expect(self, _event: object) -> None:
        self._coming += 1

    def end(self) -> None:
        """Follow no further tab."""
        self._context.remove_listener("page", self._follow)

    def _follow(self, tab: PlaywrightPage) -> None:
        tab.on("close", self._forget)
        self._coming = max(0, self._coming - 1)
        self._came.set()
        # A tab without an address was opened for a file, shows nothing, and would never load.
        if len(self._open) >= MAX_TABS or not tab.url:
            closing = asyncio.ensure_future(_closed(tab))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            return
        tab.set_default_timeout(self._milliseconds)
        tab.set_default_navigation_timeout(self._loading)
        tab.on("crash", self._note_crash)
        self._traffic.follow(tab)
        self._open.append(tab)
        self._front = tab

    def _note_crash(self, tab: PlaywrightPage) -> None:
        self._crashed.add(tab)

    def _forget(self, tab: PlaywrightPage) -> None:
        self._traffic.leave(tab)
        self._heard.pop(tab, None)
        if tab in self._open:
            self._open.remove(tab)
        if self._open:
            self._front = self._open[-1]


async def _closed(tab: PlaywrightPage) -> None:
    with suppress(PlaywrightError):
        await tab.close()
