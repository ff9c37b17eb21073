"""An agent's own time: what passes while it waits neither for the model nor for the site."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from comity.errors import AgentError

R = TypeVar("R")

# An agent that will not be cancelled is left behind after this; its case must end all the same.
CANCEL_SECONDS = 5.0


class OwnTime:
    """A stopwatch that stands still while the agent waits, for one case."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.waited: defaultdict[str, float] = defaultdict(float)
        """Seconds waited, by what was waited for."""
        self.used = 0.0
        """The agent's own time in seconds, once it has ended."""
        self._own = 0.0
        self._since = time.monotonic()
        self._waits = 0

    def waiting(self, what: str) -> Callable[[], AbstractContextManager[None]]:
        """Return what the model and the page open around each wait for `what`."""

        @contextmanager
        def wait() -> Iterator[None]:
            begun = time.monotonic()
            if self._waits == 0:
                self._own += begun - self._since
            self._waits += 1
            try:
                yield
            finally:
                self._since = time.monotonic()
                self._waits -= 1
                self.waited[what] += self._since - begun

        return wait

    def spent(self) -> float:
        """Return the agent's own time so far, in seconds."""
        running = time.monotonic() - self._since if self._waits == 0 else 0.0
        return self._own + running

    async def within(self, work: Coroutine[Any, Any, R]) -> R:
        """Run `work` and return its result.

        Raises:
            AgentError: its own time ran out.
        """
        self._own, self._since = 0.0, time.monotonic()
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                left = self.limit - self.spent()
                if left <= 0:
                    raise AgentError(
                        f"the agent used up its own time of {self.limit:g} s (--agent-timeout)"
                    )
                await asyncio.wait([task], timeout=left)
            if task.cancelled():
                raise AgentError("the agent cancelled itself")
            return task.result()
        finally:
            self.used = self.spent()
            if not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=CANCEL_SECONDS)
