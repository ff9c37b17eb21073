"""The page as an agent has it: it can be observed and acted on, and everything is recorded."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.async_api import BrowserContext, Frame, Locator, Request
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as PlaywrightPage
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import BaseModel

from comity.errors import AgentError, InfrastructureError
from comity.sandbox import observation
from comity.sandbox.actions import (
    ACTIONS,
    Action,
    AnyAction,
    Back,
    Click,
    Goto,
    Scroll,
    Select,
    Type,
)
from comity.schema import Observation, Step, Visit
from comity.schema.base import printable, well_formed

# A stale ref waits for the whole of this. An element that is there answers in a tenth of a second,
# or in some seconds where sixteen pages share two busy cores.
ACTION_MILLISECONDS = 4_000
# Loading and reading a page have no stale refs to wait for; what takes this long hangs.
LOAD_MILLISECONDS = 30_000
# After an action the page may fetch more; it is observed when it rests, or after this.
SETTLE_SECONDS = 3.0
# What a hostile page could make unbounded.
MAX_DEPTH = 60
MAX_ERROR_CHARACTERS = 200
MAX_TITLE_CHARACTERS = 200
MAX_RECORDED = 500

Waiting = Callable[[], AbstractContextManager[None]]


class Result(BaseModel):
    """What came of an action: `error` says, for the agent to read, why it could not be done."""

    error: str | None = None


class Page:
    """One case's page. Time spent here counts as the browser's, not as the agent's own."""

    def __init__(
        self,
        context: BrowserContext,
        page: PlaywrightPage,
        *,
        start_url: str,
        max_steps: int,
        started: float,
        waiting: Waiting = nullcontext,
    ) -> None:
        self.steps: list[Step] = []
        self.visits: list[Visit] = []
        self.blocked: list[str] = []
        self.last: observation.View | None = None
        self.seen: Observation | None = None
        self.failure: InfrastructureError | None = None
        """What failed last, so that an agent which stumbles over it is not blamed."""
        self.start_url = start_url
        self.max_steps = max_steps
        self._context = context
        self._page = page
        self._host = urlsplit(start_url).hostname
        self._started = started
        self._waiting = waiting
        self._offset = 0
        self._trail: list[str] = []
        """The addresses that the page came along, those that it went back from left out."""
        self._under_way: set[Request] = set()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        context.on("request", self._note_request)
        context.on("requestfinished", self._note_end)
        context.on("requestfailed", self._note_end)
        context.on("page", self._follow)
        page.on("framenavigated", self._note_arrival)

    @classmethod
    async def open(
        cls,
        context: BrowserContext,
        start_url: str,
        *,
        max_steps: int,
        started: float | None = None,
        waiting: Waiting = nullcontext,
    ) -> "Page":
        """Open a page at `start_url`, whose host is the only one that it may visit.

        Raises:
            InfrastructureError: the page does not load.
        """
        try:
            tab = await context.new_page()
            tab.set_default_timeout(ACTION_MILLISECONDS)
            tab.set_default_navigation_timeout(LOAD_MILLISECONDS)
            page = cls(
                context,
                tab,
                start_url=start_url,
                max_steps=max_steps,
                started=time.monotonic() if started is None else started,
                waiting=waiting,
            )
            with waiting():
                response = await tab.goto(start_url)
        except PlaywrightError as error:
            raise InfrastructureError(
                f"the start page {start_url} does not load: {_told(error)}"
            ) from None
        if response is None or not response.ok:
            status = response.status if response else "nothing"
            raise InfrastructureError(f"the start page {start_url} answered {status}")
        return page

    @property
    def steps_left(self) -> int:
        """How many actions the agent still has."""
        return self.max_steps - len(self.steps)

    @property
    def can_go_back(self) -> bool:
        """Whether a page of the site lies behind this one."""
        return len(self._trail) > 1

    def possible(self) -> list[type[Action]]:
        """Return the actions that can be done on the page as last observed; none without a step."""
        view = self.last
        if self.steps_left <= 0 or view is None:
            return []
        there = {
            Click: bool(self.refs("click")),
            Type: bool(self.refs("type")),
            Select: bool(self.refs("select")),
            Scroll: bool(view.above or view.below),
            Back: self.can_go_back,
            Goto: True,
        }
        return [action for action in ACTIONS if there[action]]

    def refs(self, action: str) -> list[str]:
        """Return the refs, on the page as last observed, that `click`, `type` or `select` takes."""
        shown = self.last.elements.values() if self.last else ()
        return [element.ref for element in shown if element.ref and element.takes(action)]

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https", "ws", "wss"):
            return
        if parts.hostname != self._host:
            self._note_blocked(request.url)
            return
        self._under_way.add(request)
        self._at_rest.clear()
        if request.is_navigation_request() and len(self.visits) < MAX_RECORDED:
            self.visits.append(Visit(method=request.method, url=request.url, path=parts.path))

    def _note_arrival(self, frame: Frame) -> None:
        if frame.parent_frame is not None or urlsplit(frame.url).hostname != self._host:
            return
        if frame.url in self._trail[-2:-1]:
            self._trail.pop()
        elif self._trail[-1:] != [frame.url] and len(self._trail) < MAX_RECORDED:
            self._trail.append(frame.url)

    def _note_end(self, request: Request) -> None:
        self._under_way.discard(request)
        if not self._under_way:
            self._at_rest.set()

    def _note_blocked(self, url: str) -> None:
        if len(self.blocked) < MAX_RECORDED:
            self.blocked.append(printable(url, 300))

    def _follow(self, tab: PlaywrightPage) -> None:
        """Go on in a tab that the page opened, as a person would."""
        tab.set_default_timeout(ACTION_MILLISECONDS)
        tab.set_default_navigation_timeout(LOAD_MILLISECONDS)
        tab.on("framenavigated", self._note_arrival)
        self._page, self._trail = tab, []

    async def observe(self) -> Observation:
        """Return the page as it is now, cut to the token budget.

        Raises:
            InfrastructureError: the browser or the page is gone, or does not answer.
        """
        with self._ours("reading the page"), self._waiting():
            await self._settle()
            snapshot = await self._page.aria_snapshot(
                mode="ai", depth=MAX_DEPTH, timeout=LOAD_MILLISECONDS
            )
            title = await self._page.title()
            found = observation.elements(well_formed(snapshot))
        self.last = observation.view(found, self._offset)
        self._offset = self.last.above
        self.seen = Observation(
            url=printable(self._page.url, 500),
            title=printable(title, MAX_TITLE_CHARACTERS),
            text=self.last.text,
            cut=self.last.above + self.last.below + self.last.dropped,
        )
        return self.seen

    async def _settle(self) -> None:
        """Wait until no request is under way, for at most SETTLE_SECONDS."""
        await self._page.wait_for_load_state("domcontentloaded")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), SETTLE_SECONDS)

    async def act(self, action: AnyAction) -> Result:
        """Do what the agent asks, record it, and return what came of it.

        An action that cannot be done counts as a step, and its result says why.

        Raises:
            AgentError: no step is left.
            InfrastructureError: the browser or the page is gone.
        """
        if self.steps_left <= 0:
            raise AgentError(f"out of steps: {self.max_steps} were allowed")
        if self.last is None:
            await self.observe()
        target = self._element(getattr(action, "ref", None))
        index, at, seen = len(self.steps) + 1, time.monotonic() - self._started, self.seen
        error = None
        try:
            with self._ours("acting on the page"), self._waiting():
                error = await self._tried(action, target)
        finally:
            self.steps.append(
                Step(
                    index=index,
                    action=action.model_dump(mode="json"),
                    target=f'{target.role} "{target.name}"' if target else None,
                    error=error,
                    observed=seen,
                    at=round(at, 3),
                )
            )
        return Result(error=error)

    @contextmanager
    def _ours(self, doing: str) -> Iterator[None]:
        """Make whatever fails in here trouble of ours: nothing of it is the agent's doing."""
        try:
            yield
        except Exception as error:
            told = _told(error) if isinstance(error, PlaywrightError) else str(error)
            self.failure = InfrastructureError(f"{doing} failed: {type(error).__name__}: {told}")
            raise self.failure from error

    async def _tried(self, action: AnyAction, target: observation.Element | None) -> str | None:
        """Do the action; return None, or what the agent is told of why it cannot be done."""
        try:
            return await self._do(action, target)
        except PlaywrightTimeout:
            return "the element did not answer; observe the page again"
        except PlaywrightError as error:
            if self._gone():
                raise
            return _told(error)

    def _gone(self) -> bool:
        browser = self._context.browser
        return self._page.is_closed() or browser is None or not browser.is_connected()

    def _element(self, ref: str | None) -> observation.Element | None:
        return None if ref is None or self.last is None else self.last.elements.get(ref)

    async def _do(self, action: AnyAction, target: observation.Element | None) -> str | None:
        """Do the action; return None, or why it cannot be done."""
        if isinstance(action, Click | Type | Select):
            return await self._do_on(action, target)
        if isinstance(action, Scroll):
            return self._scroll(action)
        self._offset = 0
        if isinstance(action, Goto):
            return await self._goto(action.url)
        return await self._back()

    async def _do_on(
        self, action: Click | Type | Select, target: observation.Element | None
    ) -> str | None:
        if target is None or self.last is None:
            shown = ", ".join(self.last.elements) if self.last else ""
            return f"there is no element {action.ref!r:.40} on the page; there are: {shown}"
        locator = self._page.locator(f"aria-ref={target.browser_ref}")
        address = self._page.url
        error: str | None = None
        if isinstance(action, Click):
            await locator.click()
        elif isinstance(action, Type):
            error = await self._type(locator, target, action)
        else:
            error = await self._select(locator, target, action)
        if self._page.url != address:
            self._offset = 0
        return error

    async def _type(
        self, locator: Locator, target: observation.Element, action: Type
    ) -> str | None:
        if not target.takes("type"):
            return f"a {target.role} takes no text; type into a textbox"
        await locator.fill(action.text)
        if action.submit:
            await locator.press("Enter")
        return None

    async def _select(
        self, locator: Locator, target: observation.Element, action: Select
    ) -> str | None:
        if not target.takes("select"):
            return f"a {target.role} has no options; select works on a combobox"
        if action.option not in target.options:
            return f"there is no option {action.option!r:.80}"
        await locator.select_option(label=action.option)
        return None

    def _scroll(self, action: Scroll) -> str | None:
        view = self.last
        if view is None or (view.below if action.direction == "down" else view.above) == 0:
            return f"there is nothing {'below' if action.direction == 'down' else 'above'}"
        step = view.shown
        self._offset = max(0, self._offset + (step if action.direction == "down" else -step))
        return None

    async def _goto(self, url: str) -> str | None:
        try:
            address = urljoin(self._page.url, url)
            parts = urlsplit(address)
        except ValueError:
            return "this is no address"
        if parts.scheme not in ("http", "https") or parts.hostname != self._host:
            self._note_blocked(address)
            return f"only pages of {self._host} can be opened"
        response = await self._page.goto(address)
        return None if response is None or response.ok else f"the site answered {response.status}"

    async def _back(self) -> str | None:
        if not self.can_go_back:
            return "there is no page to go back to"
        await self._page.go_back()
        return None

    async def screenshot(self, path: Path) -> None:
        """Write a picture of the page as it is now to `path`.

        Raises:
            InfrastructureError: the page or the disk is gone.
        """
        try:
            await self._page.screenshot(path=path, animations="disabled")
        except (PlaywrightError, OSError) as error:
            raise InfrastructureError(f"no screenshot: {printable(str(error), 200)}") from None


def _told(error: PlaywrightError) -> str:
    """Return the first line of Playwright's message; the rest is a log of its own."""
    return printable(error.message.splitlines()[0] if error.message else "", MAX_ERROR_CHARACTERS)
