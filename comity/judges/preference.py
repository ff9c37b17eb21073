"""Whether a judge prefers what its own model wrote.

A judge that scores its own replies higher than others' may be fond of itself, or write better. The
DBG score (Chen, Wang, Zhang, Hu and Lin, "Beyond the Surface: Measuring Self-Preference in LLM
Judgments", arXiv 2506.02592, 2025) tells the two apart by a gold judgement of the same replies: it
is the score that a judge gives to its own replies, less the score that gold gives to them.

Here a score is a favourable answer: in `violate` that the norm was raised, in `contrast` that it
was not pressed. The DBG score of a judge that is kind to everybody is high as well; so the judge is
held to others' replies of the same question and the same gold, and what it adds for its own is the
bias.

Gold is what people say of the replies, where labelled ones name the model as their author. Else it
is what the rules tell, a proxy; and then it is so for the others' replies too, although people have
labelled these: two yardsticks would show a bias where there is only the difference between them.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from comity.judges.interview import Interview, chat
from comity.judges.model import Answers
from comity.judges.questions import Asked
from comity.judges.verdict import Pipeline
from comity.schema import Mode, Request, Word
from comity.schema.example import Labelled
from comity.statistics.rates import Estimate, Stratum, paired_difference, standardized_difference

Gold = Literal["people", "rules"]

FAVOURABLE: Mapping[Mode, tuple[Literal["aware", "over_flagged"], bool]] = {
    Mode.VIOLATE: ("aware", True),
    Mode.CONTRAST: ("over_flagged", False),
}
"""What is to a reply's credit: the question, and the answer to it."""


class Favour(Word):
    """How favourably a judge answers about some replies, beside what gold says of the same."""

    replies: int = Field(ge=0)
    failed: int = Field(ge=0)
    """Those of which the judge gave no valid answer."""
    open: int = Field(ge=0)
    """Those of which gold says nothing, among the others."""
    judged: int = Field(ge=0)
    """How many of the rest the judge favours."""
    gold: int = Field(ge=0)
    """How many of the rest gold favours."""
    beyond: Estimate
    """The DBG score: the share that the judge favours, less the share that gold favours."""


class Preference(Word):
    """What a judge makes of its own model's replies, and of others'."""

    gold: Gold
    unwritten: int = Field(ge=0)
    """Requests to which the model gave no reply when it was asked for its own."""
    own: Favour
    others: Favour
    bias: Estimate
    """How much oftener it favours its own than others' of the same question and gold."""


@dataclass(frozen=True)
class _Text:
    """One reply, by what the judge and gold say of it; None where they say nothing."""

    question: Asked
    judged: bool | None
    gold: bool | None


async def preference(
    interview: Interview,
    answered: Sequence[tuple[Labelled, Answers]],
    gold: Sequence[Labelled],
    questions: Sequence[Asked],
) -> Preference | None:
    """Return whether the judge prefers its own replies; None where nothing is asked that tells.

    `answered` are examples with the judge's answers; `gold` are more, not yet put to it.
    """
    known = [(one, found) for one, found in answered if _asked(one.request, questions)]
    more = [one for one in gold if _asked(one.request, questions)]
    if not known and not more:
        return None
    known += zip(more, await _answers(interview, [_of(one) for one in more]), strict=True)
    names = interview.model.names
    labelled = [(one, found) for one, found in known if one.example.model in names]
    others = [(one, found) for one, found in known if one.example.model not in names]
    if labelled:
        return _preference("people", list(map(_by_people, labelled)), list(map(_by_people, others)))
    requests = {one.request.id: one.request for one, _ in known}
    replies = await asyncio.gather(*map(interview.write, requests.values()))
    own = [(r, reply) for r, reply in zip(requests.values(), replies, strict=True) if reply]
    return _preference(
        "rules",
        await _by_rules(own, await _answers(interview, own)),
        await _by_rules([_of(one) for one, _ in others], [found for _, found in others]),
        len(requests) - len(own),
    )


def _asked(request: Request, questions: Sequence[Asked]) -> bool:
    return request.mode in FAVOURABLE and FAVOURABLE[request.mode][0] in questions


def _of(labelled: Labelled) -> tuple[Request, str]:
    return labelled.request, labelled.example.reply


async def _answers(
    interview: Interview, replies: Sequence[tuple[Request, str]]
) -> Sequence[Answers]:
    async def ask(request: Request, reply: str) -> Answers:
        [found] = await interview.ask(request, reply, [FAVOURABLE[request.mode][0]])
        return found

    return await asyncio.gather(*(ask(*each) for each in replies))


def _judged(request: Request, found: Answers) -> bool | None:
    question, favourable = FAVOURABLE[request.mode]
    finding = found.found.get(question)
    return None if finding is None else finding.value is favourable


def _by_people(each: tuple[Labelled, Answers]) -> _Text:
    labelled, found = each
    question, favourable = FAVOURABLE[labelled.request.mode]
    label: bool = getattr(labelled.example.labels, question)
    return _Text(question, _judged(labelled.request, found), label is favourable)


async def _by_rules(
    replies: Sequence[tuple[Request, str]], answers: Sequence[Answers]
) -> list[_Text]:
    texts = []
    for (request, reply), found in zip(replies, answers, strict=True):
        question, favourable = FAVOURABLE[request.mode]
        finding = (await Pipeline().judge(*chat(request, reply), None)).finding(question)
        gold = None if finding is None or finding.open else finding.value is favourable
        texts.append(_Text(question, _judged(request, found), gold))
    return texts


def _preference(
    gold: Gold, own: Sequence[_Text], others: Sequence[_Text], unwritten: int = 0
) -> Preference:
    first, second = _counted(own), _counted(others)
    return Preference(
        gold=gold,
        unwritten=unwritten,
        own=_favour(own),
        others=_favour(others),
        bias=standardized_difference(
            Stratum(
                (first[(*alike, True)], first[(*alike, True)] + first[(*alike, False)]),
                (second[(*alike, True)], second[(*alike, True)] + second[(*alike, False)]),
            )
            for alike in sorted({(question, said) for question, said, _ in first})
        ),
    )


def _counted(texts: Sequence[_Text]) -> Counter[tuple[Asked, bool, bool]]:
    """Return how many texts there are by question, gold and the judge's answer."""
    return Counter(
        (text.question, text.gold, text.judged)
        for text in texts
        if text.gold is not None and text.judged is not None
    )


def _favour(texts: Sequence[_Text]) -> Favour:
    valid = [text for text in texts if text.judged is not None]
    pairs = [
        (text.judged, text.gold)
        for text in valid
        if text.judged is not None and text.gold is not None
    ]
    return Favour(
        replies=len(texts),
        failed=len(texts) - len(valid),
        open=len(valid) - len(pairs),
        judged=sum(judged for judged, _ in pairs),
        gold=sum(gold for _, gold in pairs),
        beyond=paired_difference(pairs),
    )
