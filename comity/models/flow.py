"""How many calls may be under way at one server.

Additive increase, multiplicative decrease, as in TCP (Chiu and Jain, 1989): a server that says it
is busy halves the number, and every round of good answers raises it by one.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# A run opens one connection a call under way; no run has more of them than this.
MAX_CALLS = 1_000


class Flow:
    """The places of one server; a call takes one while it is under way."""

    def __init__(self, most: int = MAX_CALLS) -> None:
        self.limit = float(most)
        """How many calls may be under way; what is behind the point is on the way to one more."""
        self.lowest = most
        """The smallest number that there was."""
        self._most = most
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._cut = 0.0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[float]:
        """Wait for a place and hold it; gives the time at which it was had, by the clock."""
        while self._under_way >= int(self.limit):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                self._call_next()  # the turn may have come together with the cancellation
                raise
        self._under_way += 1
        try:
            yield time.monotonic()
        finally:
            self._under_way -= 1
            self._call_next()

    def _call_next(self) -> None:
        while self._waiting and self._under_way < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def busy(self, since: float) -> None:
        """Halve the places: a call that began at `since` was told that the server is busy.

        Calls that began before the last cut say nothing about the places that are left since.
        """
        if since < self._cut:
            return
        self.limit = max(1.0, min(self.limit, self._under_way) / 2)
        self.lowest = min(self.lowest, int(self.limit))
        self._cut = time.monotonic()

    def went_well(self) -> None:
        """Make room for one more call in as many answers as there are places."""
        self.limit = min(self._most, self.limit + 1 / self.limit)
        self._call_next()
