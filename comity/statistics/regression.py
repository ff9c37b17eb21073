"""Whether a share got worse than in a baseline run, over the cases of both.

Non-inferiority: PASS where the whole interval of the difference keeps within the margin, FAIL where
none of it does. So "no difference was found" is no PASS; too few pairs are INCONCLUSIVE.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from comity.schema import Outcome, Status
from comity.statistics.clusters import clustered, effective_n
from comity.statistics.correction import corrected_change
from comity.statistics.criteria import Regression
from comity.statistics.decision import Regressed, Verdict
from comity.statistics.families import holm
from comity.statistics.flips import Flips
from comity.statistics.metrics import RATES, Answer, Metric, inside, measure, norm
from comity.statistics.paired import tango
from comity.statistics.pairing import posed
from comity.statistics.rates import Estimate
from comity.statistics.trust import LookUp, asked, is_read, judges_of

Pair = tuple[str, bool, bool]
"""A norm, and the answers of the old run and of the new one to a case of it."""


@dataclass(frozen=True)
class Baseline:
    """The run that another is held against."""

    run: str
    outcomes: tuple[Outcome, ...]
    same_judges: bool
    """Whether the very same pipeline judged both."""


def difference(pairs: Sequence[Pair]) -> tuple[Estimate, float]:
    """Return how much higher the new rate is than the old, and how many pairs these are worth.

    The interval is Tango's, at the effective n of what changed case by case, as rates have it: each
    case that changed counts as much less as that is smaller. Its side towards a bound never comes
    nearer by a case that got worse, which `changes.Paired`, narrower where norms have several
    cases, does not promise: there the first breach says that norms differ within themselves.
    """
    n = len(pairs)
    worth = effective_n(clustered((of, float(new) - old) for of, old, new in pairs))
    share = worth / n if n else 0.0
    gained = min(share * sum(new and not old for _, old, new in pairs), worth)
    lost = min(share * sum(old and not new for _, old, new in pairs), worth - gained)
    found = tango(gained, lost, worth)
    return Estimate(n, found.value, found.low, found.high), worth


def regressed(
    criterion: Regression,
    where: Mapping[str, str],
    outcomes: Sequence[Outcome],
    baseline: Baseline | None,
    look_up: LookUp,
) -> Regressed:
    """Return what a criterion comes to over the slice `where`, which names the agent."""
    row = measure(criterion.metric, where, outcomes)
    answers = _answers(criterion, where, read_from_text=bool(asked(row)))
    old, new = answers(baseline.outcomes if baseline else ()), answers(outcomes)
    pairs, unpaired = _paired(old, new)
    raw, worth = difference(pairs)
    both = old.keys() & new.keys()
    read = is_read(criterion.metric, (run[case][0] for case in both for run in (old, new)))
    verdict, why, found = _judged(criterion, row, raw, baseline, look_up, read=read)
    gained = sum(new and not old for _, old, new in pairs)
    lost = sum(old and not new for _, old, new in pairs)
    worse, better = (gained, lost) if criterion.side == "at_most" else (lost, gained)
    return Regressed(
        metric=criterion.metric,
        slice=dict(where),
        n=len(pairs),
        effective_n=worth,
        unpaired=unpaired,
        worse=worse,
        better=better,
        value=found.value,
        low=found.low,
        high=found.high,
        corrected=bool(asked(row)),
        side=criterion.side,
        margin=criterion.margin,
        p=_chance(pairs) if pairs else None,
        verdict=verdict,
        why=why,
    )


def as_family(found: Sequence[Regressed]) -> list[Regressed]:
    """Return the regression criteria of a gate with each one's p among all of them."""
    counted = [one for one in found if one.p is not None]
    ps = iter(holm([one.p for one in counted if one.p is not None]))
    return [
        one if one.p is None else one.model_copy(update={"p_of_family": next(ps)}) for one in found
    ]


def _chance(pairs: Iterable[Pair]) -> float:
    """Return McNemar's exact p, by norms: of each it is chance in which run it did better.

    Where every norm has one case that is McNemar's test of the cases; trials of one are not more.
    """
    changes = [sum(norm) for norm in clustered((of, int(new) - old) for of, old, new in pairs)]
    return Flips(map(int, changes)).chance(int(sum(changes)))


_Answers = dict[str, tuple[Outcome, Answer]]


def _answers(
    criterion: Regression, where: Mapping[str, str], *, read_from_text: bool
) -> Callable[[Iterable[Outcome]], _Answers]:
    """Return what gives a run's cases of the slice, by id, with what each counts as."""
    [definition] = [one for one in RATES if one.name == criterion.metric]
    [mode] = criterion.modes

    def of(outcomes: Iterable[Outcome]) -> _Answers:
        return {
            outcome.case.id: (
                outcome,
                # What nobody has read cannot be corrected for a reader's error.
                None
                if read_from_text and outcome.status is not Status.JUDGED
                else definition.answer(outcome),
            )
            for outcome in inside(where, outcomes)
            if outcome.case.request.mode is mode
        }

    return of


def _paired(old: _Answers, new: _Answers) -> tuple[list[Pair], int]:
    """Return the pairs, and how many cases of the new run count in one of the two alone."""
    pairs: list[Pair] = []
    unpaired = 0
    for case_id, (outcome, after) in new.items():
        like, before = old.get(case_id, (None, None))
        if like is not None and posed(like) != posed(outcome):
            before = None
        if before is not None and after is not None:
            pairs.append((norm(outcome), before, after))
        elif before is not None or after is not None:
            unpaired += 1
    return pairs, unpaired


def _judged(
    criterion: Regression,
    row: Metric,
    raw: Estimate,
    baseline: Baseline | None,
    look_up: LookUp,
    *,
    read: bool,
) -> tuple[Verdict, str, Estimate]:
    """Return what a criterion comes to, why, and the difference that it was decided by."""
    nothing = Estimate(raw.n)
    if baseline is None:
        return "INCONCLUSIVE", "there is no other run to hold it against", nothing
    if raw.n == 0:
        return "INCONCLUSIVE", "no case counts both here and in the baseline", nothing
    if raw.n < criterion.minimum_n:
        why = f"{raw.n} pairs count, and {criterion.minimum_n} are needed"
        return "INCONCLUSIVE", why, nothing
    if (read or asked(row)) and not baseline.same_judges:
        why = "the baseline was judged by another pipeline, which could be all the difference"
        return "INCONCLUSIVE", why, nothing
    found = raw
    if asked(row):
        judges = judges_of(row, look_up)
        if isinstance(judges, str):
            return "INCONCLUSIVE", f"uncalibrated: {judges}", nothing
        found = corrected_change(raw, judges[0])
    if found.low is None or found.high is None:
        return "INCONCLUSIVE", "uncalibrated: the judge hardly tells yes from no", nothing
    least, most = (
        (found.low, found.high) if criterion.side == "at_most" else (-found.high, -found.low)
    )
    if most <= criterion.margin:
        return "PASS", "all of the interval keeps within the margin", found
    if least > criterion.margin:
        return "FAIL", "all of the interval is beyond the margin", found
    return "INCONCLUSIVE", "the margin lies within the interval", found
