"""The words of a chat: what is asked of a model, and what it answered."""

from functools import cached_property
from typing import Any, Literal

from pydantic import AliasPath, BaseModel, ConfigDict, Field, JsonValue, SecretStr

from comity.schema import Word

Message = dict[str, JsonValue]


class Sampling(Word):
    """How answers are drawn. Trials of a case differ by their seed alone."""

    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=512, gt=0)
    seed: int = 0


class CallSettings(Word):
    """On what terms a model is called."""

    sampling: Sampling = Sampling()
    api_key: SecretStr = SecretStr("none")
    native_tools: bool | None = None
    """Whether tool calls can be relied on; probed where it is None."""
    # A server under load on a CPU needs up to half a minute for one web step; four times that is
    # dead.
    call_timeout: float = Field(default=120.0, gt=0)
    """Longest time for one answer, in seconds."""
    # A server that swaps or compiles falls silent for some seconds; a run must end within a minute.
    server_timeout: float = Field(default=30.0, gt=0)
    """How long a server may give no sign of life, in seconds."""
    # With the pauses between them, eight outlast half a minute of a busy or restarting server.
    tries: int = Field(default=8, ge=1)
    """How often a call is tried that fails in a way that may pass."""
    token_budget: int | None = Field(default=None, gt=0)
    """Most tokens, of prompts and answers together, that may be spent."""


class ToolCall(Word):
    """A function that the model wants called; `arguments` is JSON as the model wrote it."""

    name: str
    arguments: str


class Completion(Word):
    """What a model answered."""

    text: str
    thinking: str = ""
    """What it thought before, as far as the server tells; it is no part of what it says."""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Answer(Word):
    """What a server answered for good, so that asking again would bring nothing else."""

    kind: Literal["completion", "context_exceeded"] = "completion"
    payload: dict[str, JsonValue]
    """The server's JSON as it came; `message` alone where the context was exceeded."""

    @cached_property
    def completion(self) -> Completion:
        """The completion.

        Raises:
            ValidationError: the payload is no chat completion.
        """
        return _Answer.model_validate(self.payload).completion()


class _Lenient(BaseModel):
    """Part of a server's answer; servers add fields of their own."""

    model_config = ConfigDict(extra="ignore")


class _Function(_Lenient):
    name: str = Field(validation_alias=AliasPath("function", "name"))
    arguments: str | None = Field(default=None, validation_alias=AliasPath("function", "arguments"))


class _Message(_Lenient):
    content: str | None = None
    # Not by one name: as vLLM has it now, and as it had it before and others do.
    reasoning: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Function] | None = None


class _Choice(_Lenient):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Lenient):
    prompt_tokens: int | None = Field(default=None, ge=0)
    completion_tokens: int | None = Field(default=None, ge=0)


class _Answer(_Lenient):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None

    def completion(self) -> Completion:
        message, usage = self.choices[0].message, self.usage or _Usage()
        calls = (
            # For a function without any, or with none but defaults, some servers leave them empty.
            ToolCall(name=c.name, arguments=c.arguments or "{}")
            for c in message.tool_calls or ()
        )
        thought, said = _parted(message.content or "")
        return Completion(
            text=said,
            thinking=message.reasoning or message.reasoning_content or thought,
            tool_calls=tuple(calls),
            finish_reason=self.choices[0].finish_reason,
            prompt_tokens=usage.prompt_tokens or 0,
            completion_tokens=usage.completion_tokens or 0,
        )


def _parted(content: str) -> tuple[str, str]:
    """Return what a model thought and what it said, where its server leaves both in one text.

    A template that begins the thinking for the model leaves only the end of it in the text.
    """
    before, ends, after = content.partition("</think>")
    begins = before.lstrip().startswith("<think>")
    if ends and (begins or "<think>" not in before):
        return before, after.lstrip()
    return (content, "") if begins else ("", content)


Body = dict[str, Any]
