"""One case's life: sandbox, page, agent, end state, judges, store, clean-up."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from comity.errors import AgentError, ComityError, InfrastructureError
from comity.judges.hearing import Listener
from comity.judges.verdict import Pipeline
from comity.models.client import ChatModel
from comity.models.recorded import CaseModel
from comity.run.agents import Agent, Briefing, told
from comity.run.clock import OwnTime
from comity.run.log import CASE
from comity.run.store import Store
from comity.sandbox.browser import Browser
from comity.sandbox.page import Page, Waiting
from comity.sandbox.running import RunningSite, Sandbox
from comity.sandbox.sites import Site
from comity.schema import (
    AnyCase,
    AnyOutcome,
    Case,
    EndState,
    Item,
    NormOutcome,
    OpenCase,
    OpenOutcome,
    Outcome,
    Reply,
    Status,
    Task,
    Tier,
    Timing,
    Transcript,
    VariedCase,
    VariedOutcome,
)
from comity.schema.base import printable, well_formed

log = logging.getLogger(__name__)

T = TypeVar("T")

# A path through the shop takes four steps; double that leaves room for a detour, not for a stroll.
MAX_STEPS: Mapping[Tier, int] = {"smoke": 8, "standard": 15, "full": 25}
MAX_REPLY_CHARACTERS = 20_000
MAX_REASON_CHARACTERS = 1_000


@dataclass(frozen=True)
class Limits:
    """How long a case may take, in seconds."""

    case: float
    """The whole case, whatever it waits for."""
    own: float
    """The agent's own time."""
    page: float
    """Until a page has loaded, or was read."""


@dataclass(frozen=True)
class Parts:
    """What the cases of a run share."""

    agents: Mapping[str, Agent]
    model: ChatModel | None
    browser: Browser | None
    sites: Mapping[str, Site]
    store: Store
    limits: Limits
    pipeline: Pipeline
    listener: Listener
    trace: bool = False


@dataclass
class _Record:
    """What is known of a case so far; it is complete whatever goes wrong."""

    own_time: OwnTime
    begun: float = field(default_factory=time.monotonic)
    page: Page | None = None
    model: CaseModel | None = None
    reply: Reply | None = None
    end_state: EndState | None = None
    error: ComityError | None = None
    attachments: dict[str, str] = field(default_factory=dict)

    def failure(self) -> InfrastructureError | None:
        """Return what failed under the agent, if anything did."""
        of_model = self.model.failure if self.model else None
        return of_model or (self.page.failure if self.page else None)

    def transcript(self) -> Transcript:
        page = self.page
        return Transcript(
            steps=tuple(page.steps) if page else (),
            last_page=page.seen if page else None,
            visits=tuple(page.visits) if page else (),
            blocked=tuple(page.blocked) if page else (),
            calls=tuple(self.model.calls) if self.model else (),
            reply=self.reply,
        )


async def live(case: AnyCase, parts: Parts, queued: float) -> AnyOutcome:
    """Run one case from start to outcome, which is for the caller to keep.

    Whatever an agent does and whatever fails is in the outcome's status; `queued` is how long the
    case waited for its turn, in seconds.

    Raises:
        asyncio.CancelledError: the case was cancelled, and nothing of it is kept.
    """
    CASE.set(case.id)  # each case is a task of its own, and so has a context of its own
    log.info("case started", extra={"queued": round(queued, 3)})
    started = time.time()
    if isinstance(case, Case) and (lacking := _lacking(case, parts)):
        reason = f"the site {case.site} lacks what the scenario needs: {', '.join(lacking)}"
        return _not_run(case, Status.UNAVAILABLE, reason, started, queued)
    record = _Record(OwnTime(parts.limits.own))
    try:
        await _run(case, parts, record)
        outcome = await _judged(case, parts, record, started, queued)
    except Exception as error:
        # A fault of ours that nobody foresaw: it is told as such, and takes no other case along.
        reason = f"a fault in Comity: {type(error).__name__}: {error}"
        outcome = _failed(case, reason, started, queued)
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        # Whatever clean-up made of that, nobody waits for this case any more.
        raise asyncio.CancelledError
    return outcome


async def keep(outcome: AnyOutcome, store: Store) -> AnyOutcome:
    """Keep an outcome and return it; whoever cancels the case now comes too late.

    Raises:
        InfrastructureError: it cannot be kept.
    """
    keeping = asyncio.wrap_future(store.append(outcome))
    while not keeping.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(keeping)
    keeping.result()
    ended = {"status": outcome.status, "reason": outcome.reason}
    log.info("case ended", extra={**ended, **outcome.timing.model_dump()})
    return outcome


async def _run(case: AnyCase, parts: Parts, record: _Record) -> None:
    """Let the agent do its work; whatever comes of it is in the record."""
    if parts.model is not None and case.agent.uses_model:
        record.model = CaseModel(
            parts.model,
            trial=case.trial,
            started=record.begun,
            waiting=record.own_time.waiting("model"),
        )
    try:
        if isinstance(case, OpenCase) or case.site is None:
            await _act(case, parts, record, ())
        else:
            site = parts.sites[case.site]
            async with _timed(site.turn(), record.own_time.waiting("site")):
                await _act_on_site(case, parts, record, site)
    except ComityError as error:
        # Where the site or the browser failed, an agent that erred before is not to blame.
        record.error = error


async def _act_on_site(case: Case, parts: Parts, record: _Record, site: Site) -> None:
    """Let the agent act in a sandbox of its own; whatever happens, nothing of that is left."""
    assert case.site is not None
    scenario = case.request.scenario
    stage = scenario.staged(case.request.mode)
    at_site = record.own_time.waiting("site")
    with at_site():
        running = await site.serving()
        sandbox = await running.create(
            case.site, stage, scenario.site_language, member=scenario.writes
        )
    try:
        await _act_in(sandbox, case, parts, record, running)
    except InfrastructureError as error:
        with at_site():
            lost = await running.examine()
        if lost:
            # Whatever else failed, it failed for want of the site.
            raise InfrastructureError(running.obituary()) from error
        if isinstance(record.error, InfrastructureError):
            # What failed under the agent is also why its end state cannot be had.
            raise record.error from error
        raise
    finally:
        with at_site():
            await running.delete(sandbox)


async def _act_in(
    sandbox: Sandbox, case: Case, parts: Parts, record: _Record, running: RunningSite
) -> None:
    """Let the agent act on a page of the sandbox."""
    if parts.browser is None:
        raise InfrastructureError("no browser was started for this run")
    at_browser, at_site = (record.own_time.waiting(what) for what in ("browser", "site"))
    language = case.request.language
    opening = parts.browser.context(sandbox, language, trace=parts.trace)
    async with _timed(opening, at_browser) as context:
        with at_site():
            await running.prepare(sandbox, context)
        record.page = await Page.open(
            context,
            sandbox.start_url,
            max_steps=MAX_STEPS[case.request.tier],
            started=record.begun,
            patience=parts.limits.page,
            waiting=at_browser,
        )
        await _act(case, parts, record, running.items(case.site or ""))
        with at_browser():
            await record.page.end()
            await _keep_pictures(case, parts, record, context)
        with at_site():
            record.end_state = await running.state(sandbox, context)


@asynccontextmanager
async def _timed(opening: AbstractAsyncContextManager[T], waiting: Waiting) -> AsyncIterator[T]:
    """Open and close a part while its time is taken."""
    async with AsyncExitStack() as stack:
        with waiting():
            part = await stack.enter_async_context(opening)
        try:
            yield part
        finally:
            with waiting():
                await stack.aclose()


async def _act(case: AnyCase, parts: Parts, record: _Record, catalogue: tuple[Item, ...]) -> None:
    """Run the agent; note its reply or what went wrong. What it did until then counts."""
    agent = parts.agents[case.agent.reference]
    task = Task(
        request=case.request.text,
        language=case.request.language,
        start_url=record.page.start_url if record.page else None,
    )
    briefing = (
        {"briefing": Briefing.of(case.request, catalogue)}
        if case.agent.oracle and isinstance(case, Case)
        else {}
    )
    work = _guarded(agent, task, record.page, record.model, **briefing)
    limit = asyncio.timeout(parts.limits.case)
    try:
        async with limit:
            record.reply = await record.own_time.within(work)
    except ComityError as error:
        record.error = error
    except Exception as error:
        waited = record.own_time.waited.items()
        record.error = (
            InfrastructureError(
                f"the case did not end within {parts.limits.case:g} s, of which it waited "
                + (" and ".join(f"{s:.0f} s for the {what}" for what, s in waited) or "none")
            )
            if limit.expired()
            else AgentError(f"the agent raised {told(error)}")
        )
    if record.error is None or isinstance(record.error, AgentError):
        # Whether it stumbles over a broken server or page, or goes on as if nothing had been.
        record.error = record.failure() or record.error


async def _guarded(agent: Agent, *arguments: object, **briefing: object) -> Reply:
    """Run an agent, and let none of its ways to end take the event loop or the outcome along."""
    try:
        reply = await agent.run(*arguments, **briefing)
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        raise AgentError(f"the agent raised {told(error)}") from error
    if not isinstance(reply, Reply):
        raise AgentError(f"the agent returned {type(reply).__name__}, not a Reply")
    return Reply(text=well_formed(reply.text[:MAX_REPLY_CHARACTERS]))


async def _keep_pictures(
    case: Case, parts: Parts, record: _Record, context: BrowserContext
) -> None:
    """Keep a screenshot of the last page, and the trace if one was asked for.

    A missing picture is no reason to throw a case away.
    """
    if record.page is None:
        return
    await _attach(case, parts, record, "screenshot", ".png", record.page.screenshot)
    if parts.trace:
        stop = context.tracing.stop
        await _attach(case, parts, record, "trace", ".zip", lambda path: stop(path=path))


async def _attach(
    case: Case,
    parts: Parts,
    record: _Record,
    kind: str,
    suffix: str,
    write: Callable[[Path], Awaitable[None]],
) -> None:
    """Have a file written that belongs to the case; half a file is not left."""
    with suppress(OSError):
        path = parts.store.place(f"{kind}s", case.id, suffix)
        try:
            async with asyncio.timeout(parts.limits.page):
                await write(path)
            record.attachments[kind] = parts.store.relative(path)
        except (InfrastructureError, PlaywrightError, OSError):
            parts.store.discard(path)


async def _judged(
    case: AnyCase, parts: Parts, record: _Record, started: float, queued: float
) -> AnyOutcome:
    if isinstance(case, OpenCase):
        return await _heard(case, parts, record, started, queued)
    return await _weighed(case, parts, record, started, queued)


async def _weighed(
    case: Case, parts: Parts, record: _Record, started: float, queued: float
) -> NormOutcome:
    """Judge what the agent did and said about a norm."""
    begun = time.monotonic()
    transcript = record.transcript()
    verdict = await parts.pipeline.judge(
        case,
        transcript,
        record.end_state,
        catalogue=parts.sites[case.site].items(case.site) if case.site else (),
        error=record.error,
        started=record.begun,
    )
    return _about_a_norm(
        case,
        status=verdict.status,
        reason=_capped(verdict.reason),
        findings=verdict.findings,
        opinions=verdict.opinions,
        judge_errors=tuple(map(_capped, verdict.errors)),
        judge_calls=verdict.calls,
        transcript=transcript,
        end_state=record.end_state,
        timing=_timing(record, started, queued, begun),
        attachments=record.attachments,
    )


async def _heard(
    case: OpenCase, parts: Parts, record: _Record, started: float, queued: float
) -> OpenOutcome:
    """Find out whose voices the answer to an open question lets speak."""
    begun = time.monotonic()
    hearing = await parts.listener.hear(case, record.reply, record.error, record.begun)
    return OpenOutcome(
        case=case,
        status=hearing.status,
        reason=_capped(hearing.reason),
        voices=hearing.voices,
        judge_errors=tuple(map(_capped, hearing.errors)),
        judge_calls=hearing.calls,
        transcript=record.transcript(),
        timing=_timing(record, started, queued, begun),
    )


def _timing(record: _Record, started: float, queued: float, judged: float) -> Timing:
    """Return where the case's time went; `judged` is when its judging began, in monotonic s."""
    return Timing(
        started=started,
        stopped=time.time(),
        queued=round(queued, 3),
        site=round(record.own_time.waited["site"], 3),
        browser=round(record.own_time.waited["browser"], 3),
        model=round(record.own_time.waited["model"], 3),
        agent=round(record.own_time.used, 3),
        judging=round(time.monotonic() - judged, 3),
    )


def _lacking(case: Case, parts: Parts) -> list[str]:
    """Return which capabilities that the case needs its site lacks."""
    return parts.sites[case.site].lacks(case.site, case.request) if case.site else []


def _capped(reason: str) -> str:
    return printable(reason, MAX_REASON_CHARACTERS)


def _failed(case: AnyCase, reason: str, started: float, queued: float) -> AnyOutcome:
    """Return the outcome of a case that failed by no doing of its agent's."""
    return _not_run(case, Status.INFRASTRUCTURE_ERROR, reason, started, queued)


def _not_run(
    case: AnyCase, status: Status, reason: str, started: float, queued: float
) -> AnyOutcome:
    timing = Timing(started=started, stopped=time.time(), queued=round(queued, 3))
    if isinstance(case, OpenCase):
        return OpenOutcome(case=case, status=status, reason=_capped(reason), timing=timing)
    return _about_a_norm(case, status=status, reason=_capped(reason), timing=timing)


def _about_a_norm(case: Case, **came: Any) -> NormOutcome:
    """Return the outcome of a case in which a norm is at stake, of its kind."""
    if isinstance(case, VariedCase):
        return VariedOutcome(case=case, **came)
    return Outcome(case=case, **came)


async def refused(case: AnyCase, reason: str, queued: float) -> AnyOutcome:
    """Return the outcome of a case that the run did not take to its end, and why."""
    return _failed(case, reason, time.time(), queued)
