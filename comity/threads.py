"""Work that may wait for a disk: off the event loop, and in nobody's way at the end."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class OneThread(Executor):
    """Makes calls one after the other on a daemon thread.

    A disk that does not answer holds its call for ever, and must not hold the interpreter: Python
    waits for the threads of its own executors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """Have `call` made after those before it."""
        future: Future[R] = Future()
        self._calls.put((future, partial(call, *args, **kwargs)))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return future

    def _run(self) -> None:
        while (next_one := self._calls.get()) is not None:
            future, call = next_one
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the thread after the calls that were submitted; none may be submitted after."""
        self._calls.put(None)
        if wait and self._thread is not None:
            self._thread.join()
