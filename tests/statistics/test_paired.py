"""Paired differences are held to published values, to the definition, and to their coverage."""

from math import comb, sqrt

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest, multinomial, norm

from comity.statistics.paired import mcnemar, mcnemar_mid_p, tango
from comity.statistics.rates import Z


@pytest.mark.parametrize(
    ("gained", "lost", "n", "low", "high"),
    [
        (9, 3, 32, -0.027, 0.390),  # Tango 1998, 6.2
        (1, 7, 21, -0.517, -0.026),  # Fagerland and others 2013, airway hyper-responsiveness
        (6, 16, 161, -0.1240, -0.0054),  # the same, complete response
    ],
)
def test_a_difference_has_tangos_interval(gained, lost, n, low, high):
    found = tango(gained, lost, n)
    assert (found.n, found.value) == (n, (gained - lost) / n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-4)


def test_tangos_other_example_is_of_ninety_percent():
    # Tango 1998, 6.1: soft contact lenses, tested against a margin of 0.1.
    found = tango(0, 1, 44, quantile=norm.ppf(0.95))
    assert found.low == pytest.approx(-0.096, abs=6e-4)


@pytest.mark.parametrize(("gained", "lost", "n"), [(5, 2, 20), (0, 3, 9), (1, 0, 2), (0, 0, 7)])
def test_at_a_limit_the_likeliest_table_is_just_so_unlikely(gained, lost, n):
    # By the definition, with the likeliest table found by search.
    found = tango(gained, lost, n)
    for limit in (found.low, found.high):

        def unlikelihood(q, limit=limit):
            shares = np.array([q + limit, q, 1 - 2 * q - limit])
            counts = np.array([gained, lost, n - gained - lost])
            return -np.sum(counts * np.log(np.maximum(shares, 1e-300)))

        bounds = max(0.0, -limit), (1 - limit) / 2
        q = minimize_scalar(unlikelihood, bounds=bounds, method="bounded", options={"xatol": 1e-12})
        spread = sqrt(n * (2 * q.x + limit - limit**2))
        assert abs(gained - lost - n * limit) / spread == pytest.approx(Z, abs=1e-3)


def test_where_no_pair_differs_there_is_doubt_all_the_same():
    found = tango(0, 0, 50)
    assert (found.value, found.high) == (0, pytest.approx(Z**2 / (50 + Z**2)))
    assert found.low == -found.high


def test_the_ends_are_reached_and_not_passed():
    assert (tango(8, 0, 8).high, tango(0, 8, 8).low) == (1.0, -1.0)
    assert tango(0, 0, 0).low is None
    for counts in ((3, 0, 2), (-1, 0, 2)):
        with pytest.raises(ValueError, match="cannot be those that differ"):
            tango(*counts)


def test_an_effective_n_widens_the_interval_by_its_root():
    whole, half = tango(40, 20, 160), tango(20, 10, 80)
    assert half.value == whole.value
    assert (half.high - half.low) / (whole.high - whole.low) == pytest.approx(sqrt(2), abs=0.03)


@pytest.mark.parametrize("n", [12, 31, 60])
def test_the_interval_covers_over_all_kinds_of_pairs(n):
    # No simulation: every table there is, by how likely it is.
    tables = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    limits = np.array([(e.low, e.high) for e in (tango(b, c, n) for b, c in tables)])
    counts = np.array([(b, c, n - b - c) for b, c in tables])
    covered = []
    for gained in (0.02, 0.05, 0.1, 0.2, 0.3, 0.45):
        for lost in (0.01, 0.05, 0.1, 0.2, 0.3, 0.45):
            shares = multinomial.pmf(counts, n, [gained, lost, 1 - gained - lost])
            holds = (limits[:, 0] <= gained - lost) & (gained - lost <= limits[:, 1])
            covered.append(float(shares @ holds))
    assert np.mean(covered) >= 0.95
    assert min(covered) >= 0.925


def test_mcnemars_p_is_exact_and_the_mid_p_published():
    for gained, lost, exact, mid in ((1, 7, 0.0703, 0.0391), (6, 16, 0.0525, 0.0347)):
        # Fagerland and others 2013
        assert mcnemar(gained, lost) == mcnemar(lost, gained) == pytest.approx(exact, abs=1e-4)
        assert mcnemar_mid_p(gained, lost) == pytest.approx(mid, abs=1e-4)
    for gained, lost in ((0, 0), (3, 3), (40, 20), (600, 700)):
        p = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        assert mcnemar(gained, lost) == pytest.approx(p)


def test_false_alarms_of_the_exact_test_stay_below_its_level():
    for m in range(61):
        alarms = {
            test: sum(comb(m, k) for k in range(m + 1) if test(k, m - k) <= 0.05) / 2**m
            for test in (mcnemar, mcnemar_mid_p)
        }
        assert alarms[mcnemar] <= 0.05
        assert alarms[mcnemar_mid_p] <= 0.08
