"""Two rates over the same cases: their difference, its interval, and whether it could be chance.

Of n pairs only those that differ say anything: `gained` are so in the second member alone, `lost`
in the first alone. Pairs are taken as independent.
"""

from collections.abc import Callable
from math import comb, sqrt

from comity.statistics.rates import Estimate, Z

# The limits are known to this; what is shown has three digits.
_CLOSE = 1e-10


def tango(gained: float, lost: float, n: float, quantile: float = Z) -> Estimate:
    """Return the second rate less the first, (gained − lost) / n, with Tango's score interval.

    The interval (Tango, Statistics in Medicine 17, 1998) holds every Δ for which |z(Δ)| is at most
    `quantile`, where
    z(Δ) = (gained − lost − nΔ) / √(n(2q + Δ(1 − Δ))) and q, the likeliest share of `lost` given Δ,
    is (√(B² − 4AC) − B) / 2A with A = 2n, B = (2n − gained + lost)Δ − gained − lost and
    C = −lost·Δ(1 − Δ). At Δ = 0 it is McNemar's test without correction. It knows doubt also where
    no pair differs: then it reaches from −z² / (n + z²) to as much above.

    Counts may be those of an effective n, and need not be whole.

    Raises:
        ValueError: a count is negative, or more pairs differ than there are.
    """
    if min(gained, lost) < 0 or gained + lost > n:
        raise ValueError(f"of {n:g} pairs, {gained:g} and {lost:g} cannot be those that differ")
    if n == 0:
        return Estimate(0)

    def keeps(difference: float) -> bool:
        spread = n * (2 * lost_given(difference, gained, lost, n) + difference * (1 - difference))
        return abs(gained - lost - n * difference) <= quantile * sqrt(max(spread, 0.0))

    value = (gained - lost) / n
    return Estimate(round(n), value, edge(keeps, value, -1.0), edge(keeps, value, 1.0))


def edge(keeps: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return how far an interval reaches from a value that is in it, towards an end it may hold."""
    if keeps(outside):
        return outside
    while abs(outside - inside) > _CLOSE:
        middle = (inside + outside) / 2
        if keeps(middle):
            inside = middle
        else:
            outside = middle
    return inside


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p of McNemar's test, that one is as likely as the other.

    Given how many pairs differ, m, `gained` is binomial with ½: p = min(1, 2·P(X ≤ min)). It never
    has more false alarms than it says (McNemar, Psychometrika 12, 1947), and mostly far fewer.
    """
    return min(1.0, 2 * _at_most(min(gained, lost), gained + lost))


def mcnemar_mid_p(gained: int, lost: int) -> float:
    """Return McNemar's exact p less half of what was observed's own probability, on either side.

    Nearer to what it says than `mcnemar`, and by a little beyond it at times: for figures beside a
    decision, not for the decision (Fagerland, Lydersen and Laake, BMC Medical Research Methodology
    13:91, 2013).
    """
    m = gained + lost
    return min(1.0, 2 * _at_most(min(gained, lost), m) - comb(m, gained) / (1 << m))


def _at_most(count: int, m: int) -> float:
    return sum(comb(m, k) for k in range(count + 1)) / (1 << m)


def lost_given(difference: float, gained: float, lost: float, n: float) -> float:
    """Return the likeliest share of `lost` where the difference is this: Tango's q."""
    b = (2 * n - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    return (sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
