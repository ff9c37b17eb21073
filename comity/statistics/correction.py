"""Rates corrected for the error of the judge that they were read by.

A judge that finds a share `se` of what is so (sensitivity) and leaves alone a share `sp` of what is
not (specificity) reads a true rate θ as p = θ·se + (1 − θ)(1 − sp). Labelled examples say what
`se` and `sp` are; labels on a part of the run itself do without them.

All intervals are two-sided at `LEVEL`, take the run's cases for as many as they are worth where
those go together (`clusters`), and are held by simulation (`tests/statistics/test_coverage.py`)
over prevalences, judges and sizes, the smallest too. Normal intervals around the bare estimates
are not used anywhere: at rates near nought, which good agents have, they cover nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt

from comity.statistics.agreement import Agreement
from comity.statistics.rates import Estimate, Z

LEAST_YOUDEN = 0.2
"""A judge whose sensitivity + specificity − 1 may be this low is not corrected for.

What is corrected is divided by that sum: at 0.2 each error of the run's own counts five times, and
nothing that a run of usual size has to say is left. A judge that guesses has 0.
"""
# Added to each cell of predictions against labels, so that a judge that did not err on a few cases
# is not taken for one that never errs. Without it, intervals cover as little as 66 %.
_UNSEEN = 0.5


Known = tuple[float, float, float]
"""A value, its lower limit and its upper."""


@dataclass(frozen=True)
class Measured:
    """A rate as a judge read it, and what was measured of that judge."""

    count: float
    n: int
    judge: Agreement
    effective: float | None = None
    """How many independent cases `n` is worth; `n`, where that is not told."""


def youden(judge: Agreement) -> Estimate:
    """Return sensitivity + specificity − 1: 1 for a judge that never errs, 0 for one that guesses.

    The interval joins Wilson's two by square-and-add (Newcombe, Statistics in Medicine 17, 1998).
    """
    n = judge.sensitivity.n + judge.specificity.n
    yes, no = _known(judge.sensitivity), _known(judge.specificity)
    if yes is None or no is None:
        return Estimate(n)
    value, low, high = _sum(yes, no)
    return Estimate(n, value - 1, low - 1, high - 1)


def discriminates(judge: Agreement) -> bool:
    """Return whether a judge surely tells yes from no well enough to be corrected for."""
    low = youden(judge).low
    return low is not None and low > LEAST_YOUDEN


def corrected(count: float, n: int, judge: Agreement, effective: float | None = None) -> Estimate:
    """Return the rate behind `count` of `n` that `judge` answered yes.

    The value is Rogan and Gladen's (American Journal of Epidemiology 107, 1978),
    θ = (p + sp − 1) / (se + sp − 1), cut to what a rate can be. The limits are Lang and Reiczigel's
    (Preventive Veterinary Medicine 113, 2014), which carry the doubt about `se` and `sp`. All three
    shares are drawn inwards, the run's by z² cases and the judge's by two; of what results, with
    a = θ·se(1 − se)/nₛₑ and b = (1 − θ)sp(1 − sp)/nₛₚ, the limits are
    θ + 2z²(a − b) ± z·√(p(1 − p)/n + θa + (1 − θ)b) / (se + sp − 1).

    Of clustered cases p is that of all, and n the effective one. There is no value where the
    judge's yes says nothing, or the contrary.
    """
    yes, no = judge.sensitivity, judge.specificity
    if n == 0 or yes.value is None or no.value is None or yes.value + no.value <= 1:
        return Estimate(n)
    size = n if effective is None else effective
    judged = judge.true_positives, yes.n, judge.true_negatives, no.n
    return Estimate(n, *interval(count * (size / n), size, *judged))


def interval(
    count: float, n: float, found: int, positives: int, spared: int, negatives: int
) -> Known:
    """Return value and limits of `corrected`, of a judge that is right more often than not."""
    se, sp = found / positives, spared / negatives
    # A run can have fewer yes than the judge's false alarms alone, or more than it ever finds.
    # Taken at its word, it would have limits that meet at the end, as if there were no doubt.
    p = min(max(count / n, 1 - sp), se)
    value = _cut((p + sp - 1) / (se + sp - 1))
    size = n + Z**2
    p = (p * n + Z**2 / 2) / size
    se, sp = (found + 1) / (positives + 2), (spared + 1) / (negatives + 2)
    if se + sp <= 1:
        return value, 0.0, 1.0
    centre = (p + sp - 1) / (se + sp - 1)
    of_yes = centre * se * (1 - se) / (positives + 2)
    of_no = (1 - centre) * sp * (1 - sp) / (negatives + 2)
    variance = p * (1 - p) / size + centre * of_yes + (1 - centre) * of_no
    half = Z * sqrt(variance) / (se + sp - 1)
    centre += 2 * Z**2 * (of_yes - of_no)
    # Drawn inwards, the limits can miss a value at the very end by a little.
    return value, min(value, _cut(centre - half)), max(value, _cut(centre + half))


def corrected_difference(first: Measured, second: Measured) -> Estimate:
    """Return the first rate less the second, each corrected, between −1 and 1.

    The interval joins their two by square-and-add (Zou and Donner, Statistics in Medicine 27,
    2008). It takes the rates as independent; of pairs that go together it is too wide rather than
    too narrow.
    """
    n = min(first.n, second.n)
    one = _known(corrected(first.count, first.n, first.judge, first.effective))
    two = _known(corrected(second.count, second.n, second.judge, second.effective))
    if one is None or two is None:
        return Estimate(n)
    value, low, high = _sum(one, (-two[0], -two[2], -two[1]))
    return Estimate(n, value, max(-1.0, low), min(1.0, high))


def corrected_change(found: Estimate, judge: Agreement) -> Estimate:
    """Return a difference between two rates that the same judge read, corrected for its error.

    A judge that errs alike in both sees a difference δ as δ(se + sp − 1): what it does not tell
    apart it leaves out of both. So the value is divided by that sum (Rogan and Gladen's rates, one
    less the other), and each limit by the end of the sum's own interval that takes it further out.
    There is none where the sum may be nought.
    """
    known = youden(judge)
    if known.value is None or known.low is None or known.high is None or known.low <= 0:
        return Estimate(found.n)
    if found.value is None or found.low is None or found.high is None:
        return Estimate(found.n)
    least, most = known.low, min(known.high, 1.0)
    low = found.low / (least if found.low < 0 else most)
    high = found.high / (most if found.high < 0 else least)
    value = min(max(found.value / known.value, -1.0), 1.0)
    return Estimate(found.n, value, max(-1.0, low), min(1.0, high))


def _known(estimate: Estimate) -> Known | None:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.value, estimate.low, estimate.high


def _sum(one: Known, two: Known) -> Known:
    """Return the sum of two values, with limits by square-and-add."""
    value = one[0] + two[0]
    below = hypot(one[0] - one[1], two[0] - two[1])
    above = hypot(one[2] - one[0], two[2] - two[0])
    return value, value - below, value + above


def prediction_powered(
    predictions: Sequence[bool], labelled: Sequence[tuple[bool, bool]]
) -> Estimate:
    """Return the rate over cases of which all have a prediction, and a random few a label too.

    `predictions` are the judge's answers over all cases; `labelled` are pairs of its answer and
    the label, over the cases drawn. `n` is how many were labelled. The value is that of the labels,
    moved by λ times what the judge found more of elsewhere: prediction-powered inference
    (Angelopoulos et al., Science 382, 2023) with λ tuned to the least variance (PPI++,
    arXiv:2311.01453), so that a judge that says nothing is not listened to.

    The interval is Agresti and Coull's of as many labels as the judge makes of those that there
    are: more by what λ takes off the variance, at most all cases. So it holds where a normal one
    does not: at rates near nought, and at few labels. The judge's answers need not be right, nor
    were they measured elsewhere; but the labelled must be drawn at random from the cases.

    Raises:
        ValueError: what was labelled is not a part of what was predicted.
    """
    n, rest = len(labelled), len(predictions) - len(labelled)
    cells = Counter(labelled)
    counts = [cells[answer, label] for answer in (True, False) for label in (True, False)]
    rest_yes = sum(predictions) - sum(counts[:2])
    if not 0 <= rest_yes <= rest:
        raise ValueError("the labelled cases are not among those predicted")
    return Estimate(n, *powered(counts, rest_yes, rest)) if n else Estimate(0)


def powered(labelled: Sequence[int], rest_yes: int, rest: int) -> Known:
    """Return value and limits of `prediction_powered`.

    `labelled` are how many have an answer and a label of yes and yes, yes and no, no and yes, no
    and no; of the `rest`, `rest_yes` have an answer of yes.
    """
    yes_yes, yes_no, no_yes, no_no = labelled
    n = yes_yes + yes_no + no_yes + no_no
    value, gain = (yes_yes + no_yes) / n, 1.0
    if rest:
        size = n + 4 * _UNSEEN
        label = (yes_yes + no_yes + 2 * _UNSEEN) / size
        answer = (yes_yes + yes_no + 2 * _UNSEEN) / size
        together = (yes_yes + _UNSEEN) / size - label * answer
        everywhere = (yes_yes + yes_no + 2 * _UNSEEN + rest_yes) / (size + rest)
        spread = everywhere * (1 - everywhere)
        trust = _cut(together / ((1 + n / rest) * spread))
        value = _cut(value + trust * (rest_yes / rest - (yes_yes + yes_no) / n))
        alone = label * (1 - label) / n
        variance = (
            alone
            + (trust**2 * answer * (1 - answer) - 2 * trust * together) / n
            + trust**2 * spread / rest
        )
        gain = min(max(alone / variance, 1.0), (n + rest) / n)
    size = n * gain + Z**2
    centre = (value * n * gain + Z**2 / 2) / size
    half = Z * sqrt(centre * (1 - centre) / size)
    return value, _cut(centre - half), _cut(centre + half)


def _cut(share: float) -> float:
    return min(1.0, max(0.0, share))
