"""How a model answers by a schema: where it errs in form it is told so, and asked again.

It is never taken at its word: what it answers is checked, and what it quotes must stand in what it
was shown.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from comity.errors import AgentError, InfrastructureError
from comity.judges.reading import prepared
from comity.models.chat import Completion, Message
from comity.models.recorded import CaseModel
from comity.schema import Word

T = TypeVar("T")
W = TypeVar("W", bound=Word)

# A model that errs three times in a row over one text errs a fourth time.
MAX_ASKED = 3
# Of an invalid answer that a model is shown again: what is wrong with a flood shows at its start,
# and the whole of it would leave a small model no room for another.
MAX_AGAIN_CHARACTERS = 2_000
# Around a quotation; its own marks are not copied from the text.
MARKS = " \t\n\"'“”„‘’«»「」『』…"


class InvalidError(ValueError):
    """An answer is not as it was asked for; the message tells the model so."""


class UnansweredError(Exception):
    """There is no valid answer; the message says why."""


async def ask(
    model: CaseModel,
    talk: Sequence[Message],
    response_format: dict[str, JsonValue],
    max_tokens: int,
    read: Callable[[Completion], T],
) -> T:
    """Return what `read` makes of the model's answer; it raises `InvalidError` where that is none.

    Raises:
        UnansweredError: the server failed, or all answers were invalid.
    """
    complaint = ""
    for _ in range(MAX_ASKED):
        completion = await complete(model, talk, response_format, max_tokens)
        try:
            return read(completion)
        except InvalidError as error:
            complaint = str(error)
        talk = [
            *talk,
            {"role": "assistant", "content": completion.text[:MAX_AGAIN_CHARACTERS]},
            {"role": "user", "content": f"That answer is invalid: {complaint}. Answer again."},
        ]
    raise UnansweredError(f"{MAX_ASKED} invalid answers, the last since {complaint}")


async def complete(
    model: CaseModel,
    talk: Sequence[Message],
    response_format: dict[str, JsonValue],
    max_tokens: int,
) -> Completion:
    """Return what the model answers, valid or not.

    Raises:
        UnansweredError: the server failed.
    """
    try:
        return await model.complete(talk, response_format=response_format, max_tokens=max_tokens)
    except (AgentError, InfrastructureError) as error:
        # The client blames an agent for a prompt that is too long; here it is the judge's.
        raise UnansweredError(str(error)) from None


def schema(name: str, properties: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return OpenAI's `response_format` of an object that has all these properties."""
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "strict": True, "schema": closed(properties)},
    }


def closed(properties: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the JSON Schema of an object that has all these properties, and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def content(completion: Completion) -> dict[str, JsonValue]:
    """Return the JSON object that a completion is.

    Raises:
        InvalidError: it is none.
    """
    if completion.finish_reason == "length":
        raise InvalidError("it was cut short for its length; quote only a few words")
    try:
        found = json.loads(completion.text)
    except (ValueError, RecursionError):
        raise InvalidError("it is no JSON") from None
    if not isinstance(found, dict):
        raise InvalidError("it is no JSON object")
    return found


def checked(kind: type[W], found: JsonValue, name: str) -> W:
    """Return `found` as a word; `name` is what it is called where it is wrong as a whole.

    Raises:
        InvalidError: it is not as the word is.
    """
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"]) or name
        raise InvalidError(f"{where}: {detail['msg']}") from None


def quoted(quote: str) -> str:
    """Return the words of a quotation as they would stand in a prepared text."""
    return prepared(quote).strip(MARKS)


def places(quote: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where `quote` begins and ends in `text`, blanks and line ends apart."""
    words = [re.escape(word) for word in quote.split()]
    if words:
        yield from (match.span() for match in re.finditer(r"\s+".join(words), text))


def find(quote: str, text: str) -> int | None:
    """Return where `quote` first stands in `text`; None where it does not."""
    return next((start for start, _ in places(quote, text)), None)
