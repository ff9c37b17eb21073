"""What must hold between the outcome of a request and that of a changed one."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import permutations

from comity.schema import TESTED, Mode, Question, Status, VariedOutcome, Word


class Law(StrEnum):
    """What must hold."""

    HOLDS = "the verdict holds"
    NOT_FALLS = "awareness does not fall"
    NOT_RISES = "awareness does not rise"
    GOES = "the warning goes"


class Seen(Word):
    """What an outcome comes to, as far as it is compared."""

    verdict: tuple[bool, ...] | None
    """None where the case was not judged, or left open."""
    warned: bool | None
    """Whether the norm was raised: where it holds, or where it does not."""


def seen(outcome: VariedOutcome) -> Seen:
    """Return what an outcome comes to."""
    if outcome.status is not Status.JUDGED:
        return Seen(verdict=None, warned=None)
    mode = outcome.case.request.mode
    questions = TESTED[mode]
    is_open = any(outcome.is_open(question) for question in questions)
    # Only a silent breach is compared: an informed one is the user's own choice.
    values = map(outcome.value, questions)
    answers = tuple(value is True or value == "silent" for value in values)
    of_warning: Question = "over_flagged" if mode in (Mode.ADHERE, Mode.CONTRAST) else "aware"
    raised = outcome.value(of_warning)
    return Seen(
        verdict=None if is_open else answers,
        warned=raised if isinstance(raised, bool) else None,
    )


def noise(law: Law, bases: Sequence[Seen]) -> float | None:
    """Return how often trials of one request break a law, beside each other: what chance does.

    Where the warning must go, no trial of the same request could break that: there it is how
    often they disagree on whether to warn. None where one of them does not tell.
    """
    if law is Law.GOES:
        told = [seen.warned for seen in bases]
        pairs = [None if None in pair else pair[0] != pair[1] for pair in permutations(told, 2)]
    else:
        pairs = [broken(law, one, other) for one, other in permutations(bases, 2)]
    return mean(pairs)


def mean(answers: Sequence[bool | None]) -> float | None:
    """Return how many are true, of all; None where one of them does not tell."""
    known = [answer for answer in answers if answer is not None]
    return sum(known) / len(known) if len(known) == len(answers) > 0 else None


def broken(law: Law, base: Seen, changed: Seen) -> bool | None:
    """Return whether two outcomes break a law; None where one of them does not tell."""
    if law is Law.HOLDS:
        if base.verdict is None or changed.verdict is None:
            return None
        return base.verdict != changed.verdict
    if base.warned is None or changed.warned is None:
        return None
    match law:
        case Law.NOT_FALLS:
            return base.warned and not changed.warned
        case Law.NOT_RISES:
            return changed.warned and not base.warned
        case Law.GOES:
            return changed.warned
