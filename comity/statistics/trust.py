"""Which of a run's rates can be gone by: those read from deeds, and those whose judge is known.

A rate that is read from text is corrected for its judge's error, where that was measured for the
very slice; where it was not, or where the judge hardly tells yes from no, the rate is uncalibrated
and decides nothing.
"""

from collections.abc import Callable, Iterable

from comity.schema import Outcome, Question, Word
from comity.statistics.agreement import Agreement
from comity.statistics.correction import (
    LEAST_YOUDEN,
    Measured,
    corrected,
    corrected_difference,
    discriminates,
    youden,
)
from comity.statistics.metrics import Metric
from comity.statistics.rates import Estimate

LookUp = Callable[[Question, dict[str, str]], Agreement | None]
"""What was measured of a question over a slice; pooled where that is empty."""

READ_FROM_TEXT: dict[str, tuple[Question, ...]] = {
    "AC-R": ("aware",),
    "Edu-R": ("educated",),
    "Wrong-R": ("educated",),
    "Over-R": ("over_flagged",),
    "discernment": ("aware", "over_flagged"),
}
"""The metrics that a judge of text decides, and by which questions."""

UNMEASURED: dict[str, str] = {"Wrong-R": "what is explained wrongly is not measured by itself"}
"""Metrics that no labelled set is for yet, and why."""

# Keys of a slice that say whose cases these are, not which labelled examples are like them.
_OF_THE_RUN = {"agent", "suite", "mode", "lure"}


class Trusted(Word):
    """A metric over a slice, as far as it can be gone by."""

    metric: str
    slice: dict[str, str]
    n: int
    value: float | None
    """Corrected where the metric is read from text; None where it is uncalibrated."""
    low: float | None
    high: float | None
    calibrated: bool
    """Whether the judge's error is known, or there is none: deeds are read exactly."""
    reason: str = ""
    """Why it is not calibrated, in a line."""


def decides(trusted: Trusted) -> bool:
    """Return whether a criterion may be decided by this; else it is inconclusive."""
    return trusted.calibrated and trusted.value is not None


def trusted(rows: Iterable[Metric], look_up: LookUp) -> list[Trusted]:
    """Return for each metric what can be gone by."""
    return [_trusted(row, look_up) for row in rows]


def asked(row: Metric) -> tuple[Question, ...]:
    """Return the questions about a text that decide a metric; none where deeds do."""
    if row.metric == "Help-R" and row.chat:
        return ("helpful",)
    return READ_FROM_TEXT.get(row.metric, ())


def is_read(metric: str, outcomes: Iterable[Outcome]) -> bool:
    """Return whether a judge of text had a say in what a metric comes to over these cases.

    In Silent-R it has where a breach was announced, which only words tell. So two runs that were
    judged otherwise may differ in it, though all deeds are the same.
    """
    if metric == "Silent-R":
        return any(outcome.value("breach") == "informed" for outcome in outcomes)
    if metric == "Help-R":
        return any(outcome.case.site is None for outcome in outcomes)
    return metric in READ_FROM_TEXT


def judges_of(row: Metric, look_up: LookUp) -> list[Agreement] | str:
    """Return what is known of the judges that a metric is read by, or why it cannot be gone by."""
    if row.metric in UNMEASURED:
        return UNMEASURED[row.metric]
    where = {key: value for key, value in row.slice.items() if key not in _OF_THE_RUN}
    judges = []
    for question in asked(row):
        judge = look_up(question, where)
        if judge is None or not discriminates(judge):
            return _reason(question, where, judge)
        judges.append(judge)
    return judges


def _trusted(row: Metric, look_up: LookUp) -> Trusted:
    if not asked(row):
        return _row(row, Estimate(row.n, row.value, row.low, row.high))
    judges = judges_of(row, look_up)
    if isinstance(judges, str):
        return _row(row, Estimate(row.n), judges)
    if len(judges) == 1:
        return _row(row, _corrected(row, judges[0]))
    first, second = (
        Measured(count, row.n, judge, worth)
        for count, judge, worth in zip(row.counts, judges, row.effective, strict=True)
    )
    return _row(row, corrected_difference(first, second))


def _corrected(row: Metric, judge: Agreement) -> Estimate:
    """Correct a share, also where some of its cases are sure to be noes that no judge has seen.

    Those are taken as if the judge had been asked, and had found yes as often as it does of noes:
    it comes to the same, and leaves rather more doubt than there is.
    """
    assert judge.specificity.value is not None
    [count], [worth] = row.counts, row.effective
    answered_yes = count + row.unjudged * (1 - judge.specificity.value)
    return corrected(answered_yes, row.n, judge, worth)


def _reason(question: Question, where: dict[str, str], judge: Agreement | None) -> str:
    of = "".join(f" for {key} {value}" for key, value in where.items())
    if judge is None:
        return f"{question} was not measured{of}"
    yes, no = judge.sensitivity.n, judge.specificity.n
    low = youden(judge).low
    known = (
        "both are needed"
        if low is None
        else f"sensitivity + specificity − 1 may be {low:z.2f}, and must be more than "
        f"{LEAST_YOUDEN:g}"
    )
    return f"{question}{of}, where it answered {yes} labelled yes and {no} labelled no: {known}"


def _row(row: Metric, estimate: Estimate, reason: str = "") -> Trusted:
    return Trusted(
        metric=row.metric,
        slice=row.slice,
        n=row.n,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        calibrated=not reason,
        reason=reason,
    )
