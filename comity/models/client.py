"""The client of a chat model behind OpenAI-compatible endpoints.

One seam: the HTTP transport. Tests replace the server, never this code.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from comity.errors import AgentError, ConfigurationError, InfrastructureError
from comity.models.budget import Budget
from comity.models.call_cache import CallCache, Role, Served, digest
from comity.models.chat import Answer, Body, CallSettings, Completion
from comity.models.replica import About, RefusedError, Replica, checked_url, ends_by_itself
from comity.models.replicas import Replicas
from comity.schema.base import printable

log = logging.getLogger(__name__)

_OPTION: dict[Role, str] = {"tested": "--model", "judge": "--judge-model"}
"""The option that names the model."""


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
            AgentError: the agent's prompt is longer than the model's context, or the tokens that
                it asked for were spent on thinking.
        """
        if self.answer.kind == "context_exceeded":
            message = printable(str(self.answer.payload.get("message")), 500)
            raise AgentError(f"the prompt exceeds the model's context: {message}")
        answered = self.answer.completion
        said = answered.text or answered.tool_calls
        if answered.finish_reason == "length" and answered.thinking and not said:
            raise AgentError(
                "the model was still thinking when its tokens were spent, and has not answered; "
                "ask for more tokens, or have it served without thinking"
            )
        return answered


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
        budget: Budget | None = None,
        names: Iterable[str] = (),
        served: Sequence[Mapping[str, object]] = (),
    ) -> None:
        """Take what is known of the model; without a replica it answers from the cache alone.

        `budget` is what it shares with other models; it has one of its own where none is given.
        """
        self.name = name
        self.names = frozenset({name, *names})
        """What it is known by: as it is served, and as what it is said to be of."""
        self.served = served
        """What its servers say that they serve, wherever they run; nothing, where none is asked."""
        self.settings = settings or CallSettings()
        self.replicas = Replicas(replicas, self.settings.tries)
        self.fingerprint = fingerprint
        """What stands for the weights and the server behind the name."""
        self._budget = budget or Budget(self.settings.token_budget)
        self._budget.bind(self.replicas.end)
        self._cache = cache
        self._native_tools = self.settings.native_tools
        self._probing = asyncio.Lock()

    @classmethod
    async def connect(
        cls,
        urls: Sequence[str],
        name: str | None,
        settings: CallSettings | None = None,
        *,
        cache: CallCache | None = None,
        role: Role = "tested",
        budget: Budget | None = None,
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
            option = _OPTION[role]
            named = {_chosen(r.url, a, name, option) for r, a in zip(replicas, told, strict=True)}
            if len(named) > 1:
                raise ConfigurationError(
                    f"the servers serve different models: {', '.join(sorted(named))}; "
                    f"choose one that all of them serve by {option}"
                )
        except BaseException:
            for replica in replicas:
                await replica.close()
            raise
        [chosen] = named
        what = [_told(about, chosen, identity) for about in told]
        facts = [
            _and_where(one, r.url, a) if identity is None else one
            for one, r, a in zip(what, replicas, told, strict=True)
        ]
        fingerprint = digest({"replicas": sorted(facts, key=_in_order)})
        if cache is not None:
            served = Served(fingerprint, chosen)
            await cache.note_served(served, [one.url for one in replicas], role)
        return cls(
            chosen,
            settings,
            replicas=replicas,
            fingerprint=fingerprint,
            cache=cache,
            budget=budget,
            names=[str(root) for one in told if (root := one.models[chosen].get("root"))],
            served=sorted({_in_order(one): one for one in what}.values(), key=_in_order),
        )

    @classmethod
    async def replay(
        cls,
        urls: Sequence[str],
        name: str | None,
        cache: CallCache,
        settings: CallSettings | None = None,
        *,
        role: Role = "tested",
    ) -> Self:
        """Return the model as it answered when it was last used; no server is asked.

        Raises:
            ConfigurationError: the cache has no answers of such a model.
        """
        served = await cache.last_served(name, [checked_url(url) for url in urls], role)
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
        await self.replicas.close()

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
        """Return the answer of a server and the tries it took; what it cost is counted."""
        if not self.replicas.all:
            trouble = self._cache.trouble if self._cache else None
            raise InfrastructureError(
                trouble
                or f"the call cache has no answer of {self.name} to this call (--replay); "
                "run once without --replay"
            )
        answer, tries = await self.replicas.ask(body)
        if answer.kind == "completion":
            completion = answer.completion
            self._budget.spend(completion.prompt_tokens + completion.completion_tokens)
        return answer, tries

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
        except (RefusedError, AgentError, ValueError, RecursionError):
            # A server without tools answers 400, or prose: either way there are none to use.
            return False
        except InfrastructureError:
            if self.replicas.all:
                raise
            return False  # what a server refused is not in the cache


def _chosen(url: str, about: About, name: str | None, option: str) -> str:
    """Return the name of the model to use of those that a server serves."""
    names = ", ".join(about.models) or "none"
    if name is None and len(about.models) != 1:
        raise ConfigurationError(f"{url} serves these models: {names}; choose one by {option}")
    if name is not None and name not in about.models:
        raise ConfigurationError(f"{url} does not serve {name!r} ({option}); it serves: {names}")
    return next(iter(about.models)) if name is None else name


def _told(about: About, name: str, identity: str | None) -> dict[str, object]:
    """Return what is told of the model that a server serves by this name."""
    told = {key: about.models[name].get(key) for key in ("root", "max_model_len", "owned_by")}
    known = {} if identity is None else {"identity": identity}
    return {"model": name, "version": about.version, **known, **told}


def _and_where(facts: Mapping[str, object], url: str, about: About) -> dict[str, object]:
    """Return `facts`, with the server's process in the place of weights that are not known.

    Weights that changed behind one name and URL must not be answered for by the old ones.
    """
    return {**facts, "url": url, "started": about.started}


def _in_order(facts: Mapping[str, object]) -> str:
    return json.dumps(facts, sort_keys=True)
