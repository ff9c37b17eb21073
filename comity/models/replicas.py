"""The replicas of a model: asked in turn, and again where a call failed in passing."""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import suppress

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)

from comity.errors import InfrastructureError
from comity.models.chat import Answer, Body
from comity.models.replica import PassingError, Replica

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0
# No try begins later than this: a call that waits longer helps nobody.
MAX_TRYING_SECONDS = 300.0
# A server that gives up this many calls in a row, each after all its tries, is beyond help.
MAX_GIVEN_UP = 5

log = logging.getLogger(__name__)


class Replicas:
    """The equal servers of one model, watched as long as they are used."""

    def __init__(self, replicas: Sequence[Replica], tries: int) -> None:
        """Watch the replicas from now on; a call is tried `tries` times at most."""
        self.all = list(replicas)
        self._tries = tries
        self._turn = 0
        self._given_up = 0
        self._over = asyncio.Event()
        self._why_over: str | None = None
        self._watching = [asyncio.create_task(self._watch(replica)) for replica in self.all]

    async def close(self) -> None:
        """Watch no more, and close the connections."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        for replica in self.all:
            await replica.close()

    @property
    def failure(self) -> InfrastructureError | None:
        """Why no call can be answered any more; None while one can."""
        return None if self._why_over is None else InfrastructureError(self._why_over)

    def end(self, why: str) -> None:
        """Let no further call be made; the first reason stands."""
        if self._why_over is None:
            self._why_over = why
            log.error("no more calls", extra={"reason": why})
            self._over.set()

    async def _watch(self, replica: Replica) -> None:
        await replica.watch()
        if all(one.dead for one in self.all):
            told = "; ".join(f"{one.url}: {one.dead}" for one in self.all)
            self.end(f"the model server is dead: {told}")

    async def ask(self, body: Body) -> tuple[Answer, int]:
        """Ask the replicas in turn until one answers; return the answer and the tries it took.

        Raises:
            RefusedError: the servers will not answer this request.
            InfrastructureError: all tries failed, or no call can be answered any more.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self._tries) | stop_before_delay(MAX_TRYING_SECONDS),
            wait=self._pause,
            sleep=self._rest,
            before_sleep=_note_retry,
            reraise=True,
        )
        tries, replica = 0, self.all[0]
        try:
            async for attempt in retrying:
                with attempt:
                    tries, replica = tries + 1, self._next()
                    answer = await replica.ask(body, self._check)
        except PassingError as error:
            told = f"the model server at {replica.url} failed {tries} times: {error}"
            self._given_up += 1
            if self._given_up >= MAX_GIVEN_UP:
                self.end(f"{told}; so did the {self._given_up - 1} calls before")
            raise self.failure or InfrastructureError(told) from None
        self._given_up = 0
        return answer, tries

    def _check(self) -> None:
        """Raise why no call can be answered any more, where none can."""
        if self.failure is not None:
            raise self.failure

    def _next(self) -> Replica:
        """Return the replica whose turn it is, of those that do not ask to be left alone.

        Raises:
            InfrastructureError: no call can be answered any more.
        """
        self._check()
        living = [replica for replica in self.all if not replica.dead]
        ready = [replica for replica in living if not replica.held_off]
        self._turn += 1
        if not ready:
            return min(living, key=lambda replica: replica.held_off)
        return ready[self._turn % len(ready)]

    def _pause(self, state: RetryCallState) -> float:
        """Return the pause before the next try, in s: twice the last, less up to half of it.

        The random part keeps calls that failed together from coming back together. Where all
        servers ask to be left alone, by Retry-After, the shortest of that comes first.
        """
        longest = min(FIRST_PAUSE_SECONDS * 2 ** (state.attempt_number - 1), LONGEST_PAUSE_SECONDS)
        asked = min((one.held_off for one in self.all if not one.dead), default=0.0)
        return asked + random.uniform(longest / 2, longest)  # noqa: S311 - no secret

    async def _rest(self, seconds: float) -> None:
        """Pause between two tries, unless there is nothing more to wait for."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)


def _note_retry(state: RetryCallState) -> None:
    reason = str(state.outcome.exception()) if state.outcome else ""
    log.warning("retry", extra={"tries": state.attempt_number, "reason": reason})
