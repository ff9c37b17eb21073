"""The beta distribution: its share below a value, and its quantiles.

Not by scipy, which the engine does without; the tests hold this to scipy's figures.
"""

from math import exp, lgamma, log

_NOUGHT = 1e-300
# The fraction stops where a float has no more to tell, halving far below what is ever shown.
_SAME = 1e-15
_CLOSE = 1e-10
_MOST_TERMS = 10_000


def below(x: float, a: float, b: float) -> float:
    """Return the share of B(`a`, `b`) below `x`: the regularised incomplete beta function.

    By its continued fraction, reckoned by Lentz's method (Abramowitz and Stegun, 26.5.8; Lentz,
    Applied Optics 15, 1976), on the side on which that converges fast.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    # Not by asking again: by rounding, a value right at the border is beyond it on either side.
    if x > (a + 1) / (a + b + 2):
        return 1 - _by_fraction(1 - x, b, a)
    return _by_fraction(x, a, b)


def _by_fraction(x: float, a: float, b: float) -> float:
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a
    return front / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    value = numerator = 1.0
    denominator = 0.0
    for term in range(1, _MOST_TERMS):
        half, odd = divmod(term, 2)
        if odd:
            part = -(a + half) * (a + b + half) * x / ((a + term - 1) * (a + term))
        else:
            part = half * (b - half) * x / ((a + term - 1) * (a + term))
        denominator = 1 / (1 + part * denominator or _NOUGHT)
        numerator = 1 + part / numerator or _NOUGHT
        step = numerator * denominator
        value *= step
        if abs(step - 1) < _SAME:
            break
    return value


def quantile(share: float, a: float, b: float) -> float:
    """Return the value that `share` of B(`a`, `b`) lies below, by halving."""
    low, high = 0.0, 1.0
    while high - low > _CLOSE:
        middle = (low + high) / 2
        if below(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
