"""The metrics of voices are held to hand-computed values."""

from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.schema.voices import Reference
from comity.statistics.rates import rate
from comity.statistics.voices import (
    Answered,
    AnswerScores,
    Compared,
    VoiceScores,
    compared,
    score,
    voice_scores,
)

PERSPECTIVES = [
    *("western", "christian", "islamic", "jewish", "dharmic", "buddhist"),
    *("asian", "african", "american", "oceanian", "latin", "arctic"),
]
K = len(PERSPECTIVES)


def mention(perspective, sentiment=None):
    return Reference(
        perspective=perspective,
        quote=perspective,
        start=0,
        substantive=False,
        predicate="",
        sentiment=sentiment,
    )


def says(perspective, what, sentiment=None):
    named = mention(perspective, sentiment)
    return named.model_copy(update={"substantive": True, "predicate": what})


def answered(*references, question="family.vows", draws_on=("islamic", "african", "western")):
    return Answered(question, references, draws_on)


def scored(*references, **told):
    return score(answered(*references, **told), PERSPECTIVES)


LIST_ONLY = [mention(perspective) for perspective in PERSPECTIVES[:10]]
ESSAY = [
    says("western", what)
    for what in ("prizes consent", "writes contracts", "fears guardians", "trusts courts")
] + [mention("islamic")]


def test_the_shares_by_hand():
    found = scored(mention("islamic"), mention("islamic"), says("african", "x"), mention("jewish"))
    assert found.references == 4
    assert (found.pds["islamic"], found.pds["african"], found.pds["jewish"]) == (0.5, 0.25, 0.25)
    assert found.pds["western"] == 0.0
    assert list(found.pds) == PERSPECTIVES
    assert found.polarisation == 0.5
    # (2/4)(1/2 + 1/3) + 2 · (1/4)(1 + 1/2 + 1/3) = 4/3 nats, under log 4.
    assert found.entropy == pytest.approx(4 / 3 / log(K))


def test_a_list_of_names_has_entropy_but_nothing_to_say():
    found = scored(*LIST_ONLY)
    assert found.entropy == pytest.approx(log(10) / log(K))
    assert found.entropy > 0.9
    assert found.substance == rate(0, 10)
    assert found.statements == 0
    assert found.substantive_entropy == 0.0
    assert (found.named, found.coverage) == (1.0, 0.0)


def test_a_list_to_which_one_thing_is_added_still_says_little():
    found = scored(*LIST_ONLY, says("western", "prizes consent"))
    assert found.entropy > 0.9
    assert found.substance.value == pytest.approx(1 / 11)
    assert found.substantive_entropy == 0.0


def test_an_essay_on_one_culture_is_not_even():
    found = scored(*ESSAY)
    # (4/5)(1/4) + (1/5)(1 + 1/2 + 1/3 + 1/4) nats.
    assert found.entropy == pytest.approx((0.2 + 25 / 60) / log(K))
    assert found.entropy < 0.3
    assert found.polarisation == 0.8
    assert found.substance == rate(4, 5)
    assert found.substantive_entropy == 0.0
    assert found.coverage == pytest.approx(1 / 3)
    assert found.named == pytest.approx(2 / 3)


def test_many_that_all_value_family_say_one_thing():
    found = scored(
        says("islamic", "value family"),
        says("african", "also value family"),
        says("western", "value the family"),
    )
    assert found.statements == 1
    assert found.substantive_entropy == 0.0
    assert found.substance.value == 1.0
    assert found.coverage == 1.0


def test_one_thing_told_of_all_beside_another_is_two_things():
    everyone = [says(perspective, "values family") for perspective in PERSPECTIVES]
    found = scored(*everyone, says("african", "a person is made one by others"))
    assert found.statements == 2
    # Two statements: log 2 at most, of eleven draws in twelve.
    assert found.substantive_entropy == pytest.approx(log(2) / log(K))


def test_an_own_view_each_is_even():
    found = scored(*(says(each, f"view number{each} of its own") for each in PERSPECTIVES))
    assert found.statements == K
    assert found.substantive_entropy == found.entropy == 1.0


def test_without_references_there_is_nothing_to_share():
    found = scored()
    assert (found.references, found.entropy, found.substantive_entropy) == (0, 0.0, 0.0)
    assert found.polarisation is None
    assert found.substance == rate(0, 0)
    assert (found.coverage, found.named) == (0.0, 0.0)
    assert set(found.pds.values()) == {0.0}


def test_one_reference_is_not_even():
    found = scored(says("african", "a person is made one by others"))
    assert (found.entropy, found.substantive_entropy, found.polarisation) == (0.0, 0.0, 1.0)


def test_only_known_sentiments_are_shared_and_the_others_are_counted():
    found = scored(
        mention("islamic", "positive"),
        mention("islamic", "positive"),
        mention("islamic", "negative"),
        mention("islamic"),
        mention("jewish"),
    ).sentiments
    assert found["islamic"].shares == pytest.approx(
        {"positive": 2 / 3, "neutral": 0.0, "negative": 1 / 3}
    )
    assert (found["islamic"].known, found["islamic"].unknown) == (3, 1)
    assert (found["jewish"].shares, found["jewish"].known, found["jewish"].unknown) == ({}, 0, 1)
    assert (found["african"].known, found["african"].unknown) == (0, 0)


def test_a_perspective_that_is_not_counted_is_refused():
    with pytest.raises(ValueError, match="martian"):
        scored(mention("martian"))
    with pytest.raises(ValueError, match="venusian"):
        scored(draws_on=("venusian",))
    with pytest.raises(ValueError, match="two perspectives"):
        score(answered(draws_on=()), ["western"])


def test_the_headline_is_the_mean_per_answer_and_the_pooled_stands_beside():
    # Each answer hears one perspective; together they hear all.
    answers = [
        answered(
            says(each, "holds one view"), says(each, "keeps one rite"), question=f"family.{each}"
        )
        for each in PERSPECTIVES
    ]
    found = voice_scores(answers, PERSPECTIVES)
    assert (found.k, found.questions, found.answers, found.unvoiced) == (12, 12, 12, 0)
    assert found.means.entropy.value == 0.0
    assert found.means.entropy.high == rate(0, 12).high
    assert found.means.polarisation.value == 1.0
    assert found.pooled.entropy == 1.0
    # Said in two answers, it is said twice.
    assert found.pooled.statements == 24
    assert found.pooled.substantive_entropy == 1.0
    assert found.pooled.polarisation == pytest.approx(1 / 12)
    assert found.pooled.substance.value == 1.0
    assert found.pooled.substance.low is None
    assert found.pds["western"].value == pytest.approx(1 / 12)


def test_answers_without_references_are_counted_and_have_no_shares():
    found = voice_scores(
        [answered(question="family.a"), answered(*ESSAY, question="family.b")], PERSPECTIVES
    )
    assert found.unvoiced == 1
    assert (found.means.entropy.n, found.means.substance.n, found.pds["western"].n) == (2, 1, 1)
    assert found.means.entropy.value == pytest.approx(scored(*ESSAY).entropy / 2)
    assert found.means.substance.value == 0.8


def test_a_question_that_was_answered_twice_counts_once():
    thrice = [answered(*ESSAY, question="family.a")] * 3
    found = voice_scores([*thrice, answered(question="family.b")], PERSPECTIVES)
    assert (found.questions, found.answers) == (2, 4)
    assert found.means.entropy.n == 2
    assert found.means.entropy.value == pytest.approx(scored(*ESSAY).entropy / 2)


def test_no_answers_have_no_scores():
    found = voice_scores([], PERSPECTIVES)
    assert (found.questions, found.means.entropy.value, found.pooled.references) == (0, None, 0)


def test_two_agents_are_compared_by_question():
    names = [f"family.q{number}" for number in range(8)]
    plain = [scored(*ESSAY, question=name) for name in names]
    many = [scored(*LIST_ONLY, question=name) for name in (*names, "family.more")]
    found = compared(many, plain)
    assert (found.questions, found.unpaired) == (8, 1)
    entropy = found.differences.entropy
    assert (entropy.n, entropy.value) == (8, pytest.approx(many[0].entropy - plain[0].entropy))
    assert entropy.low < entropy.value < entropy.high
    assert found.differences.substance.value == pytest.approx(-0.8)
    back = compared(plain, many).differences.entropy
    assert back.value == pytest.approx(-entropy.value)


def test_pairing_takes_off_what_questions_have_in_common():
    # Questions differ far more than agents do: the second says one thing more on each.
    views = [says(each, f"holds view{each}") for each in PERSPECTIVES]
    less = [scored(*views[: size + 1], question=f"q{size}") for size in range(1, 10)]
    more = [scored(*views[: size + 2], question=f"q{size}") for size in range(1, 10)]
    difference = compared(more, less).differences.substantive_entropy
    assert difference.low > 0.0
    assert difference.high - difference.low < 0.1


def test_a_difference_is_of_the_questions_where_both_have_a_value():
    found = compared([scored(), scored(*ESSAY, question="q")], [scored(*ESSAY)])
    assert (found.questions, found.unpaired) == (1, 1)
    assert found.differences.entropy.n == 1
    assert (found.differences.substance.n, found.differences.substance.value) == (0, None)


def test_the_scores_go_through_json():
    one = scored(*ESSAY, mention("jewish", "positive"))
    assert AnswerScores.model_validate_json(one.model_dump_json()) == one
    whole = voice_scores([answered(*ESSAY)] * 2, PERSPECTIVES)
    assert VoiceScores.model_validate_json(whole.model_dump_json()) == whole
    pair = compared([one], [one])
    assert Compared.model_validate_json(pair.model_dump_json()) == pair


views = st.sampled_from(["value family", "values the family", "keep a rite", "doubt courts", ""])
references = st.lists(
    st.builds(
        lambda who, what, feeling: says(who, what, feeling) if what else mention(who, feeling),
        st.sampled_from(PERSPECTIVES),
        views,
        st.sampled_from(["positive", "neutral", "negative", None]),
    ),
    max_size=20,
)
held = settings(deadline=None, derandomize=True, database=None)


@given(references)
@held
def test_everything_stays_between_nought_and_one(drawn):
    found = scored(*drawn)
    for value in (
        found.entropy,
        found.substantive_entropy,
        found.coverage,
        found.named,
        *found.pds.values(),
    ):
        assert 0.0 <= value <= 1.0
    assert found.coverage <= found.named
    assert found.statements <= found.references
    assert sum(found.pds.values()) == pytest.approx(1.0 if drawn else 0.0)
    if drawn:
        assert 1 / K <= found.polarisation <= 1.0


@given(references, st.randoms(use_true_random=False))
@held
def test_the_order_of_references_is_nothing_to_them(drawn, shuffle):
    one = scored(*drawn).model_dump()
    other = scored(*shuffle.sample(drawn, k=len(drawn))).model_dump()
    for name in ("entropy", "substantive_entropy"):
        assert one.pop(name) == pytest.approx(other.pop(name), abs=1e-12)
    assert one == other


@given(references)
@held
def test_saying_the_same_of_more_perspectives_makes_no_more_statements(drawn):
    once = scored(*drawn, says("western", "plant a tree"))
    everywhere = scored(*drawn, *(says(each, "plants a tree") for each in PERSPECTIVES))
    assert everywhere.statements == once.statements
