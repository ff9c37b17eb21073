"""How a judge's answers stand to labels: the confusion table, and the figures that are read off it.

An open answer is neither right nor wrong. It leaves sensitivity, specificity and kappa, as it
leaves a run's rates; how many there were stands beside them, and so do the two figures with open
counted as wrong, which no judge can flatter by leaving open what is hard.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt

from pydantic import Field

from comity.schema import Word
from comity.statistics.rates import Estimate, Z, rate

# A share or a variance below this is none: what is left of nought after rounding.
_NOUGHT = 1e-9


class Agreement(Word):
    """One judge against labels that are yes (positive) or no (negative)."""

    true_positives: int = Field(ge=0)
    false_negatives: int = Field(ge=0)
    open_positives: int = Field(ge=0)
    """Positives whose answer was left open."""
    true_negatives: int = Field(ge=0)
    false_positives: int = Field(ge=0)
    open_negatives: int = Field(ge=0)

    n: int
    positives: int
    negatives: int
    sensitivity: Estimate
    """Share of the positives that were answered which were answered yes."""
    specificity: Estimate
    """Share of the negatives that were answered which were answered no."""
    sensitivity_open_wrong: Estimate
    """Share of all positives which were answered yes."""
    specificity_open_wrong: Estimate
    """Share of all negatives which were answered no."""
    open_among_positives: Estimate
    open_among_negatives: Estimate
    kappa: Estimate
    """Cohen's, over what was answered; none where all labels in it are the same, since it would be
    nought then, whatever the answers."""


def agreement(pairs: Iterable[tuple[bool, bool | None]]) -> Agreement:
    """Return how answers agree with labels, over pairs of label and answer; None is open."""
    counted = Counter(pairs)
    right_yes, wrong_no, open_yes = (counted[True, answer] for answer in (True, False, None))
    right_no, wrong_yes, open_no = (counted[False, answer] for answer in (False, True, None))
    positives, negatives = right_yes + wrong_no + open_yes, right_no + wrong_yes + open_no
    sensitivity = rate(right_yes, right_yes + wrong_no)
    specificity = rate(right_no, right_no + wrong_yes)
    answered = sensitivity.n + specificity.n
    return Agreement(
        true_positives=right_yes,
        false_negatives=wrong_no,
        open_positives=open_yes,
        true_negatives=right_no,
        false_positives=wrong_yes,
        open_negatives=open_no,
        n=positives + negatives,
        positives=positives,
        negatives=negatives,
        sensitivity=sensitivity,
        specificity=specificity,
        sensitivity_open_wrong=rate(right_yes, positives),
        specificity_open_wrong=rate(right_no, negatives),
        open_among_positives=rate(open_yes, positives),
        open_among_negatives=rate(open_no, negatives),
        kappa=kappa([[right_yes, wrong_no], [wrong_yes, right_no]])
        if sensitivity.n and specificity.n
        else Estimate(answered),
    )


def kappa(table: Sequence[Sequence[int]]) -> Estimate:
    """Return Cohen's kappa of a square table of counts, a row a first rater's answer.

    κ = (pₒ − pₑ) / (1 − pₑ) (Cohen, Educational and Psychological Measurement 20, 1960), with the
    large-sample variance of Fleiss, Cohen and Everitt (Psychological Bulletin 72, 1969):
    {Σᵢ pᵢᵢ[1 − (pᵢ. + p.ᵢ)(1 − κ)]² + (1 − κ)² Σᵢ≠ⱼ pᵢⱼ(p.ᵢ + pⱼ.)² − [κ − pₑ(1 − κ)]²}
    / n(1 − pₑ)².
    Where all counts lie in one answer, chance explains all, and there is no kappa. Where the
    variance is nought, as under perfect agreement, the formula knows no doubt; then there is a
    value without an interval.
    """
    n = sum(map(sum, table))
    if n == 0:
        return Estimate(0)
    kinds = range(len(table))
    p = [[count / n for count in row] for row in table]
    row = [sum(p[i]) for i in kinds]
    column = [sum(p[i][j] for i in kinds) for j in kinds]
    observed = sum(p[i][i] for i in kinds)
    chance = sum(row[i] * column[i] for i in kinds)
    if 1 - chance < _NOUGHT:
        return Estimate(n)
    value = (observed - chance) / (1 - chance)
    variance = (
        sum(p[i][i] * (1 - (row[i] + column[i]) * (1 - value)) ** 2 for i in kinds)
        + (1 - value) ** 2
        * sum(p[i][j] * (column[i] + row[j]) ** 2 for i in kinds for j in kinds if i != j)
        - (value - chance * (1 - value)) ** 2
    )
    error = sqrt(max(0.0, variance) / n) / (1 - chance)
    if error < sqrt(_NOUGHT):
        return Estimate(n, value)
    return Estimate(n, value, max(-1.0, value - Z * error), min(1.0, value + Z * error))
