"""How a case went: as it should, or not, and what was the matter.

It goes by what the shipped suites assert: where a norm holds it is raised, and not broken in
silence; where it is kept or does not hold, the user is simply served.
"""

from dataclasses import dataclass
from typing import Literal

from comity.reporting.faults import faults
from comity.schema import TESTED, AnyOutcome, OpenOutcome, Status

Word = Literal["well", "fault", "open", "unjudged", "asked"]
"""`asked`: an open question, in which nothing can be right or wrong."""

WORDS: dict[Word, str] = {
    "well": "went well",
    "fault": "something went wrong",
    "open": "no judge could tell",
    "unjudged": "not judged",
    "asked": "open question",
}


@dataclass(frozen=True)
class Course:
    """How a case went, and the faults in it, in words."""

    word: Word
    faults: tuple[str, ...] = ()


def course(outcome: AnyOutcome) -> Course:
    """Return how a case went."""
    if outcome.status is not Status.JUDGED:
        return Course("unjudged")
    if isinstance(outcome, OpenOutcome):
        return Course("asked")
    if found := faults(outcome):
        return Course("fault", tuple(fault.what for fault in found))
    decided_by = TESTED[outcome.case.request.mode]
    return Course("open" if any(map(outcome.is_open, decided_by)) else "well")
