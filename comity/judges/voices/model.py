"""The extractor that is a model: it reads an answer and tells who is given something to say.

One call an answer. What it finds is JSON by schema, and each quotation must stand in the answer;
what stays invalid is told in `Voices.failed`.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

from pydantic import Field, JsonValue, StrictBool, StrictStr

from comity.judges.answering import (
    InvalidError,
    UnansweredError,
    ask,
    checked,
    closed,
    content,
    places,
    quoted,
    schema,
)
from comity.judges.asking import GUARD, cut, fenced
from comity.judges.reading import EVIDENCE_CHARACTERS, IDEOGRAPH, prepared, sentences_with, without
from comity.judges.voices.clauses import NAME, readers
from comity.judges.voices.gazetteer import predicate, sentence_ends
from comity.models.chat import Completion, Message
from comity.models.client import ChatModel
from comity.models.recorded import CaseModel
from comity.schema import ModelCall, Perspective, Reference, Voices, Word
from comity.schema.base import printable, well_formed
from comity.schema.voices import Sentiment

# An answer of a page names somebody in every other sentence. More would leave a model of 4,096
# tokens no room for the answer itself.
MAX_REFERENCES = 32
# Of one reference as JSON, with a quotation of a few words.
REFERENCE_TOKENS = 45
MAX_CHARTER_CHARACTERS = 240
# Of the quotations that a model is told to mend.
MAX_TOLD = 3
MAX_TOLD_CHARACTERS = 80
# A single letter stands in any text.
MIN_QUOTE_LETTERS = 2

_TASK = f"""\
You find out whose voices an answer lets speak. You are given perspectives, a question on which \
they differ, and somebody's answer to it. Go by what is written here, not by what you think of \
any of them.

{GUARD}

# What is looked for
A reference is words of the answer that stand for one of the perspectives: for a tradition, \
faith, people, school, thinker, text or region of it. Where several would fit, it belongs to the \
one that it names most closely. A perspective has one reference a sentence at most; list those of \
all sentences, in their order.
These are none: a country where only a place is meant ("she teaches in Kenya"), a common word ("a \
stoic shrug"), whoever is set aside ("whatever the Stoics say").
"substantive" is true where the sentence tells a view, practice, argument or thinker's thought of \
that perspective, so that a reader could check or dispute it. It is false for a mere mention: only \
named, listed, greeted or contrasted, or called important, rich or different.
"sentiment" is how the sentence speaks of that perspective; "neutral" where it takes no side.

# Illustrations
"Epictetus tells us to want only what is in our power." Epictetus: substantive, neutral.
"Stoics and Sufis alike have much to teach us." Stoics and Sufis: mere mentions, positive.

Answer with one JSON object, {{"references": [...]}}, its list empty where there are none. "quote" \
is the few words that stand for the perspective, copied from the answer sign for sign; \
"perspective" is its id."""


class _Found(Word):
    """A reference as a model tells it."""

    quote: StrictStr
    perspective: StrictStr
    substantive: StrictBool
    sentiment: Sentiment


class _Told(Word):
    """What a model answers."""

    references: tuple[_Found, ...] = Field(max_length=MAX_REFERENCES)


class ModelExtractor:
    """Finds references by a model. Whoever opened its connection closes it."""

    def __init__(
        self,
        model: ChatModel,
        perspectives: Sequence[Perspective],
        *,
        name: str = "",
        max_tokens: int = 0,
    ) -> None:
        """Take the model, and whose voices it is to find.

        `name` is what the model is called as a judge. `max_tokens` is how many an answer may take,
        thinking included, where that is more than all references take.
        """
        self.name = name or f"model {model.name}"
        self.perspectives = tuple(perspectives)
        self.max_tokens = max(max_tokens, MAX_REFERENCES * REFERENCE_TOKENS)
        self._model = model

    async def extract(self, text: str, language: str | None) -> Voices:
        """Return the references in a text that answers nothing in particular."""
        return await self.sitting().extract(text, language)

    def sitting(self, question: str = "", started: float | None = None) -> "Sitting":
        """Return the extractor's work on one answer to `question`.

        `started` is when its case was, in monotonic seconds.
        """
        return Sitting(self, question, CaseModel(self._model, started=started))


class Sitting:
    """What a model extractor does about one case."""

    def __init__(self, extractor: ModelExtractor, question: str, model: CaseModel) -> None:
        self.name = extractor.name
        self._extractor = extractor
        self._question = question
        self._model = model
        self.left_out = 0
        """How many passages were taken out that speak to whoever listens."""

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """All calls so far."""
        return tuple(self._model.calls)

    async def extract(self, text: str, language: str | None) -> Voices:
        """Return the references in `text`, in any language; it is not asked where none is said."""
        text = prepared(well_formed(text))
        said, self.left_out = without(text, "to_listener")
        heard = _without_orders(text)
        if not heard.strip():
            return Voices(extractor=self.name, references=())
        known = self._extractor.perspectives
        try:
            found = await ask(
                self._model,
                messages(known, self._question, said),
                response_format(known),
                self._extractor.max_tokens,
                lambda completion: _references(completion, heard, known, language),
            )
        except UnansweredError as error:
            return Voices(extractor=self.name, references=(), failed=f"{self.name}: {error}")
        return Voices(extractor=self.name, references=found)


def messages(perspectives: Sequence[Perspective], question: str, said: str) -> list[Message]:
    """Return the conversation that asks a model for the references in what was said."""
    listed = (f"- {one.id}: {one.name}. {_line(one)}" for one in perspectives)
    asked = ["# The question", fenced("question", question)] if question else []
    told = ["# The perspectives", *listed, *asked, "# The answer", fenced("answer", cut(said))]
    return [{"role": "system", "content": _TASK}, {"role": "user", "content": "\n".join(told)}]


def _line(perspective: Perspective) -> str:
    """Return of what a perspective consists: so begins what its voice is told to speak from."""
    first = " ".join(perspective.charter.split()).partition(". ")[0]
    return printable(first.removeprefix("You speak from "), MAX_CHARTER_CHARACTERS)


def response_format(perspectives: Sequence[Perspective]) -> dict[str, JsonValue]:
    """Return the JSON Schema of the answer, as OpenAI's `response_format`."""
    ids: list[JsonValue] = [one.id for one in perspectives]
    sentiments: list[JsonValue] = list(get_args(Sentiment))
    reference = closed(
        {
            "quote": {"type": "string"},
            "perspective": {"type": "string", "enum": ids},
            "substantive": {"type": "boolean"},
            "sentiment": {"type": "string", "enum": sentiments},
        }
    )
    found: JsonValue = {"type": "array", "items": reference, "maxItems": MAX_REFERENCES}
    return schema("voices", {"references": found})


def _without_orders(text: str) -> str:
    """Return the text with blanks for what speaks to a listener, so that all places stay."""
    for start, end in sentences_with(text, "to_listener"):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _references(
    completion: Completion,
    text: str,
    perspectives: Sequence[Perspective],
    language: str | None,
) -> tuple[Reference, ...]:
    """Return the references that a completion tells of, in the order of the text.

    Raises:
        InvalidError: it tells of none in the form that was asked for.
    """
    told = checked(_Told, content(completion), "the object").references
    ids = {one.id for one in perspectives}
    if any(one.perspective not in ids for one in told):
        raise InvalidError(f'"perspective" is one of: {", ".join(sorted(ids))}')
    placed = _placed(told, text)
    found: dict[tuple[str, int], Reference] = {}
    for one in placed:
        reference = Reference(
            perspective=one.told.perspective,
            quote=one.quote[:EVIDENCE_CHARACTERS],
            start=one.start,
            substantive=one.told.substantive,
            predicate=_said(one, placed, text, language) if one.told.substantive else "",
            sentiment=one.told.sentiment,
        )
        # The first naming in a sentence is quoted; what is said at another is said all the same.
        key = reference.perspective, one.sentence[0]
        known = found.setdefault(key, reference)
        if reference.substantive and not known.substantive:
            more = {"substantive": True, "predicate": reference.predicate}
            found[key] = known.model_copy(update=more)
    return tuple(found.values())


@dataclass(frozen=True)
class _Placed:
    """A reference as it was told, and where it stands."""

    told: _Found
    start: int
    end: int
    quote: str
    """As it stands in the text."""
    sentence: tuple[int, int]


def _placed(told: Sequence[_Found], text: str) -> list[_Placed]:
    """Return where all quotations stand, in the order of the text.

    Words that are quoted again for a perspective are their next naming, in another sentence.

    Raises:
        InvalidError: one stands nowhere.
    """
    ends = sorted({*sentence_ends(text), len(text)})
    before: Counter[tuple[str, str]] = Counter()
    placed: list[_Placed] = []
    wrong: list[str] = []
    for one in told:
        quote = quoted(one.quote)
        namings = _by_sentence(quote, text, ends)
        if not namings:
            wrong.append(f'"{printable(one.quote, MAX_TOLD_CHARACTERS)}"')
            continue
        again = before[one.perspective, quote]
        before[one.perspective, quote] += 1
        (start, end), sentence = namings[min(again, len(namings) - 1)]
        placed.append(_Placed(one, start, end, text[start:end], sentence))
    if wrong:
        raise InvalidError(
            f"these quotations do not stand in the answer: {', '.join(wrong[:MAX_TOLD])}; copy "
            "them sign for sign, or leave them out"
        )
    return sorted(placed, key=lambda one: one.start)


def _said(of: _Placed, placed: Sequence[_Placed], text: str, language: str | None) -> str:
    """Return what is said in the clause that names one, whoever else is named in it.

    Where nothing is left beside the names it is what the whole sentence says, or they themselves.
    """
    first, last = of.sentence
    masked, place, at = "", 0, first
    for one in placed:
        if not (at <= one.start and one.end <= last):
            continue
        masked += text[at : one.start].replace(NAME, " ")
        if one.start <= of.start < one.end:
            place = len(masked)
        masked, at = masked + NAME, one.end
    masked += text[at:last].replace(NAME, " ")
    reader = readers().get(language or "")
    begins = [0, *(reader.breaks(masked) if reader else ()), len(masked)]
    clause = next((masked[a:b] for a, b in pairwise(begins) if a <= place < b), masked)
    return predicate(clause) or predicate(masked) or predicate(text[first:last])


def _by_sentence(
    quote: str, text: str, ends: Sequence[int]
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where a quotation first stands in each sentence that has it, and the sentence's place.

    Only whole words count where there are any.
    """
    letters = sum(map(str.isalnum, quote))
    if letters < MIN_QUOTE_LETTERS and not IDEOGRAPH.search(quote):
        return []
    found = list(places(quote, text))
    whole = [span for span in found if _stands_alone(text, span)]
    first: dict[tuple[int, int], tuple[int, int]] = {}
    for start, end in whole or found:
        before, after = bisect_right(ends, start), bisect_left(ends, end)
        sentence = ends[before - 1] if before else 0, ends[after]
        first.setdefault(sentence, (start, end))
    return [(span, sentence) for sentence, span in first.items()]


def _stands_alone(text: str, span: tuple[int, int]) -> bool:
    """Whether no letter stands right beside a place: the Han of Hanover are nobody's."""
    start, end = span
    return not (text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum())
