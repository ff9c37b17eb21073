"""What the browser asks for on behalf of one case: what it visited, what was blocked, what it
waits for."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Frame, Request, Response
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as PlaywrightPage

from comity.errors import InfrastructureError
from comity.schema import Visit
from comity.schema.base import printable

# What a hostile page could make unbounded.
MAX_RECORDED = 500
MAX_URL_CHARACTERS = 300
# A search that is asked by its address is as long as what may be typed.
MAX_VISIT_CHARACTERS = 2_000
SERVER_ERROR = 500
# What never ends is not waited for: a line by which the site tells the page of news.
ENDLESS = frozenset({"eventsource"})


class Traffic:
    """The requests of one browser context, of which `host` is the only host that it may visit."""

    def __init__(self, context: BrowserContext, host: str | None) -> None:
        self.visits: list[Visit] = []
        self.blocked: list[str] = []
        self.failure: InfrastructureError | None = None
        """How the site failed to answer for a page, where none has come since."""
        self._host = host
        self._arriving: set[Request] = set()
        self._under_way: set[Request] = set()
        self._changed = asyncio.Event()
        self._context = context
        context.on("request", self._note_request)
        context.on("response", self._note_response)
        context.on("requestfinished", self._note_end)
        context.on("requestfailed", self._note_failure)

    def end(self) -> None:
        """Note nothing more of what is asked for."""
        self._context.remove_listener("request", self._note_request)
        self._context.remove_listener("response", self._note_response)
        self._context.remove_listener("requestfinished", self._note_end)
        self._context.remove_listener("requestfailed", self._note_failure)

    def follow(self, tab: PlaywrightPage) -> None:
        """Note the addresses of `tab` from now on."""
        tab.on("framenavigated", self._note_arrival)

    def leave(self, tab: PlaywrightPage) -> None:
        """Wait for nothing of a tab that is closed: no answer to it is told of any more."""
        for requests in (self._arriving, self._under_way):
            requests -= {request for request in requests if _tab_of(request) in (tab, None)}
        self._changed.set()

    def is_home(self, url: str) -> bool:
        """Return whether an address is one of the site's; a browser's page of errors has another.

        Raises:
            ValueError: it is no address.
        """
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and parts.hostname == self._host

    @property
    def awaited(self) -> str | None:
        """The address of a page that the site has not begun to answer; None if there is none."""
        return next((request.url for request in self._arriving), None)

    async def arrived(self) -> None:
        """Wait until no page is awaited."""
        while self._arriving:
            await self._change()

    async def rest(self) -> None:
        """Wait until no request is under way."""
        while self._under_way:
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def note_blocked(self, url: str) -> None:
        """Note an attempt to leave the site."""
        if len(self.blocked) < MAX_RECORDED:
            self.blocked.append(printable(url, MAX_URL_CHARACTERS))

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https", "ws", "wss"):
            return
        if parts.hostname != self._host:
            self.note_blocked(request.url)
            return
        if request.resource_type not in ENDLESS:
            self._under_way.add(request)
        if request.is_navigation_request():
            self._note_visit(request.method, request.url)
            if _is_of_a_page(request):
                self._arriving.add(request)

    def _note_visit(self, method: str, address: str) -> None:
        if len(self.visits) < MAX_RECORDED:
            url = printable(address, MAX_VISIT_CHARACTERS)
            path = urlsplit(address).path[:MAX_VISIT_CHARACTERS]
            self.visits.append(Visit(method=method, url=url, path=path))

    def _note_response(self, response: Response) -> None:
        request = response.request
        if request in self._arriving:
            self._arriving.discard(request)
            self.failure = None
            if response.status >= SERVER_ERROR:
                self._failed(request, f"answered {response.status}")
        self._changed.set()

    def _note_end(self, request: Request) -> None:
        self._arriving.discard(request)
        self._under_way.discard(request)
        self._changed.set()

    def _note_failure(self, request: Request) -> None:
        # ERR_ABORTED is the browser's own doing: another page was asked for meanwhile.
        if request in self._arriving and request.failure != "net::ERR_ABORTED":
            self._failed(request, f"did not answer ({request.failure})")
        self._note_end(request)

    def _failed(self, request: Request, how: str) -> None:
        url = printable(request.url, MAX_URL_CHARACTERS)
        self.failure = InfrastructureError(f"the site {how} for the page {request.method} {url}")

    def _note_arrival(self, frame: Frame) -> None:
        if frame.parent_frame is not None or not self.is_home(frame.url):
            return
        # A page that a script draws under an address of its own is asked for in parts, if at all.
        if urlsplit(frame.url).path not in {visit.path for visit in self.visits}:
            self._note_visit("GET", frame.url)


def _is_of_a_page(request: Request) -> bool:
    """Return whether the request is for a whole page, not for a frame in one."""
    with suppress(PlaywrightError):
        return request.frame.parent_frame is None
    return True  # a tab that is just being opened has no frame yet


def _tab_of(request: Request) -> PlaywrightPage | None:
    """Return the tab that asks; None where it has no frame, or none any more."""
    with suppress(PlaywrightError):
        return request.frame.page
    return None
