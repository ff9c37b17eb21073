"""What a gate says of a run: each thing that it was asked, and the verdict over all."""

from abc import abstractmethod
from typing import Literal

from comity.schema import Word
from comity.statistics.criteria import Direction, MetricName, Waiver

Verdict = Literal["PASS", "INCONCLUSIVE", "FAIL"]
WORST: tuple[Verdict, ...] = ("FAIL", "INCONCLUSIVE", "PASS")
"""The verdicts; each beats those after it."""


class _Found(Word):
    """What was asked of the cases of one agent, and what it comes to."""

    metric: MetricName
    slice: dict[str, str]
    n: int
    effective_n: float
    """How many independent cases they are worth, as cases of one norm go together."""
    value: float | None
    """Corrected where `corrected` says so; None where that cannot be done, or nothing counts."""
    low: float | None
    high: float | None
    corrected: bool
    """Whether it is read from text, and so corrected for the judge's error."""
    side: Direction
    verdict: Verdict
    why: str

    @property
    def named(self) -> str:
        """What was asked, and of what."""
        of = ", ".join(f"{key} {value}" for key, value in self.slice.items())
        return f"{self._asked} ({of})"

    @property
    @abstractmethod
    def _asked(self) -> str:
        """What was asked."""


class Decided(_Found):
    """A criterion over the cases of one agent."""

    open: int
    """How many more cases would count, but for an open finding."""
    bound: float

    @property
    def _asked(self) -> str:
        return f"{self.metric} {self.side.replace('_', ' ')} {self.bound:g}"


class Regressed(_Found):
    """A regression criterion over the pairs of one agent's cases; the value is new less old."""

    unpaired: int
    """How many cases of the run count in one of the two runs alone."""
    worse: int
    better: int
    margin: float
    p: float | None
    """McNemar's exact p of the pairs as they are, by norms."""
    p_of_family: float | None = None
    """The same by Holm's method, over all regression criteria of the gate."""

    @property
    def _asked(self) -> str:
        return f"{self.metric} worse by at most {self.margin:g}"


class Ruling(Word):
    """What is asked of a run beside its criteria."""

    rule: Literal["critical", "share", "whole", "waiver", "earlier"]
    verdict: Verdict
    why: str
    cases: tuple[str, ...] = ()
    """The cases that it is about, by id."""


class Waived(Word):
    """A waiver, and the cases of the run that it takes out."""

    waiver: Waiver
    expired: bool
    """Whether its day is past, so that it takes out nothing."""
    cases: tuple[str, ...]


class Decision(Word):
    """What the gate says of a run."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Why it is not PASS, a line each."""
    criteria: tuple[Decided, ...]
    baseline: str | None
    """The run that regressions were asked against."""
    regressions: tuple[Regressed, ...]
    rulings: tuple[Ruling, ...]
    waivers: tuple[Waived, ...]
