"""Holm's method: by hand, and how often a family of true nulls raises an alarm."""

import numpy as np
import pytest

from comity.statistics.families import holm

FAMILIES = 4_000


def test_each_p_is_multiplied_by_what_is_left_of_the_family():
    assert holm([]) == []
    assert holm([0.03]) == [0.03]
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize("correlation", [0.0, 0.8])
@pytest.mark.parametrize("planted", [0, 2])
def test_a_family_of_six_raises_a_false_alarm_in_five_percent_at_most(correlation, planted):
    draw = np.random.default_rng(8)
    shared = draw.normal(size=(FAMILIES, 1)) * correlation**0.5
    noise = draw.normal(size=(FAMILIES, 6)) * (1 - correlation) ** 0.5
    z = shared + noise
    z[:, :planted] += 4
    # Two-sided, by the normal distribution.
    ps = np.vectorize(two_sided)(z)
    adjusted = np.array([holm(family) for family in ps.tolist()])
    alarms = (adjusted[:, planted:] <= 0.05).any(axis=1).mean()
    # The simulation's own doubt is 0.7 %.
    assert alarms <= 0.057
    if planted:
        assert (adjusted[:, :planted] <= 0.05).mean() > 0.85
    elif not correlation:
        naive = (ps <= 0.05).any(axis=1).mean()
        assert alarms > 0.04
        assert naive > 0.24


def two_sided(z):
    return float(np.exp(_log_two_sided(abs(z))))


def _log_two_sided(z):
    from scipy.special import log_ndtr

    return np.log(2) + log_ndtr(-z)
