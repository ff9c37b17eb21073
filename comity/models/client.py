"""The client of a chat model behind OpenAI-compatible endpoints.

One seam: the HTTP transport. Tests replace the server, never this code.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)

from comity.errors import AgentError, ConfigurationError, InfrastructureError
from comity.models.call_cache import CallCache, Served, digest
from comity.models.chat import Answer, Body, CallSettings, Completion
from comity.models.replica import About, PassingError, RefusedError, Replica, ends_by_itself
from comity.schema.base import printable

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0
# No try begins later than this: a call that waits longer helps nobody.
MAX_TRYING_SECONDS = 300.0
# A server that gives up this many calls in a row, each after all its tries, is beyond help.
MAX_GIVEN_UP = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answered:
    """An answer, and how it was come by."""

    answer: Answer
    tries: int
    """0 where it came from the cache."""

    @property
    def completion(self) -> Completion:
        """The completion.

        Raises:
            AgentError: the agent's prompt is longer than the model's context.
        """
        if self.answer.kind == "context_exceeded":
            message = printable(str(self.answer.payload.get("message")), 500)
            raise AgentError(f"the prompt exceeds the model's context: {message}")
        return self.answer.completion()


@dataclass
class Usage:
    """What the calls to a model have come to so far."""

    calls: int = 0
    """Answered by a server."""
    cached: int = 0
    """Answered by the cache."""
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of prompts and answers together."""
        return self.prompt_tokens + self.completion_tokens


class ChatModel:
    """A served model, shared by all cases of a run."""

    def __init__(
        self,
        name: str,
        settings: CallSettings | None = None,
        *,
        replicas: Sequence[Replica] = (),
        fingerprint: str = "",
        cache: CallCache | None = None,
    ) -> None:
        """Take what is known of the model; without a replica it answers from the cache alone."""
        self.name = name
        self.settings = settings or CallSettings()
        self.replicas = list(replicas)
        self.fingerprint = fingerprint
        """What stands for the weights and the server behind the name."""
        self.usage = Usage()
        self._cache = cache
        self._native_tools = self.settings.native_tools
        self._probing = asyncio.Lock()
        self._turn = 0
        self._given_up = 0
        self._over = asyncio.Event()
        self._why_over: str | None = None
        self._watching = [asyncio.create_task(self._watch(replica)) for replica in self.replicas]

    @classmethod
    async def connect(
        cls,
        urls: Sequence[str],
        name: str | None,
        settings: CallSettings | None = None,
        *,
        cache: CallCache | None = None,
        identity: str | None = None,
        ended: Callable[[], str | None] = ends_by_itself,
    ) -> Self:
        """Return the model called `name` at `urls`; where it is None, the only one served there.

        `identity` stands for the weights and the server where they are known better than a server
        tells; `ended` says why the server's process has ended.

        Raises:
            ConfigurationError: nothing answers there, or it is not served there.
        """
        settings = settings or CallSettings()
        replicas: list[Replica] = []
        try:
            replicas.extend(Replica(url, settings, ended=ended) for url in urls)
            told = await asyncio.gather(*(replica.about() for replica in replicas))
            named = {_chosen(r.url, a, name) for r, a in zip(replicas, told, strict=True)}
            if len(named) > 1:
                raise ConfigurationError(
                    f"the servers serve different models: {', '.join(sorted(named))}; "
                    "choose one that all of them serve by --model"
                )
        except BaseException:
            for replica in replicas:
                await replica.close()
            raise
        [chosen] = named
        facts = [_facts(r.url, a, chosen, identity) for r, a in zip(replicas, told, strict=True)]
        facts.sort(key=lambda one: json.dumps(one, sort_keys=True))
        fingerprint = digest({"replicas": facts})
        if cache is not None:
            await cache.note_served(Served(fingerprint, chosen), urls)
        return cls(chosen, settings, replicas=replicas, fingerprint=fingerprint, cache=cache)

    @classmethod
    async def replay(
        cls,
        urls: Sequence[str],
        name: str | None,
        cache: CallCache,
        settings: CallSettings | None = None,
    ) -> Self:
        """Return the model as it answered when it was last used; no server is asked.

        Raises:
            ConfigurationError: the cache has no answers of such a model.
        """
        served = await cache.last_served(name, urls)
        if served is None:
            at = f" at {', '.join(urls)}" if urls else ""
            what = f"the model {printable(name, 100)}" if name else "any model"
            raise ConfigurationError(
                cache.trouble
                or f"--replay: the call cache has no answers of {what}{at}; "
                "run once without --replay"
            )
        return cls(served.model, settings, fingerprint=served.fingerprint, cache=cache)

    async def close(self) -> None:
        """Close the connections."""
        for task in self._watching:
            task.cancel()
        if self._watching:
            await asyncio.wait(self._watching)
        for replica in self.replicas:
            await replica.close()

    @property
    def failure(self) -> InfrastructureError | None:
        """Why no call can be answered any more; None while one can."""
        return InfrastructureError(self._why_over) if self._why_over is not None else None

    def _end(self, why: str) -> None:
        if self._why_over is None:
            self._why_over = why
            log.error("no more calls", extra={"model": self.name, "reason": why})
            self._over.set()

    async def _watch(self, replica: Replica) -> None:
        await replica.watch()
        if all(one.dead for one in self.replicas):
            told = "; ".join(f"{one.url}: {one.dead}" for one in self.replicas)
            self._end(f"the model server is dead: {told}")

    async def send(self, body: Body, *, trial: int = 1, nth: int = 1) -> Answered:
        """Return the answer to a chat request, from the cache where it is there.

        `trial` and `nth` keep apart the answers to calls that are the same in all else: those of
        a case's trials, and those that one case makes again.

        Raises:
            InfrastructureError: the server failed, or its answer is no chat completion; or no
                call can be answered any more.
        """
        begun = time.monotonic()
        facts = {"server": self.fingerprint, "body": body, "trial": trial, "nth": nth}
        key = digest(facts)
        answer, tries = await self._cache.get(key) if self._cache else None, 0
        if answer is None:
            answer, tries = await self._ask(body)
            if self._cache:
                answer = await self._cache.keep(key, answer)
        else:
            self.usage.cached += 1
        log.info(
            "call",
            extra={
                "model": self.name,
                "kind": answer.kind,
                "tries": tries,
                "cached": tries == 0,
                "seconds": round(time.monotonic() - begun, 3),
            },
        )
        return Answered(answer, tries)

    async def _ask(self, body: Body) -> tuple[Answer, int]:
        """Ask the replicas in turn until one answers; return the answer and the tries it took."""
        if not self.replicas:
            trouble = self._cache.trouble if self._cache else None
            raise InfrastructureError(
                trouble
                or f"the call cache has no answer of {self.name} to this call (--replay); "
                "run once without --replay"
            )
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self.settings.tries) | stop_before_delay(MAX_TRYING_SECONDS),
            wait=_pause,
            sleep=self._rest,
            before_sleep=self._note_retry,
            reraise=True,
        )
        tries, replica = 0, self.replicas[0]
        try:
            async for attempt in retrying:
                with attempt:
                    tries, replica = tries + 1, self._next()
                    answer = await replica.ask(body)
        except PassingError as error:
            self._give_up(replica, tries, error)
            raise self.failure or InfrastructureError(
                f"the model server at {replica.url} failed {tries} times: {error}"
            ) from None
        self._given_up = 0
        self._account(answer)
        return answer, tries

    def _next(self) -> Replica:
        """Return the replica whose turn it is.

        Raises:
            InfrastructureError: no call can be answered any more.
        """
        if self.failure is not None:
            raise self.failure
        living = [replica for replica in self.replicas if not replica.dead]
        self._turn += 1
        return living[self._turn % len(living)]

    async def _rest(self, seconds: float) -> None:
        """Pause between two tries, unless there is nothing more to wait for."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    def _note_retry(self, state: RetryCallState) -> None:
        self.usage.retries += 1
        error = state.outcome.exception() if state.outcome else None
        log.warning("retry", extra={"tries": state.attempt_number, "reason": str(error)})

    def _give_up(self, replica: Replica, tries: int, error: PassingError) -> None:
        self._given_up += 1
        if self._given_up >= MAX_GIVEN_UP:
            self._end(
                f"the model server at {replica.url} failed {self._given_up} calls in a row, the "
                f"last {tries} times: {error}"
            )

    def _account(self, answer: Answer) -> None:
        """Add up what a server has answered; end here where the budget is spent."""
        self.usage.calls += 1
        if answer.kind == "completion":
            completion = answer.completion()
            self.usage.prompt_tokens += completion.prompt_tokens
            self.usage.completion_tokens += completion.completion_tokens
        budget = self.settings.token_budget
        if budget is not None and self.usage.tokens >= budget:
            self._end(f"the budget of {budget} tokens is spent (--token-budget)")

    async def native_tools(self) -> bool:
        """Return whether model and server together make valid tool calls; probed once a run.

        Raises:
            InfrastructureError: the server failed.
        """
        async with self._probing:
            if self._native_tools is None:
                self._native_tools = await self._probe_tools()
        return self._native_tools

    async def _probe_tools(self) -> bool:
        word = {"type": "string", "enum": ["courtesy"]}
        parameters = {"type": "object", "properties": {"word": word}, "required": ["word"]}
        tool = {"name": "say", "description": "Say a word.", "parameters": parameters}
        request = "Say the word courtesy with the tool `say`."
        body = {
            "model": self.name,
            "messages": [{"role": "user", "content": request}],
            "tools": [{"type": "function", "function": tool}],
            "max_tokens": 64,
            "temperature": 0.0,
        }
        try:
            [call] = (await self.send(body)).completion.tool_calls
            return call.name == "say" and json.loads(call.arguments) == {"word": "courtesy"}
        except (RefusedError, AgentError, ValueError):
            # A server without tools answers 400, or prose: either way there are none to use.
            return False


def _pause(state: RetryCallState) -> float:
    """Return the pause before the next try, in seconds: twice the last, less up to half of it.

    The random part keeps calls that failed together from coming back together. What a server asks
    for by Retry-After is the least.
    """
    longest = min(FIRST_PAUSE_SECONDS * 2 ** (state.attempt_number - 1), LONGEST_PAUSE_SECONDS)
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, PassingError) else None
    return (asked or 0.0) + random.uniform(longest / 2, longest)  # noqa: S311 - no secret


def _chosen(url: str, about: About, name: str | None) -> str:
    """Return the name of the model to use of those that a server serves."""
    names = ", ".join(about.models) or "none"
    if name is None and len(about.models) != 1:
        raise ConfigurationError(f"{url} serves these models: {names}; choose one by --model")
    if name is not None and name not in about.models:
        raise ConfigurationError(f"{url} does not serve {name!r} (--model); it serves: {names}")
    return next(iter(about.models)) if name is None else name


def _facts(url: str, about: About, name: str, identity: str | None) -> dict[str, object]:
    """Return what decides a server's answers, as far as it can be known.

    Weights that changed behind one name and URL must not be answered for by the old ones: where
    the weights are not known, the server's process stands for them.
    """
    told = {key: about.models[name].get(key) for key in ("root", "max_model_len", "owned_by")}
    if identity is not None:
        return {"model": name, "version": about.version, "identity": identity, **told}
    return {
        "model": name,
        "version": about.version,
        "url": url,
        "started": about.started,
        **told,
    }
