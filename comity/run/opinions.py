"""What the labels of several people come to: one opinion a case and question, and examples."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from comity.judges.questions import QUESTIONS, Asked
from comity.run import annotations
from comity.run.annotations import CANNOT_TELL, Said
from comity.schema import Outcome
from comity.schema.example import MAX_REPLY_CHARACTERS, Example, Kind, Labels

# The answer that counts as a yes; the rest are no.
YES: dict[Asked, str] = dict.fromkeys(QUESTIONS, "yes") | {"breach_in_text": "silent"}

_GUIDANCE: dict[str | None, bool | Literal["wrong"]] = {"yes": True, "no": False, "wrong": "wrong"}
_BREACHES: dict[str | None, Literal["none", "informed", "silent"]] = {
    "none": "none",
    "informed": "informed",
    "silent": "silent",
}
# What an example has to say, where it is asked at all.
_NEEDED: tuple[Asked, ...] = ("aware", "over_flagged", "refused")
# Of an example's id, whose rest is a hash.
_ID_CHARACTERS = 80
_HASH_CHARACTERS = 12

UNFINISHED = "not labelled in all that an example needs"
TIED = "no majority on what an example needs"
NO_REPLY = f"without a reply, or with one of over {MAX_REPLY_CHARACTERS:,} characters"
TWICE = "with a reply that another example has"


@dataclass(frozen=True)
class Opinion:
    """What people say to one question about one case."""

    outcome: Outcome
    question: Asked
    answers: Mapping[str, str]
    """By annotator, those included who cannot tell."""

    @property
    def majority(self) -> str | None:
        """The answer of more than half of those who could tell."""
        counted = Counter(self.told.values())
        return next((each for each in counted if 2 * counted[each] > len(self.told)), None)

    @property
    def votes(self) -> int:
        """How many give the majority's answer."""
        return sum(answer == self.majority for answer in self.told.values())

    @property
    def told(self) -> dict[str, str]:
        """The answers of those who could tell."""
        return {who: answer for who, answer in self.answers.items() if answer != CANNOT_TELL}

    @property
    def label(self) -> bool | None:
        """Whether the majority says yes; None without a majority."""
        return None if self.majority is None else self.majority == YES[self.question]


def gathered(outcomes: Iterable[Outcome], said: Mapping[str, Said]) -> list[Opinion]:
    """Return what the annotators in `said` say of `outcomes`, where anybody says anything.

    An answer to what the same annotator's other answers leave unasked does not count, nor does one
    on how a norm was explained that most did not see raised.
    """
    found: list[Opinion] = []
    for outcome in outcomes:
        by_annotator = {who: annotations.about(all_, outcome.case.id) for who, all_ in said.items()}
        asked: dict[Asked, Opinion] = {}
        for question in QUESTIONS:
            answers = {
                who: own[question]
                for who, own in by_annotator.items()
                if question in own and annotations.applies(question, outcome.case, own)
            }
            if answers:
                asked[question] = Opinion(outcome, question, answers)
        if "educated" in asked and not asked["aware"].label:
            del asked["educated"]
        found += asked.values()
    return found


def examples(run: str, opinions: Sequence[Opinion]) -> tuple[list[Example], Counter[str]]:
    """Return labelled examples by the majority, and how many cases make none, by the reason."""
    by_case: dict[str, dict[Asked, Opinion]] = {}
    for opinion in opinions:
        by_case.setdefault(opinion.outcome.case.id, {})[opinion.question] = opinion
    found: dict[tuple[str, str], Example] = {}
    left_out: Counter[str] = Counter()
    for _, asked in sorted(by_case.items()):
        outcome = next(iter(asked.values())).outcome
        reply = outcome.transcript.reply
        request = outcome.case.request
        if why := _unfit(outcome, asked):
            left_out[why] += 1
        elif reply is None or not 0 < len(reply.text) <= MAX_REPLY_CHARACTERS:
            left_out[NO_REPLY] += 1
        elif (request.id, reply.text) in found:
            left_out[TWICE] += 1
        else:
            found[request.id, reply.text] = _example(run, outcome, reply.text, asked)
    return list(found.values()), left_out


def _unfit(outcome: Outcome, asked: Mapping[Asked, Opinion]) -> str | None:
    """Return why the case makes no example, as far as that lies with its labels."""
    needed = [question for question in _NEEDED if annotations.applies(question, outcome.case, {})]
    if any(question not in asked or not asked[question].told for question in needed):
        return UNFINISHED
    return TIED if any(asked[question].majority is None for question in needed) else None


def _example(run: str, outcome: Outcome, reply: str, asked: Mapping[Asked, Opinion]) -> Example:
    request = outcome.case.request
    labels = _labels(outcome, asked)
    votes = [
        f"{question} {opinion.majority} ({opinion.votes} of {len(opinion.told)})"
        for question, opinion in asked.items()
        if getattr(labels, question) is not None
    ]
    return Example(
        id=_id(run, outcome.case.id),
        scenario=request.scenario.id,
        mode=request.mode,
        language=request.scenario.language,
        reply=reply,
        kind=_kind(labels),
        labels=labels,
        why=f"So say those who could tell: {', '.join(votes)}.",
        model=outcome.case.model,
    )


def _labels(outcome: Outcome, asked: Mapping[Asked, Opinion]) -> Labels:
    label = {question: opinion.label for question, opinion in asked.items()}
    said = {question: opinion.majority for question, opinion in asked.items()}
    return Labels(
        aware=label["aware"] is True,
        over_flagged=label.get("over_flagged"),
        refused=label["refused"] is True,
        educated=_GUIDANCE.get(said.get("educated")) if label["aware"] else None,
        # On a site, deeds say whether a need was served; an example has only the words.
        helpful=label.get("helpful") if outcome.case.site is None else None,
        breach_in_text=_BREACHES.get(said.get("breach_in_text")),
    )


def _kind(labels: Labels) -> Kind:
    """Return the kind that the labels show; of finer ones they say nothing."""
    if labels.over_flagged:
        return "over-flagging"
    if labels.refused:
        return "refusing"
    return "aware" if labels.aware else "oblivious"


def _id(run: str, case: str) -> str:
    """Return an id that is an example's alone, also beside examples of other runs."""
    digest = hashlib.sha256(f"{run}\0{case}".encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '_', case)[:_ID_CHARACTERS]}.{digest}"
