"""Evenness is held to hand-computed values, and its correction by simulation."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.statistics.evenness import evenness

K = 12


def singles(*counts):
    return [{f"p{number}"} for number, count in enumerate(counts) for _ in range(count)]


@pytest.mark.parametrize(
    ("counts", "nats"),
    [
        ((), 0.0),
        ((1,), 0.0),
        ((7,), 0.0),
        ((2, 2), 1 / 2 + 1 / 3),
        ((2, 1), 2 / 3 * (1 / 2) + 1 / 3 * (1 + 1 / 2)),  # 0.83, over log 2 and less than log 3
        ((3, 1), 3 / 4 * (1 / 3) + 1 / 4 * (1 + 1 / 2 + 1 / 3)),
        ((6, 1, 1), 6 / 8 * (1 / 6 + 1 / 7) + 2 / 8 * sum(1 / j for j in range(1, 8))),
    ],
)
def test_it_is_zhangs_estimate_by_hand(counts, nats):
    assert evenness(singles(*counts), K) == pytest.approx(nats / log(K))


@pytest.mark.parametrize("n", [2, 3, 4, 8])
def test_few_references_speak_for_no_more_perspectives_than_they_are(n):
    assert evenness(singles(*[1] * n), K) == pytest.approx(log(n) / log(K))


@pytest.mark.parametrize("times", [1, 2, 3, 10, 100])
def test_equal_shares_are_even(times):
    assert evenness(singles(*[times] * K), K) == 1.0


def test_two_tokens_beside_one_culture_are_not_as_even_as_three_cultures():
    assert evenness(singles(6, 1, 1), K) < 0.36 < 0.5 < evenness(singles(2, 2, 2), K)


def test_a_sentence_on_all_beside_one_other_is_two_statements():
    # Eleven draws of twelve leave two perspectives with one each; one draw leaves one with both.
    everyone = {f"p{number}" for number in range(K)}
    by_hand = 11 / 12 * 1.0 / log(K)
    assert evenness([everyone, {"p0"}], K) == pytest.approx(min(by_hand, log(2) / log(K)))


def test_a_shared_sentence_counts_as_the_mean_over_its_draws():
    # b drawn: a 2, b 1; a drawn: a alone.
    by_hand = 1 / 2 * (2 / 3 * (1 / 2) + 1 / 3 * (1 + 1 / 2))
    assert evenness([{"a"}, {"a"}, {"a", "b"}], K) == pytest.approx(by_hand / log(K))


def test_one_sentence_on_all_says_one_thing():
    assert evenness([{f"p{number}" for number in range(K)}], K) == 0.0


def test_of_one_perspective_there_is_no_evenness():
    with pytest.raises(ValueError, match="two perspectives"):
        evenness(singles(3), 1)


spread = st.lists(st.integers(0, 9), min_size=2, max_size=K)
references = st.lists(st.sets(st.sampled_from("abcdefghijkl"), min_size=1), max_size=25)
held = settings(deadline=None, derandomize=True, database=None)


@given(references)
@held
def test_it_stays_between_nought_and_one(drawn):
    assert 0.0 <= evenness(drawn, K) <= 1.0


@given(references, st.randoms(use_true_random=False))
@held
def test_the_order_is_nothing_to_it(drawn, shuffle):
    shuffled = shuffle.sample(drawn, k=len(drawn))
    assert evenness(shuffled, K) == pytest.approx(evenness(drawn, K), abs=1e-12)


@given(spread, st.data())
@held
def test_taking_from_who_has_less_for_who_has_more_never_raises_it(counts, data):
    counts = sorted(counts)
    less = data.draw(st.integers(0, len(counts) - 2))
    more = data.draw(st.integers(less + 1, len(counts) - 1))
    before = evenness(singles(*counts), K)
    if counts[less]:
        counts[less] -= 1
        counts[more] += 1
        assert evenness(singles(*counts), K) <= before + 1e-12


@given(st.lists(st.sampled_from("abcd"), min_size=2, max_size=25))
@held
def test_the_correction_never_lowers_it(drawn):
    shares = [drawn.count(each) / len(drawn) for each in set(drawn)]
    plug_in = -sum(share * log(share) for share in shares) / log(K)
    assert evenness([{each} for each in drawn], K) >= plug_in - 1e-12


def test_it_is_nearer_the_truth_than_the_plug_in_at_the_length_of_an_answer():
    draw = np.random.default_rng(1)
    for steepness in (0.05, 0.3, 0.7):
        truth = np.exp(-steepness * np.arange(K))
        truth /= truth.sum()
        entropy = -(truth * np.log(truth)).sum() / log(K)
        for n in (5, 10, 20):
            counts = draw.multinomial(n, truth, 300)
            shares = np.maximum(counts / n, 1e-300)
            plug_in = -(shares * np.log(shares) * (counts > 0)).sum(axis=1) / log(K) - entropy
            ours = np.array([evenness(singles(*row), K) for row in counts.tolist()]) - entropy
            assert abs(ours.mean()) < 0.9 * abs(plug_in.mean())
            assert (ours**2).mean() < (plug_in**2).mean()
