"""The page as an agent has it: it can be observed and acted on, and everything is recorded."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.async_api import BrowserContext, Dialog, Response
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
from comity.sandbox.deeds import do_on
from comity.sandbox.sites import PATIENCE_SECONDS
from comity.sandbox.tabs import Tabs
from comity.sandbox.traffic import Traffic
from comity.schema import Observation, Step, Visit
from comity.schema.base import printable, well_formed

# A stale ref waits for the whole of this. An element that is there answers in a tenth of a second,
# or in some seconds where sixteen pages share two busy cores.
ACTION_MILLISECONDS = 4_000
# After an action the page may fetch more; it is observed when it rests, or after this.
SETTLE_SECONDS = 3.0
# A page that answers again begins at once with what was asked of it meanwhile.
LATE_SECONDS = 0.3
# What a hostile page could make unbounded.
MAX_DEPTH = 60
MAX_DIALOGS = 5
MAX_ERROR_CHARACTERS = 200
MAX_NAME_CHARACTERS = 200
MAX_TITLE_CHARACTERS = 200
MAX_URL_CHARACTERS = 500

Waiting = Callable[[], AbstractContextManager[None]]


class Result(BaseModel):
    """What came of an action: `error` says, for the agent to read, why it could not be done."""

    error: str | None = None


class Page:
    """One case's page. Time spent here counts as the browser's, not as the agent's own."""

    def __init__(
        self,
        context: BrowserContext,
        *,
        start_url: str,
        max_steps: int,
        started: float,
        patience: float,
        waiting: Waiting,
    ) -> None:
        self.steps: list[Step] = []
        self.last: observation.View | None = None
        self.seen: Observation | None = None
        self.start_url = start_url
        self.max_steps = max_steps
        self._context = context
        self._host = urlsplit(start_url).hostname
        self._started = started
        self._patience = patience
        self._waiting = waiting
        self._failure: InfrastructureError | None = None
        self._traffic = Traffic(context, self._host)
        self._tabs = Tabs(
            context,
            self._traffic,
            start_url,
            milliseconds=ACTION_MILLISECONDS,
            loading=patience * 1_000,
        )
        self._read: PlaywrightPage | None = None
        """The tab that was observed last."""
        self._offset = 0
        self._behind = False
        """Whether a page of the site lay behind the one that was observed last, in its tab."""
        self._dialogs: list[observation.Element] = []
        """What pages asked and said in boxes of the browser's since the last action began."""
        self._turn = asyncio.Lock()
        """Held while something is done: an agent may call several tools of its own at once."""
        context.on("dialog", self._agree)

    @classmethod
    async def open(
        cls,
        context: BrowserContext,
        start_url: str,
        *,
        max_steps: int,
        started: float | None = None,
        patience: float = PATIENCE_SECONDS,
        waiting: Waiting = nullcontext,
    ) -> "Page":
        """Open a page at `start_url`, whose host is the only one that it may visit.

        `patience` is how long a page may take to load or to be read, in seconds.

        Raises:
            InfrastructureError: the page does not load.
        """
        page = cls(
            context,
            start_url=start_url,
            max_steps=max_steps,
            started=time.monotonic() if started is None else started,
            patience=patience,
            waiting=waiting,
        )
        try:
            with waiting():
                async with asyncio.timeout(patience):
                    tab = await context.new_page()
                    response = await tab.goto(start_url)
        except (TimeoutError, PlaywrightTimeout):
            raise InfrastructureError(
                f"the start page {start_url} does not load within {patience:g} s"
            ) from None
        except PlaywrightError as error:
            raise InfrastructureError(
                f"the start page {start_url} does not load: {_told(error)}"
            ) from None
        if response is None or not response.ok:
            status = response.status if response else "nothing"
            raise InfrastructureError(f"the start page {start_url} answered {status}")
        return page

    @property
    def visits(self) -> list[Visit]:
        """The pages of the site that the browser asked for, or that a script drew."""
        return self._traffic.visits

    @property
    def blocked(self) -> list[str]:
        """The addresses outside of the site that the browser tried to reach."""
        return self._traffic.blocked

    @property
    def failure(self) -> InfrastructureError | None:
        """What failed last, so that an agent which stumbles over it is not blamed."""
        return self._failure or self._traffic.failure

    @property
    def steps_left(self) -> int:
        """How many actions the agent still has."""
        return self.max_steps - len(self.steps)

    @property
    def can_go_back(self) -> bool:
        """Whether a page of the site lies behind the one last observed, or a tab behind its tab."""
        return self._behind or self._tabs.can_close

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

    async def _agree(self, dialog: Dialog) -> None:
        """Say yes to a box of the browser's: what it is about is what the agent has just done.

        The agent is told of it when it next sees the page.
        """
        if len(self._dialogs) < MAX_DIALOGS:
            asked = well_formed(dialog.message)
            self._dialogs.append(observation.Element("dialog", asked, states=("agreed",)))
        with suppress(PlaywrightError):  # its page may be gone
            await dialog.accept()

    async def observe(self) -> Observation:
        """Return the page as it is now, cut to the token budget.

        Raises:
            InfrastructureError: the browser or the page is gone, or does not answer.
        """
        async with self._turn:
            return await self._observed()

    async def _observed(self) -> Observation:
        async with self._ours("reading the page", self._patience):
            tab, snapshot, title = await self._shown()
            found = [*self._dialogs, *observation.elements(well_formed(snapshot))]
            self._behind = await self._tabs.can_go_back()
        if tab is not self._read:
            self._read, self._offset = tab, 0
        self.last = observation.view(found, self._offset)
        self._offset = self.last.above
        self.seen = Observation(
            url=printable(tab.url, MAX_URL_CHARACTERS),
            title=printable(title, MAX_TITLE_CHARACTERS),
            text=self.last.text,
            cut=self.last.above + self.last.below + self.last.dropped,
        )
        return self.seen

    async def _shown(self) -> tuple[PlaywrightPage, str, str]:
        """Return the tab in front, its accessibility snapshot and its title."""
        while True:
            tab = await self._tabs.ready()
            try:
                await self._settle(tab)
                milliseconds = self._patience * 1_000
                shown = tab if await _has_body(tab) else tab.locator(":root")
                snapshot = await shown.aria_snapshot(
                    mode="ai", depth=MAX_DEPTH, timeout=milliseconds
                )
                return tab, snapshot, await tab.title()
            except PlaywrightError:
                if not tab.is_closed():  # else its own script has closed it meanwhile
                    raise

    async def _settle(self, tab: PlaywrightPage) -> None:
        """Wait for the page, and then until it rests, for at most SETTLE_SECONDS."""
        await self._traffic.arrived()
        await tab.wait_for_load_state("domcontentloaded")
        await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._traffic.rest(), SETTLE_SECONDS)

    async def act(self, action: AnyAction) -> Result:
        """Do what the agent asks, record it, and return what came of it.

        An action that cannot be done counts as a step, and its result says why. Of several at once
        each begins when the one before has ended.

        Raises:
            AgentError: no step is left, or it is no action.
            InfrastructureError: the browser or the page is gone.
        """
        if not isinstance(action, ACTIONS):
            raise AgentError(f"{type(action).__name__} is no action of a page")
        async with self._turn:
            return await self._acted(action)

    async def _acted(self, action: AnyAction) -> Result:
        if self.steps_left <= 0:
            raise AgentError(f"out of steps: {self.max_steps} were allowed")
        if self.last is None:
            await self._observed()
        target = self._element(getattr(action, "ref", None))
        self._dialogs.clear()
        index, at, seen = len(self.steps) + 1, time.monotonic() - self._started, self.seen
        error = None
        try:
            # The element is waited for, then the page that it led to.
            seconds = ACTION_MILLISECONDS / 1_000 + 2 * self._patience
            async with self._ours("acting on the page", seconds):
                error = await self._tried(action, target)
        finally:
            self.steps.append(
                Step(
                    index=index,
                    action=action.model_dump(mode="json"),
                    target=_described(target) if target else None,
                    error=error,
                    observed=seen,
                    at=round(at, 3),
                )
            )
        return Result(error=error)

    @asynccontextmanager
    async def _ours(self, doing: str, seconds: float) -> AsyncIterator[None]:
        """Make whatever fails in here trouble of ours: nothing of it is the agent's doing."""
        try:
            with self._waiting():
                async with asyncio.timeout(seconds):
                    yield
            self._failure = None
        except Exception as error:
            self._failure = InfrastructureError(self._trouble(doing, error))
            raise self._failure from error

    def _trouble(self, doing: str, error: Exception) -> str:
        """Return which part failed, and how."""
        url = printable(self._traffic.awaited or self._tabs.front.url, MAX_URL_CHARACTERS)
        if self._tabs.crashed:
            return f"the browser's page crashed at {url}"
        if isinstance(error, TimeoutError | PlaywrightTimeout):
            return f"the page {url} did not load or answer within {self._patience:g} s"
        if isinstance(error, PlaywrightError):
            return f"the browser failed at {url}: {_told(error)}"
        return f"{doing} failed at {url}: {type(error).__name__}: {error}"

    async def _tried(self, action: AnyAction, target: observation.Element | None) -> str | None:
        """Do the action; return None, or what the agent is told of why it cannot be done."""
        visited = len(self.visits)
        try:
            return await self._do(action, target)
        except PlaywrightError as error:
            # Only what cannot be done on a page that is there is for the agent to know.
            await self._answer()
            if isinstance(error, PlaywrightTimeout):
                await asyncio.sleep(LATE_SECONDS)
                if len(self.visits) > visited:
                    return None  # it led somewhere: it was done, and only the machine is slow
                return "the element did not answer; observe the page again"
            return _told(error)

    async def _answer(self) -> None:
        """Wait until the page answers.

        Raises:
            PlaywrightError: it is gone.
            TimeoutError: it does not come, or hangs.
        """
        async with asyncio.timeout(self._patience):
            await self._traffic.arrived()
            await (await self._tabs.ready()).title()
        if self._tabs.crashed:  # a page that crashed still has a title
            raise PlaywrightError("the page crashed")

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
        tab = self._tabs.front
        if tab is not self._read:
            # A ref means something else there.
            return "another tab is in front now; observe the page again"
        address = tab.url
        error = await do_on(tab, target, action)
        if tab.url != address:
            self._offset = 0
        return error

    def _scroll(self, action: Scroll) -> str | None:
        view = self.last
        if view is None or (view.below if action.direction == "down" else view.above) == 0:
            return f"there is nothing {'below' if action.direction == 'down' else 'above'}"
        step = view.shown
        self._offset = max(0, self._offset + (step if action.direction == "down" else -step))
        return None

    async def _goto(self, url: str) -> str | None:
        try:
            tab = await self._tabs.ready()
            here = tab.url
            address = urljoin(here if self._traffic.is_home(here) else self.start_url, url)
            is_home = self._traffic.is_home(address)
            is_there = _origin(address) in (_origin(self.start_url), _origin(here))
        except ValueError:
            return "this is no address"
        if not (is_home and is_there):
            self._traffic.note_blocked(address)
            # At https, where it speaks http alone, a site may hang, and would seem to have failed.
            where = _origin(self.start_url) if is_home else self._host
            return f"only pages of {where} can be opened"
        response = await self._loaded(tab.goto(address))
        return None if response is None or response.ok else f"the site answered {response.status}"

    async def _back(self) -> str | None:
        tab = await self._tabs.ready()
        if await self._tabs.can_go_back():
            await self._loaded(tab.go_back())
        elif self._tabs.can_close:
            await tab.close()
        else:
            return "there is no page to go back to"
        return None

    async def _loaded(self, loading: Awaitable[Response | None]) -> Response | None:
        """Return what came of loading a page.

        Raises:
            TimeoutError: it did not load. No element is to blame for that.
        """
        try:
            return await loading
        except PlaywrightTimeout:
            raise TimeoutError from None

    async def end(self) -> None:
        """Let what the agent set off come to rest, and note nothing that happens after.

        What a script has just put into a basket may still be on its way to the site.
        """
        await self._rest()
        self._context.remove_listener("dialog", self._agree)
        self._tabs.end()
        self._traffic.end()

    async def screenshot(self, path: Path) -> None:
        """Write a picture of the page as it is now to `path`.

        Raises:
            InfrastructureError: the page or the disk is gone.
        """
        try:
            await self._tabs.front.screenshot(path=path, animations="disabled")
        except (PlaywrightError, OSError) as error:
            raise InfrastructureError(f"no screenshot: {printable(str(error), 200)}") from None


async def _has_body(tab: PlaywrightPage) -> bool:
    """Return whether a page has what Playwright waits for; a drawing opened by itself has not."""
    with suppress(PlaywrightError):  # a page that leads on by itself just now can be waited for
        return bool(await tab.evaluate("document.body !== null"))
    return True


def _origin(url: str) -> str:
    """Return what comes before an address's path, as the browser writes it.

    Raises:
        ValueError: it is no address.
    """
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    own = parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme))
    return f"{parts.scheme}://{host}" + ("" if own else f":{parts.port}")


def _described(target: observation.Element) -> str:
    return f"{target.role} {observation.quoted(target.name, MAX_NAME_CHARACTERS)}"


def _told(error: PlaywrightError) -> str:
    """Return the first line of Playwright's message; the rest is a log of its own."""
    return printable(error.message.splitlines()[0] if error.message else "", MAX_ERROR_CHARACTERS)
