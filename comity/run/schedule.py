"""The schedule: cases run ahead, on one event loop, while the tests wait each for its own."""

import asyncio
import concurrent.futures
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

from comity.errors import InfrastructureError
from comity.run.loop import CANCEL_SECONDS, Loop, hear
from comity.schema import AnyCase, AnyOutcome
from comity.schema.base import few

log = logging.getLogger(__name__)

Live = Callable[[AnyCase, float], Awaitable[AnyOutcome]]
Refuse = Callable[[AnyCase, str, float], Awaitable[AnyOutcome]]
Keep = Callable[[AnyOutcome], Awaitable[AnyOutcome]]


@dataclass(frozen=True)
class Progress:
    """How far a schedule is with what it runs itself."""

    total: int
    running: int
    done: int
    seconds: float
    """Since the schedule began."""


class Schedule:
    """Runs cases ahead of the tests that ask for them, at most `concurrency` at once.

    `live` runs a case that has waited for so many seconds; `refuse` makes the outcome of one that
    is not run, or not to its end, from the reason why. `keep` brings an outcome to the disk, which
    is no longer a matter of concurrency. What has `ended` before is handed out as it is. A loop
    that does not answer for `patience` seconds is blocked, and nobody waits for it any longer.
    """

    def __init__(
        self,
        loop: Loop,
        live: Live,
        refuse: Refuse,
        concurrency: int,
        *,
        keep: Keep | None = None,
        ended: Iterable[AnyOutcome] = (),
        patience: float = math.inf,
    ) -> None:
        self._loop = loop
        self._live = live
        self._refuse = refuse
        self._keep = keep
        self._patience = patience
        self._places = asyncio.Semaphore(concurrency)
        self._futures: dict[str, Future[AnyOutcome]] = {}
        for outcome in ended:
            self._futures[outcome.case.id] = Future()
            self._futures[outcome.case.id].set_result(outcome)
        self._before = len(self._futures)
        self._tasks: set[asyncio.Task[AnyOutcome]] = set()
        self._running: set[str] = set()
        self._begun = time.monotonic()
        self._reason: str | None = None
        self._cancelled = False

    def start(self, cases: Iterable[AnyCase], budget: float | None = None) -> None:
        """Start all `cases`, in this order; one that was started already is not run again.

        After `budget` seconds the schedule ends.
        """
        self._begun = time.monotonic()
        self.add(cases)
        if budget is not None:
            spent = f"the budget of {budget:g} s is spent (--time-budget)"
            self._loop.call_later(budget, lambda: self._end(spent))

    def add(self, cases: Iterable[AnyCase]) -> None:
        """Have further cases run; one that was started already is not run again."""
        for case in cases:
            if case.id not in self._futures:
                self._futures[case.id] = self._loop.submit(self._in_turn(case))

    async def _in_turn(self, case: AnyCase) -> AnyOutcome:
        if self._cancelled:
            raise asyncio.CancelledError
        ready = time.monotonic()
        task: asyncio.Task[AnyOutcome] | None = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            async with self._places:
                outcome = None
                if self._reason is None:
                    outcome = await self._run(case, time.monotonic() - ready)
            if outcome is not None:
                return await self._kept(outcome)
        except asyncio.CancelledError:
            if self._reason is None or self._cancelled:
                raise
            task.uncancel()
        finally:
            self._tasks.discard(task)
        assert self._reason is not None  # without one a case has been run, or cancelled
        async with self._places:
            outcome = await self._refuse(case, self._reason, time.monotonic() - ready)
        return await self._kept(outcome)

    async def _kept(self, outcome: AnyOutcome) -> AnyOutcome:
        return outcome if self._keep is None else await self._keep(outcome)

    async def _run(self, case: AnyCase, queued: float) -> AnyOutcome:
        self._running.add(case.id)
        try:
            return await self._live(case, queued)
        finally:
            self._running.discard(case.id)

    def outcome(self, case_id: str, wait: float | None = None) -> AnyOutcome | None:
        """Return the case's outcome, or None where it is not there within `wait` seconds.

        Raises:
            InfrastructureError: the case was not started or was cancelled, its outcome cannot be
                kept, or the loop is blocked.
        """
        future = self._futures.get(case_id)
        if future is None:
            raise InfrastructureError(f"the case {case_id} was not started")
        try:
            self._hear([future], wait, self._patience)
            return future.result(0)
        except FutureTimeoutError:
            # It may have ended just now, or have ended by such an error itself.
            return future.result() if future.done() else None
        except FutureCancelledError:
            raise InfrastructureError("the case was cancelled before it ended") from None

    def _hear(
        self, futures: list[Future[AnyOutcome]], limit: float | None, patience: float
    ) -> None:
        """Wait until all `futures` are done, for `limit` seconds at most.

        Raises:
            InfrastructureError: the loop is blocked.
        """

        def wait(seconds: float) -> None:
            if (place := self._loop.blocked(patience)) is not None:
                raise InfrastructureError(self._of_blocked(place))
            concurrent.futures.wait(futures, seconds)

        hear(lambda: all(future.done() for future in futures), wait, limit)

    def _of_blocked(self, place: str) -> str:
        running = sorted(self._running)
        return (
            f"the event loop is blocked at {place}, most likely by an agent that waits without "
            f"`await`; under way: {few(running)}"
        )

    def ended(self, case_id: str) -> AnyOutcome:
        """Return the case's outcome once it is there; raises as `outcome` does."""
        found = self.outcome(case_id)
        assert found is not None  # it waited without a limit
        return found

    def _all(self) -> list[tuple[str, Future[AnyOutcome]]]:
        """Return the cases by id; under pytest-xdist others are added at the same time."""
        return list(self._futures.items())

    def progress(self) -> Progress:
        """Return how far the schedule is."""
        futures = self._all()
        done = sum(future.done() for _, future in futures)
        seconds = time.monotonic() - self._begun
        before = self._before
        return Progress(len(futures) - before, len(self._running), done - before, seconds)

    def finished(self) -> list[AnyOutcome]:
        """Return the outcomes that there are, in the order of the cases."""
        return [
            future.result()
            for _, future in self._all()
            if future.done() and not future.cancelled() and future.exception() is None
        ]

    def end(self, reason: str) -> None:
        """Run no further case, and stop those under way: each gets `refuse`'s outcome.

        May be called from any thread; the first reason stands.
        """
        self._loop.call(lambda: self._end(reason))

    def _end(self, reason: str) -> None:
        if self._reason is None:
            log.warning("schedule ended", extra={"reason": reason})
            self._reason = reason
            self._cancel_tasks()

    def cancel(self) -> None:
        """Cancel what has not ended. What was about to be kept is kept; the rest has no outcome."""

        def stop() -> None:
            self._cancelled = True
            self._cancel_tasks()

        self._loop.call(stop)

    def _cancel_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()  # told twice, a case would leave its clean-up undone

    def cleared(self) -> list[str]:
        """Wait until all cases have cleared up behind themselves, for CANCEL_SECONDS at most.

        Returns the ids of those that have not.

        Raises:
            InfrastructureError: the loop is blocked.
        """
        cases = self._all()
        self._hear([future for _, future in cases], CANCEL_SECONDS, CANCEL_SECONDS)
        return [case_id for case_id, future in cases if not future.done()]
