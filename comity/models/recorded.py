"""The model as one case's agent sees it: every call is recorded and timed."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from pydantic import JsonValue

from comity.errors import AgentError, InfrastructureError
from comity.models.call_cache import digest
from comity.models.chat import Body, Completion, Message
from comity.models.client import Answered, ChatModel
from comity.models.replica import one_line
from comity.schema import ModelCall
from comity.schema.base import well_formed

Waiting = Callable[[], AbstractContextManager[None]]


class CaseModel:
    """What an agent is given as its model; calls count as waiting, not as the agent's own time.

    `name` is the served name.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        trial: int = 1,
        started: float | None = None,
        waiting: Waiting = nullcontext,
    ) -> None:
        self.name = model.name
        self.calls: list[ModelCall] = []
        self.failure: InfrastructureError | None = None
        """What failed, where nothing has gone well since: an agent is not to blame for it."""
        self._model = model
        self._trial = trial
        self._started = time.monotonic() if started is None else started
        self._waiting = waiting
        self._asked: Counter[str] = Counter()

    async def native_tools(self) -> bool:
        """Return whether tool calls can be relied on; else ask for JSON by schema.

        Raises:
            InfrastructureError: the server failed.
        """
        with self._waiting():
            try:
                return await self._model.native_tools()
            except InfrastructureError as error:
                self.failure = error
                raise
            except Exception as error:
                self.failure = _ours(error)
                raise self.failure from error

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
            AgentError: the prompt is longer than the model's context, or `max_tokens` were spent
                on thinking.
            InfrastructureError: the server failed.
            TypeError, ValueError: what is asked is no JSON.
        """
        sampling = self._model.settings.sampling
        body: Body = {
            "model": self.name,
            "messages": list(messages),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed + self._trial - 1,
            "max_tokens": min(max_tokens or sampling.max_tokens, sampling.max_tokens),
        }
        if tools:
            body["tools"] = list(tools)
        if response_format is not None:
            body["response_format"] = response_format
        # As it is sent, whatever the agent does with its messages later. A model may write half a
        # character, escaped, in a tool's arguments, and an agent pass it on.
        body = json.loads(well_formed(json.dumps(body, ensure_ascii=False, allow_nan=False)))
        same = digest(body)
        self._asked[same] += 1
        begun = time.monotonic()
        answered, failure = None, None
        try:
            with self._waiting():
                answered = await self._model.send(body, trial=self._trial, nth=self._asked[same])
            self.failure = None
            return answered.completion
        except AgentError as error:
            failure = str(error)
            raise
        except InfrastructureError as error:
            failure, self.failure = str(error), error
            raise
        except Exception as error:
            self.failure = _ours(error)
            failure = str(self.failure)
            raise self.failure from error
        finally:
            self._record(body, answered, failure, begun)

    def _record(
        self, body: Body, answered: Answered | None, failure: str | None, begun: float
    ) -> None:
        completed = answered is not None and answered.answer.kind == "completion"
        completion = answered.answer.completion if answered and completed else None
        self.calls.append(
            ModelCall(
                request=body,
                response=answered.answer.payload if answered else None,
                error=failure,
                at=round(begun - self._started, 3),
                seconds=round(time.monotonic() - begun, 3),
                prompt_tokens=completion.prompt_tokens if completion else 0,
                completion_tokens=completion.completion_tokens if completion else 0,
                cached=answered is not None and answered.tries == 0,
                tries=answered.tries if answered else 0,
            )
        )


def _ours(error: Exception) -> InfrastructureError:
    """Return a fault of ours as what it is: it must not look like the agent's."""
    told = f"calling the model failed: {type(error).__name__}: {one_line(error)}"
    return InfrastructureError(told)
