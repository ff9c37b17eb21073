"""The schedule: cases run ahead, on one event loop, while the tests wait each for its own."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any, TypeVar

from comity.errors import InfrastructureError
from comity.schema import Case, Outcome

R = TypeVar("R")
Live = Callable[[Case, float], Awaitable[Outcome]]

# Cancelled cases close their pages and delete their sandboxes within this.
CANCEL_SECONDS = 15.0


class Loop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="comity", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, R]) -> "Future[R]":
        """Start `work` on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run `work` on the loop and return its result; an interrupt here cancels it there."""
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop and join its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True)
class Progress:
    """How far a schedule is."""

    total: int
    running: int
    done: int
    seconds: float
    """Since the schedule began."""


class Schedule:
    """Runs cases ahead of the tests that ask for them, at most `concurrency` at once."""

    def __init__(self, loop: Loop, live: Live, concurrency: int) -> None:
        self._loop = loop
        self._live = live
        self._places = asyncio.Semaphore(concurrency)
        self._futures: dict[str, Future[Outcome]] = {}
        self._running = 0
        self._begun = time.monotonic()

    def start(self, cases: Iterable[Case]) -> None:
        """Start all `cases`, in this order; one that was started already is not run again."""
        self._begun = time.monotonic()
        for case in cases:
            if case.id not in self._futures:
                self._futures[case.id] = self._loop.submit(self._in_turn(case))

    async def _in_turn(self, case: Case) -> Outcome:
        ready = time.monotonic()
        async with self._places:
            self._running += 1
            try:
                return await self._live(case, time.monotonic() - ready)
            finally:
                self._running -= 1

    def outcome(self, case_id: str, wait: float) -> Outcome | None:
        """Return the case's outcome, or None where it is not there within `wait` seconds.

        Raises:
            InfrastructureError: the case was cancelled, or its outcome cannot be kept.
        """
        try:
            return self._futures[case_id].result(wait)
        except FutureTimeoutError:
            if self._futures[case_id].done():
                raise
            return None
        except FutureCancelledError:
            raise InfrastructureError("the case was cancelled before it ended") from None

    def progress(self) -> Progress:
        """Return how far the schedule is."""
        done = sum(future.done() for future in self._futures.values())
        seconds = time.monotonic() - self._begun
        return Progress(len(self._futures), self._running, done, seconds)

    def finished(self) -> list[Outcome]:
        """Return the outcomes that there are, in the order of the cases."""
        return [
            future.result()
            for future in self._futures.values()
            if future.done() and not future.cancelled() and future.exception() is None
        ]

    def cancel(self) -> None:
        """Cancel what has not ended, and wait until it has cleared up behind itself."""
        under_way = [future for future in self._futures.values() if not future.done()]
        for future in under_way:
            future.cancel()
        self._loop.run(self._cleared())

    async def _cleared(self) -> None:
        deadline = time.monotonic() + CANCEL_SECONDS
        while self._running and time.monotonic() < deadline:  # noqa: ASYNC110 - a short poll, once
            await asyncio.sleep(0.02)
