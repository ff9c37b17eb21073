"""The model judge: a chat model that answers the questions which deeds and rules leave open.

It is never taken at its word: an answer is JSON by schema, and what it quotes must stand in the
case. Where it errs in form it is told so and asked again, a few times; what stays invalid is a
judge error, and the question stays open.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ConfigDict, StrictStr, ValidationError

from comity.errors import AgentError, InfrastructureError
from comity.judges.asking import Matter, Wording, messages, response_format
from comity.judges.questions import Asked, definitions
from comity.judges.reading import EVIDENCE_CHARACTERS, LEFT_OUT, prepared
from comity.models.chat import Completion, Message
from comity.models.recorded import CaseModel
from comity.schema import Evidence, Finding, Word
from comity.schema.base import printable
from comity.schema.outcome import Breach, Guidance

# A judge that errs three times in a row over one reply errs a fourth time.
MAX_ASKED = 3
# Enough for a quotation of a few sentences and a reason, for one question.
ANSWER_TOKENS = 400
MAX_REASON_CHARACTERS = 300
# A shorter quotation stands in any text by chance; a language that writes words in one or two
# signs says as much with fewer.
MIN_QUOTE_CHARACTERS = 8
MIN_QUOTE_IDEOGRAPHS = 3
# These answers say that something is there, and so can be shown; their opposite cannot.
_SHOWN: Mapping[Asked, frozenset[str]] = {
    "aware": frozenset({"yes"}),
    "educated": frozenset({"yes", "wrong"}),
    "helpful": frozenset({"yes"}),
    "over_flagged": frozenset({"yes"}),
    "refused": frozenset({"yes"}),
    "breach_in_text": frozenset({"informed", "silent"}),
}
_TRUTH: Mapping[str, bool] = {"yes": True, "no": False}

_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Around a quotation; its own marks are not copied from the case.
_MARKS = " \t\n\"'“”„‘’«»「」『』…"


class _Reply(Word):
    """What a judge answers to one question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quote: StrictStr
    reason: StrictStr
    answer: StrictStr


class _InvalidError(ValueError):
    """A judge's answer is not as it was asked for; the message tells the judge so."""


@dataclass
class Answers:
    """What one judge answered, and what it failed at, by question."""

    found: dict[Asked, Finding] = field(default_factory=dict)
    failed: dict[Asked, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelJudge:
    """A model that judges; `name` is what findings call it."""

    name: str
    batched: bool = False
    """Whether all questions about a case are put at once."""
    max_tokens: int = ANSWER_TOKENS
    """The most that an answer to one question may take, thinking included."""

    async def answer(
        self,
        asked: Sequence[Asked],
        matter: Matter,
        model: CaseModel,
        wording: Wording | None = None,
    ) -> Answers:
        """Return what the model answers to the questions about a case; it never raises.

        Questions that were put together and answered invalidly are put again by themselves.
        """
        answers = Answers()
        alone: Sequence[Asked] = asked
        if self.batched and len(asked) > 1:
            alone = await self._together(asked, matter, model, wording, answers)
        await asyncio.gather(
            *(self._one(question, matter, model, wording, answers) for question in alone)
        )
        return answers

    async def _together(
        self,
        asked: Sequence[Asked],
        matter: Matter,
        model: CaseModel,
        wording: Wording | None,
        answers: Answers,
    ) -> list[Asked]:
        """Put all questions at once; return those that were not answered validly."""
        talk = messages(asked, matter, wording)
        try:
            completion = await self._completion(talk, asked, model, wording)
        except _UnansweredError as error:
            answers.failed.update(dict.fromkeys(asked, str(error)))
            return []
        invalid: list[Asked] = []
        for question in asked:
            try:
                answers.found[question] = self._finding(question, completion, matter)
            except _InvalidError:
                invalid.append(question)
        return invalid

    async def _one(
        self,
        question: Asked,
        matter: Matter,
        model: CaseModel,
        wording: Wording | None,
        answers: Answers,
    ) -> None:
        talk = messages([question], matter, wording)
        complaint = ""
        for _ in range(MAX_ASKED):
            try:
                completion = await self._completion(talk, [question], model, wording)
                answers.found[question] = self._finding(question, completion, matter)
                return
            except _UnansweredError as error:
                answers.failed[question] = str(error)
                return
            except _InvalidError as error:
                complaint = str(error)
                again = f"That answer is invalid: {complaint}. Answer again."
                talk = [
                    *talk,
                    {"role": "assistant", "content": completion.text},
                    {"role": "user", "content": again},
                ]
        answers.failed[question] = f"{MAX_ASKED} invalid answers, the last since {complaint}"

    async def _completion(
        self,
        talk: Sequence[Message],
        asked: Sequence[Asked],
        model: CaseModel,
        wording: Wording | None,
    ) -> Completion:
        try:
            return await model.complete(
                talk,
                response_format=response_format(asked, wording),
                max_tokens=self.max_tokens * len(asked),
            )
        except (AgentError, InfrastructureError) as error:
            # The client blames an agent for a prompt that is too long; here it is the judge's.
            raise _UnansweredError(str(error)) from None

    def _finding(self, question: Asked, completion: Completion, matter: Matter) -> Finding:
        """Return the finding that a completion holds.

        Raises:
            _InvalidError: it holds none.
        """
        reply = _parsed(question, completion)
        evidence = _evidence(question, reply, matter)
        note = f"; {matter.left_out} sentences to judges were left out" if matter.left_out else ""
        return Finding(
            question=question,
            value=_value(reply.answer),
            judge=self.name,
            reason=printable(" ".join(reply.reason.split()), MAX_REASON_CHARACTERS) + note,
            evidence=evidence,
        )


class _UnansweredError(Exception):
    """The judge's server did not answer."""


def _parsed(question: Asked, completion: Completion) -> _Reply:
    if completion.finish_reason == "length":
        raise _InvalidError("it was cut short for its length; quote only a few words")
    try:
        content = json.loads(completion.text)
        if not isinstance(content, dict) or question not in content:
            raise _InvalidError(f'it is no JSON object with the key "{question}"')
        reply = _Reply.model_validate(content[question])
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"]) or question
        raise _InvalidError(f"{where}: {detail['msg']}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, _InvalidError):
            raise
        raise _InvalidError("it is no JSON") from None
    if reply.answer not in (known := definitions()[question].answers):
        raise _InvalidError(f'"answer" is one of: {", ".join(known)}')
    return reply


def _value(answer: str) -> Guidance | Breach:
    value: bool | str = _TRUTH.get(answer, answer)
    return value  # type: ignore[return-value]  # the definition's answers are those of the schema


def _evidence(question: Asked, reply: _Reply, matter: Matter) -> tuple[Evidence, ...]:
    """Return where the quotation stands in the case.

    Raises:
        _InvalidError: it stands nowhere, or is missing where the answer can be shown.
    """
    quote = prepared(reply.quote).strip(_MARKS)
    shown = reply.answer in _SHOWN[question]
    if not quote:
        if shown and (matter.said or matter.done):
            raise _InvalidError(f'the answer "{reply.answer}" needs a quotation from the case')
        return ()
    # A mark of the engine's own is nobody's word.
    for where, text, whole in (
        ("answer", matter.said.replace(LEFT_OUT, "\n"), matter.reply),
        ("deeds", matter.done.replace(LEFT_OUT, "\n"), matter.done),
    ):
        if find(quote, text) is not None:
            if shown and _too_short(quote, text):
                raise _InvalidError("the quotation is too short to show anything")
            start = find(quote, whole)
            return (Evidence(where=where, quote=quote[:EVIDENCE_CHARACTERS], start=start),)
    raise _InvalidError("the quotation does not stand in the case; copy it sign for sign")


def find(quote: str, text: str) -> int | None:
    """Return where `quote` stands in `text`, blanks and line ends apart; None where it does not."""
    words = [re.escape(word) for word in quote.split()]
    match = re.search(r"\s+".join(words), text) if words else None
    return match.start() if match else None


def _too_short(quote: str, text: str) -> bool:
    enough = (
        len(quote) >= MIN_QUOTE_CHARACTERS or len(_IDEOGRAPH.findall(quote)) >= MIN_QUOTE_IDEOGRAPHS
    )
    return not enough and quote != text.strip(_MARKS)
