"""The beta distribution is held to scipy's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc, betaincinv

from comity.statistics.beta import below, quantile

parameters = st.floats(0.05, 5_000)


@given(st.floats(0, 1), parameters, parameters)
@settings(deadline=None, derandomize=True, database=None)
def test_the_share_below_a_value_is_scipys(x, a, b):
    assert below(x, a, b) == pytest.approx(betainc(a, b, x), abs=1e-9)


@given(st.sampled_from([0.025, 0.5, 0.975]), parameters, parameters)
@settings(deadline=None, derandomize=True, database=None)
def test_quantiles_are_scipys(share, a, b):
    assert quantile(share, a, b) == pytest.approx(betaincinv(a, b, share), abs=1e-9)


def test_a_value_at_the_border_of_the_two_ways_is_reckoned_too():
    a, b = 13.245728064703355, 1
    at = 0.8768907129286901
    assert below(at, a, b) == pytest.approx(betainc(a, b, at), abs=1e-9)
