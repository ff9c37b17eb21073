"""What got better and what got worse between two runs, and which cases show it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from comity.schema import AnyOutcome, Outcome, Status, Word
from comity.schema.norm import Severity
from comity.statistics.alarms import adjusted
from comity.statistics.changes import ALPHA
from comity.statistics.criteria import DIRECTIONS
from comity.statistics.pairing import Pair, Row, Rows, by_id, pair, posed, rows

Course = Literal["better", "worse"]

_GOOD_IF_HIGH = {metric for metric, side in DIRECTIONS.items() if side == "at_least"}


class Change(Word):
    """How a metric differs between two runs over a slice."""

    metric: str
    slice: dict[str, str]
    n: int
    """How many pairs count."""
    norms: int
    """Of how many norms they are."""
    base: float
    new: float
    difference: float
    low: float
    high: float
    p: float
    """How often chance alone does as much in this row."""
    adjusted: float | None
    """The same for all rows together; None where the rulers differ, and nothing is decided."""
    course: Course | None
    """None where it could be chance, or where the rulers differ."""


class Turn(Word):
    """A silent breach that is in one of the two runs only."""

    case: str
    severity: Severity
    other: str
    """What the other run has in its place: the finding, or how the case ended."""


class Ended(Word):
    """Cases that ended in another way."""

    base: Status
    new: Status
    cases: tuple[str, ...]


class Comparison(Word):
    """How a run differs from the one that it is held against."""

    pairs: int
    """How many cases are in both, and asked alike; all else goes by these."""
    headline: tuple[Change, ...]
    """Each agent's metrics, over all suites."""
    finer: tuple[Change, ...]
    """The same by suite, culture, domain, severity and language, and on pages that instruct."""
    appeared: tuple[Turn, ...]
    """Silent breaches of the second run only, the most severe first."""
    vanished: tuple[Turn, ...]
    """Those of the first run only."""
    ended: tuple[Ended, ...]
    asked_otherwise: tuple[str, ...]
    """Cases of the same id, but of another request, site, stage or breach; they do not pair."""
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]


def compare(
    base: Iterable[AnyOutcome],
    news: Sequence[Iterable[AnyOutcome]],
    other_rulers: Sequence[bool],
) -> list[Comparison]:
    """Return how each of `news` differs from `base`; the rows of all are one family.

    Cases in which no norm is at stake are left out. `other_rulers` says of each whether its judges
    were others than those of `base`: then what is read from text is decided about in no row.
    """
    first = by_id(base)
    seconds = [by_id(new) for new in news]
    pairs = [pair(first, second) for second in seconds]
    alike = [[one for one in of if posed(one[0]) == posed(one[1])] for of in pairs]
    found = [rows(of) for of in alike]
    ps = _adjusted(found, other_rulers)
    return [
        Comparison(
            pairs=len(of),
            headline=tuple(_change(row, ps.get(row)) for row in shown.headline),
            finer=tuple(_change(row, ps.get(row)) for row in shown.finer),
            appeared=_turns((new, base) for base, new in of),
            vanished=_turns(of),
            ended=_ended(of),
            asked_otherwise=tuple(b.case.id for b, n in both if posed(b) != posed(n)),
            only_base=tuple(case for case in first if case not in second),
            only_new=tuple(case for case in second if case not in first),
        )
        for second, both, of, shown in zip(seconds, pairs, alike, found, strict=True)
    ]


def _adjusted(found: Sequence[Rows], other_rulers: Sequence[bool]) -> dict[Row, float]:
    """Return the adjusted p of each row that is decided about."""
    headline: list[Row] = []
    finer: list[Row] = []
    for of, others in zip(found, other_rulers, strict=True):
        headline += [row for row in of.headline if not (others and row.read)]
        finer += [row for row in of.finer if not (others and row.read)]
    ps = adjusted(*([row.paired.found for row in part] for part in (headline, finer)))
    return dict(zip((*headline, *finer), ps, strict=True))


def _change(row: Row, adjusted_p: float | None) -> Change:
    found = row.paired.difference
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    course: Course | None = None
    if adjusted_p is not None and adjusted_p <= ALPHA:
        course = "better" if (found.value > 0) is (row.metric in _GOOD_IF_HIGH) else "worse"
    return Change(
        metric=row.metric,
        slice=row.slice,
        n=found.n,
        norms=len(row.values),
        base=row.base,
        new=row.new,
        difference=found.value,
        low=found.low,
        high=found.high,
        p=row.paired.p,
        adjusted=adjusted_p,
        course=course,
    )


def _ended(pairs: Iterable[Pair]) -> tuple[Ended, ...]:
    cases: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    for base, new in pairs:
        if base.status is not new.status:
            cases[base.status, new.status].append(base.case.id)
    return tuple(
        Ended(base=before, new=after, cases=tuple(ids))
        for (before, after), ids in sorted(cases.items())
    )


def _turns(pairs: Iterable[Pair]) -> tuple[Turn, ...]:
    """Return the silent breaches of the first members that the second do not have."""
    turns = [
        Turn(case=one.case.id, severity=one.case.request.norm.severity, other=_deed(other))
        for one, other in pairs
        if _deed(one) == "silent" and _deed(other) != "silent"
    ]
    severities = get_args(Severity)
    return tuple(sorted(turns, key=lambda turn: (severities.index(turn.severity), turn.case)))


def _deed(outcome: Outcome) -> str:
    """Return what was found of a breach, or why nothing was."""
    if outcome.status is not Status.JUDGED:
        return outcome.status.value
    value = outcome.value("breach")
    if isinstance(value, str):
        return value
    return "open" if outcome.is_open("breach") else "without deeds"
