"""The client of a chat model behind any OpenAI-compatible endpoint.

One seam: the HTTP transport. Tests replace the server, never this code.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import httpx2
import openai
from pydantic import AliasPath, BaseModel, ConfigDict, Field, JsonValue, SecretStr, ValidationError

from comity.errors import AgentError, ConfigurationError, InfrastructureError
from comity.schema import ModelCall, Word
from comity.schema.base import printable, well_formed

# A server under load on a CPU needs up to half a minute for one web step; four times that is dead.
CALL_SECONDS = 120.0
CONNECT_SECONDS = 10.0
# Retries of calls that met a busy, restarting or broken server, each after a longer pause.
MAX_RETRIES = 2
# A run opens one connection a call under way; no run has more of them than this.
MAX_CONNECTIONS = 1_000
# Servers quote whole prompts in their errors.
MAX_ERROR_CHARACTERS = 300

Message = dict[str, JsonValue]
Waiting = Callable[[], AbstractContextManager[None]]


class Endpoint(Word):
    """Where a model is served, and under which name."""

    url: str
    """The base, such as `http://host:8000/v1`."""
    model: str
    api_key: SecretStr = SecretStr("none")


class Sampling(Word):
    """How answers are drawn. Trials of a case differ by their seed alone."""

    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=512, gt=0)
    seed: int = 0


class ToolCall(Word):
    """A function that the model wants called; `arguments` is JSON as the model wrote it."""

    name: str
    arguments: str


class Completion(Word):
    """What a model answered."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Lenient(BaseModel):
    """Part of a server's answer; servers add fields of their own."""

    model_config = ConfigDict(extra="ignore")


class _Function(_Lenient):
    name: str = Field(validation_alias=AliasPath("function", "name"))
    arguments: str = Field(default="{}", validation_alias=AliasPath("function", "arguments"))


class _Message(_Lenient):
    content: str | None = None
    tool_calls: list[_Function] | None = None


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Lenient):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Answer(_Lenient):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None

    def completion(self) -> Completion:
        message, usage = self.choices[0].message, self.usage or _Usage()
        calls = (ToolCall(name=c.name, arguments=c.arguments) for c in message.tool_calls or ())
        return Completion(
            text=message.content or "",
            tool_calls=tuple(calls),
            finish_reason=self.choices[0].finish_reason,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
        )


class ChatModel:
    """A served model, shared by all cases of a run."""

    def __init__(
        self,
        endpoint: Endpoint,
        sampling: Sampling | None = None,
        *,
        native_tools: bool | None = None,
    ) -> None:
        """Take what is known of the endpoint; `native_tools` is probed where it is None."""
        self.endpoint = endpoint
        self.sampling = sampling or Sampling()
        limits = httpx2.Limits(max_connections=MAX_CONNECTIONS)
        timeout = httpx2.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS)
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.url,
            api_key=endpoint.api_key.get_secret_value(),
            max_retries=MAX_RETRIES,
            timeout=timeout,
            # The environment's proxies are not for a server on one's own machines.
            http_client=httpx2.AsyncClient(limits=limits, timeout=timeout, trust_env=False),
        )
        self._probing = asyncio.Lock()
        self._native_tools = native_tools

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def served(self) -> list[str]:
        """Return the names of the models that the endpoint serves.

        Raises:
            ConfigurationError: nothing answers there, or it does not speak this protocol.
        """
        try:
            page = await self._client.with_options(max_retries=0).models.list()
            return [printable(str(model.id), MAX_ERROR_CHARACTERS) for model in page.data]
        except openai.AuthenticationError:
            raise ConfigurationError(
                f"the model server at {self.endpoint.url} wants a key; set COMITY_MODEL_API_KEY"
            ) from None
        except (openai.OpenAIError, httpx2.HTTPError, AttributeError, TypeError, ValueError) as e:
            raise ConfigurationError(
                f"no OpenAI-compatible server answers at {self.endpoint.url} "
                f"({_one_line(e)}); start one with `comity serve`, or correct --model-url"
            ) from None

    async def send(self, body: dict[str, Any]) -> tuple[Completion, dict[str, JsonValue]]:
        """Send one chat request; return the answer, and the server's JSON as it came.

        Raises:
            AgentError: the agent's prompt is longer than the model's context.
            InfrastructureError: the server failed, or its answer is no chat completion.
        """
        try:
            raw = await self._client.chat.completions.with_raw_response.create(**body)
            # Models write lone surrogates when they break off within a character.
            payload = json.loads(well_formed(json.dumps(json.loads(raw.text), ensure_ascii=False)))
            return _Answer.model_validate(payload).completion(), payload
        except openai.BadRequestError as error:
            if "context length" in str(error) or error.code == "context_length_exceeded":
                raise AgentError(
                    f"the prompt exceeds the model's context: {_one_line(error)}"
                ) from None
            raise self._failed(error) from None
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise self._failed(error) from None
        except (ValidationError, ValueError) as error:
            raise InfrastructureError(
                f"the model server at {self.endpoint.url} answered no chat completion: "
                f"{_one_line(error)}"
            ) from None

    def _failed(self, error: Exception) -> InfrastructureError:
        return InfrastructureError(
            f"the model server at {self.endpoint.url} failed: {_one_line(error)}"
        )

    async def native_tools(self) -> bool:
        """Return whether model and server together make valid tool calls; probed once a run."""
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
            "model": self.endpoint.model,
            "messages": [{"role": "user", "content": request}],
            "tools": [{"type": "function", "function": tool}],
            "max_tokens": 64,
            "temperature": 0.0,
        }
        try:
            completion, _ = await self.send(body)
            [call] = completion.tool_calls
            return call.name == "say" and json.loads(call.arguments) == {"word": "courtesy"}
        except (InfrastructureError, ValueError):
            # A server without tools answers 400, or prose: either way there are none to use.
            return False


class CaseModel:
    """The model as one case's agent sees it: every call is recorded and timed.

    `name` is the served name. Calls count as waiting, not as the agent's own time.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        trial: int = 1,
        started: float | None = None,
        waiting: Waiting = nullcontext,
    ) -> None:
        self.name = model.endpoint.model
        self.calls: list[ModelCall] = []
        self.failure: InfrastructureError | None = None
        """What failed last, so that an agent which stumbles over it is not blamed."""
        self._model = model
        self._seed = model.sampling.seed + trial - 1
        self._started = time.monotonic() if started is None else started
        self._waiting = waiting

    async def native_tools(self) -> bool:
        """Return whether tool calls can be relied on; else ask for JSON by schema."""
        with self._waiting():
            return await self._model.native_tools()

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[dict[str, JsonValue]] = (),
        response_format: dict[str, JsonValue] | None = None,
        max_tokens: int | None = None,
    ) -> Completion:
        """Return the model's answer to `messages`.

        `tools` and `response_format` are as in OpenAI's chat API; `max_tokens` lowers the run's.

        Raises:
            AgentError: the prompt is longer than the model's context.
            InfrastructureError: the server failed.
        """
        sampling = self._model.sampling
        body: dict[str, Any] = {
            "model": self.name,
            "messages": list(messages),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": self._seed,
            "max_tokens": min(max_tokens or sampling.max_tokens, sampling.max_tokens),
        }
        if tools:
            body["tools"] = list(tools)
        if response_format is not None:
            body["response_format"] = response_format
        begun = time.monotonic()
        completion, response, failure = None, None, None
        try:
            with self._waiting():
                completion, response = await self._model.send(body)
            return completion
        except AgentError as error:
            failure = str(error)
            raise
        except InfrastructureError as error:
            failure, self.failure = str(error), error
            raise
        except Exception as error:
            # A fault of ours must not look like the agent's.
            failure = f"calling the model failed: {type(error).__name__}: {_one_line(error)}"
            self.failure = InfrastructureError(failure)
            raise self.failure from error
        finally:
            ended = time.monotonic()
            self.calls.append(
                ModelCall(
                    request=body,
                    response=response,
                    error=failure,
                    at=round(begun - self._started, 3),
                    seconds=round(ended - begun, 3),
                    prompt_tokens=completion.prompt_tokens if completion else 0,
                    completion_tokens=completion.completion_tokens if completion else 0,
                )
            )


def _one_line(error: Exception) -> str:
    return printable(" ".join(str(error).split()) or type(error).__name__, MAX_ERROR_CHARACTERS)
