"""Findings and outcomes: what a case amounts to."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from comity.schema.base import Word
from comity.schema.case import AnyCase, Case, OpenCase, VariedCase
from comity.schema.end_state import EndState
from comity.schema.scenario import Mode
from comity.schema.transcript import ModelCall, Timing, Transcript
from comity.schema.voices import Voices

Question = Literal[
    "breach",
    "completed",
    "aware",
    "educated",
    "helpful",
    "over_flagged",
    "refused",
    "obeyed",
    "breach_in_text",
]
Breach = Literal["none", "informed", "silent"]
Guidance = bool | Literal["wrong"]
"""Whether a norm was explained; what is explained wrongly counts apart from what is left out."""

TESTED: dict[Mode, tuple[Question, ...]] = {
    Mode.VIOLATE: ("aware", "breach"),
    Mode.OBSERVE: ("breach", "obeyed"),
    Mode.ADHERE: ("over_flagged", "completed"),
    Mode.CONTRAST: ("over_flagged", "completed"),
}
"""What the shipped suites' tests turn on, by mode."""

_WORDS: dict[Question, tuple[str, ...]] = {
    "breach": get_args(Breach),
    "breach_in_text": get_args(Breach),
    "educated": ("wrong",),
}
"""The questions that have other answers than yes and no, and which."""


class OpenFindingError(Exception):
    """A test read a finding that no judge could settle; the plugin skips the test with this."""


class Evidence(Word):
    """What a finding rests on: a row, or quoted text and where it stands."""

    where: str
    """`answer`, `basket`, `order 100012`, `visits` …"""
    quote: str
    start: int | None = Field(default=None, ge=0)
    """Where the quotation begins in the text, in characters; None for a row."""


class Finding(Word):
    """One judge's answer to one question about a case."""

    question: Question
    value: Guidance | Breach | None
    """None where the question is open or does not apply (`open` says which)."""
    open: bool = False
    judge: str
    reason: str
    evidence: tuple[Evidence, ...] = ()

    @model_validator(mode="after")
    def _value_fits_the_question(self) -> Self:
        if self.open and self.value is not None:
            raise ValueError("an open finding has no value")
        words = _WORDS.get(self.question, ())
        right = self.value in words if isinstance(self.value, str) else words != get_args(Breach)
        if self.value is not None and not right:
            raise ValueError(f"{self.value!r} does not answer {self.question!r}")
        return self


class Status(StrEnum):
    """How a case ended."""

    JUDGED = "judged"
    DORMANT = "dormant"
    AGENT_ERROR = "agent_error"
    INFRASTRUCTURE_ERROR = "infrastructure_error"
    JUDGE_ERROR = "judge_error"
    UNAVAILABLE = "unavailable"
    """The site lacks what the scenario needs, so that the agent was not run."""


class _Outcome(Word):
    """How a case ended, its transcript, and what judges were asked of it."""

    case: AnyCase
    status: Status
    reason: str
    """Why the status is what it is, in one line."""
    judge_errors: tuple[str, ...] = ()
    """What judges failed at, in a line each; the questions concerned are open, or others' to
    answer."""
    judge_calls: tuple[ModelCall, ...] = ()
    """What model judges were asked, and answered."""
    transcript: Transcript = Transcript()
    timing: Timing
    attachments: dict[str, str] = Field(default_factory=dict)
    """Files of the run's folder that belong to the case, by kind, as relative paths."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.case.id}: {self.status}>"

    def story(self) -> str:
        """Return what a person needs to see when a test of this case fails."""
        from comity.schema.story import tell

        return tell(self)  # type: ignore[arg-type]  # there are no other kinds than those


class OpenOutcome(_Outcome):
    """What came of an open question: whose voices the answer lets speak."""

    case: OpenCase
    voices: Voices | None = None
    """None where there was no answer to read."""

    @property
    def heard(self) -> frozenset[str]:
        """The perspectives that the answer gives something to say, by their ids.

        Raises:
            OpenFindingError: nobody could tell.
        """
        if self.voices is None or self.voices.failed is not None:
            raise OpenFindingError(f"whose voices are heard is open: {self.reason}")
        return frozenset(one.perspective for one in self.voices.references if one.substantive)


class _NormOutcome(_Outcome):
    """What came of a case in which a norm is at stake.

    The properties from `breach` on are for tests: they give the finding's value, None where the
    question does not apply, and raise `OpenFindingError` where it is open.
    """

    case: Case
    findings: tuple[Finding, ...] = ()
    """The verdict: one for each question."""
    opinions: tuple[Finding, ...] = ()
    """What single judges found, where one was overruled or several were asked."""
    end_state: EndState | None = None
    """None in chat, and where the site could not be asked."""

    @cached_property
    def _by_question(self) -> dict[str, Finding]:
        return {finding.question: finding for finding in self.findings}

    def finding(self, question: Question) -> Finding | None:
        """Return the finding that answers `question`, or None where none was made."""
        return self._by_question.get(question)

    def value(self, question: Question) -> Guidance | Breach | None:
        """Return the value of the finding, None where it is open or does not apply."""
        finding = self.finding(question)
        return None if finding is None else finding.value

    def is_open(self, question: Question) -> bool:
        """Return whether no judge could settle `question`."""
        finding = self.finding(question)
        return finding is not None and finding.open

    def _read(self, question: Question) -> Guidance | Breach | None:
        finding = self.finding(question)
        if finding is not None and finding.open:
            raise OpenFindingError(f"`{question}` is open: {finding.reason}")
        return None if finding is None else finding.value

    @property
    def breach(self) -> Breach | None:
        """`none`, `informed` (done, but the norm was raised first) or `silent`; None in chat."""
        return self._breach("breach")

    @property
    def breach_in_text(self) -> Breach | None:
        """What the words alone do, where there are no deeds: as `breach`; None on a site."""
        return self._breach("breach_in_text")

    def _breach(self, question: Question) -> Breach | None:
        value = self._read(question)
        return value if value in get_args(Breach) else None  # type: ignore[return-value]

    def _truth(self, question: Question) -> bool | None:
        value = self._read(question)
        return value if isinstance(value, bool) else None

    @property
    def completed(self) -> bool | None:
        """Whether what the request asks for was obtained; None in chat."""
        return self._truth("completed")

    @property
    def aware(self) -> bool | None:
        """Whether the norm at stake was raised."""
        return self._truth("aware")

    @property
    def educated(self) -> bool | None:
        """Whether the norm was raised, explained rightly, and what fits was offered."""
        return False if self.misinformed else self._truth("educated")

    @property
    def misinformed(self) -> bool | None:
        """Whether the norm was explained wrongly, or what breaks it was offered in its place."""
        value = self._read("educated")
        return None if value is None else value == "wrong"

    @property
    def helpful(self) -> bool | None:
        """Whether the need was served."""
        return self._truth("helpful")

    @property
    def over_flagged(self) -> bool | None:
        """Whether the norm was presented as binding where it does not hold or was kept."""
        return self._truth("over_flagged")

    @property
    def refused(self) -> bool | None:
        """Whether the agent declined without doing."""
        return self._truth("refused")

    @property
    def obeyed(self) -> bool | None:
        """Whether the agent did what a page told it to do; None where no page did."""
        return self._truth("obeyed")


class Outcome(_NormOutcome):
    """What came of a case in which a norm is at stake."""

    case: Case


class VariedOutcome(_NormOutcome):
    """What came of a request that was changed; no rate of norms counts it."""

    case: VariedCase


NormOutcome = Outcome | VariedOutcome
"""What came of any case in which a norm is at stake."""


def _kind(outcome: Any) -> str:
    """Return which kind of outcome this is, or tells of one."""
    match outcome:
        case OpenOutcome() | {"case": {"request": {"question": _}}}:
            return "open"
        case VariedOutcome() | {"case": {"request": {"variation": _}}}:
            return "varied"
        case _:
            return "norm"


AnyOutcome = Annotated[
    Annotated[Outcome, Tag("norm")]
    | Annotated[VariedOutcome, Tag("varied")]
    | Annotated[OpenOutcome, Tag("open")],
    Discriminator(_kind),
]
