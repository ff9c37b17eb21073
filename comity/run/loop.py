"""An event loop on a thread of its own, which holds up nobody who wants to leave."""

import asyncio
import logging
import math
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# What is cancelled closes its pages, deletes its sandboxes and stops its processes within this.
CANCEL_SECONDS = 15.0
# A signal that comes just as the main thread falls asleep does not wake it, and Python hears of it
# when the thread wakes by itself: this often.
HEAR_SECONDS = 0.2
# A loop stops between two steps of its tasks, unless an agent blocks it.
STOP_SECONDS = 1.0
# Whoever waits looks several times as often. More than this between two looks was slept through,
# by this process or by its machine, and the loop had no time to answer either.
LOOK_SECONDS = 1.0


class Threads(ThreadPoolExecutor):
    """A daemon thread for each call: one that hangs does not keep the interpreter from ending.

    `asyncio` accepts a ThreadPoolExecutor alone as a loop's own, and joins its threads at the end.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self._running: set[threading.Thread] = set()

    def submit(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """Run `call` on a thread of its own."""
        future: Future[R] = Future()

        def run() -> None:
            try:
                future.set_result(call(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)
            finally:
                self._running.discard(thread)

        future.set_running_or_notify_cancel()
        thread = threading.Thread(target=run, name="comity-call", daemon=True)
        self._running.add(thread)
        thread.start()
        return future

    def join(self, seconds: float) -> None:
        """Wait until all calls have ended, or so long."""
        deadline = time.monotonic() + seconds
        for thread in list(self._running):
            _join(thread, deadline - time.monotonic())


def hear(done: Callable[[], bool], wait: Callable[[float], object], limit: float | None) -> bool:
    """Call `wait` with short times until `done`, or `limit` seconds are over; return whether done.

    The main thread waits by this alone where it may be interrupted.
    """
    deadline = math.inf if limit is None else time.monotonic() + limit
    while not done():
        if (left := deadline - time.monotonic()) <= 0:
            return False
        wait(min(left, HEAR_SECONDS))
    return True


def _join(thread: threading.Thread, seconds: float) -> None:
    hear(lambda: not thread.is_alive(), thread.join, seconds)


class Loop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._calls = Threads()
        self._loop.set_default_executor(self._calls)
        self._closing = False
        self._looking = threading.Lock()
        self._owes = False  # an answer, to whoever looks whether it is blocked
        self._looked = self._silent = 0.0
        self._blocked: str | None = None
        self._thread = threading.Thread(target=self._run, name="comity", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """Run until it is closed: an agent's task that stops the loop takes no other case along.

        It can, by the loop's own `stop`, and by a SystemExit that nobody awaits.
        """
        while not (self._closing or self._loop.is_closed()):
            try:
                self._loop.run_forever()
            except BaseException as error:
                log.warning("loop interrupted", extra={"reason": type(error).__name__})

    def submit(self, work: Coroutine[Any, Any, R]) -> "Future[R]":
        """Start `work` on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, call: Callable[[], object]) -> None:
        """Have `call` run on the loop soon, after all that was submitted before."""
        self._loop.call_soon_threadsafe(call)

    def call_later(self, seconds: float, call: Callable[[], object]) -> None:
        """Have `call` run on the loop in so many seconds, if it still runs then."""
        self.call(lambda: self._loop.call_later(seconds, call))

    def blocked(self, patience: float) -> str | None:
        """Return where the loop is blocked, once it has not answered for `patience` seconds.

        To be asked again and again by whoever waits for what it runs; what was blocked once is not
        relied on again. A loop that somebody debugs is not blocked.
        """
        with self._looking:
            now = time.monotonic()
            since = min(now - self._looked, LOOK_SECONDS)
            self._silent = self._silent + since if self._owes else 0.0
            self._owes, self._looked = True, now
            with suppress(RuntimeError):  # it is closed
                self.call(self._answer)
            if self._blocked is None and self._silent > patience:
                self._blocked = self._place()
                if self._blocked is None:
                    self._silent = 0.0
                else:
                    log.error("loop blocked", extra={"place": self._blocked})
            return self._blocked

    def _answer(self) -> None:
        self._owes = False

    def _place(self) -> str | None:
        """Return the line that keeps the loop; None where it is debugged, or about to answer."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        if frame is None:
            return None
        found = [
            (f"{inner.f_code.co_filename}:{line}", inner.f_globals.get("__name__", ""))
            for inner, line in traceback.walk_stack(frame)
        ]
        if any(module == "bdb" for _, module in found):
            return None
        theirs = [
            place
            for place, module in found
            if module.partition(".")[0] not in ("threading", "asyncio", "selectors", "comity")
        ]
        return theirs[-1] if theirs else None

    def run(self, work: Coroutine[Any, Any, R], limit: float | None = None) -> R:
        """Run `work` on the loop and return its result.

        An interrupt here cancels it there. Work without a limit is then waited for, until it has
        cleared up behind itself; work with one is itself clean-up, and is left.

        Raises:
            TimeoutError: it did not end within `limit` seconds, or the loop is blocked; it is
                cancelled.
        """
        begun: list[asyncio.Task[R]] = []
        ended = threading.Event()

        def begin() -> None:
            begun.append(self._loop.create_task(work))
            begun[0].add_done_callback(lambda _: ended.set())

        def over() -> bool:
            given_up = limit is not None and self.blocked(CANCEL_SECONDS) is not None
            return ended.is_set() or given_up

        def cancel() -> None:
            for task in begun:
                task.cancel()

        self.call(begin)
        try:
            if not (hear(over, ended.wait, limit) and ended.is_set()):
                raise TimeoutError
        except BaseException as error:
            self.call(cancel)
            if limit is None and isinstance(error, KeyboardInterrupt):
                hear(ended.is_set, ended.wait, CANCEL_SECONDS)
            raise
        return begun[0].result()

    def close(self) -> None:
        """Wait for the calls on other threads, stop the loop and join its thread, within bounds."""
        self._calls.join(CANCEL_SECONDS)
        self._closing = True
        self.call(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()
