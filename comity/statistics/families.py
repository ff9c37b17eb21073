"""Several tests at once: how surely one of them is right to raise an alarm."""

from collections.abc import Sequence


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p of each of a family of tests, adjusted by Holm's step-down method.

    In ascending order the i-th of m is multiplied by m − i + 1, and is no less than the one before
    it (Holm, Scandinavian Journal of Statistics 6, 1979). Whoever takes those below 0.05 for real
    is wrong about any of them in 5 % of families at most, however the tests hang together.

    A family is what was named before the run and is each asked "did this change?": the regression
    criteria of a gate. Criteria that must all be met are none: to pass takes every one, and to take
    several is no easier than to take one (an intersection-union test; Berger, Technometrics 24,
    1982).
    """
    ordered = sorted(range(len(ps)), key=ps.__getitem__)
    adjusted = [0.0] * len(ps)
    least = 0.0
    for place, index in enumerate(ordered):
        least = max(least, min(1.0, (len(ps) - place) * ps[index]))
        adjusted[index] = least
    return adjusted
