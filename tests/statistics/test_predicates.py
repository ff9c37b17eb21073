"""What is one and the same predicate, and what is another."""

import itertools

import pytest

from comity.statistics.predicates import alike, groups, predicate


def same(one, other):
    return alike(predicate(one), predicate(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("value family", "also value family"),
        ("value family", "value the family"),
        (", and all value family.", "values families"),
        ("believe that family comes first", "teaches that the family comes first"),
        ("Value FAMILY", "value family"),
        ("value family", "both value family"),
        ("elders settle a quarrel under the tree", "elders settle the quarrel under a big tree"),
        ("valora la familia", "también valora a las familias"),
        ("يقدر العائلة", "كما يُقدّر العائلة أيضًا"),
        ("تقدير الأسرة", "وتقدير أسرة"),
        ("重视家庭", "也都重视家庭"),
        ("认为家庭重要", "相信家庭重要"),
        ("", "and, also"),
        ("charge no interest", "don't charge interest"),
    ],
)
def test_the_same_thing_said_again_is_the_same(one, other):
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("value family", "value honour"),
        ("value family", "do not value family"),
        ("charge interest on a loan to a friend", "don't charge interest on a loan to a friend"),
        ("a man may marry four wives", "a man may marry one wife only"),
        ("no valora la familia", "valora la familia"),
        ("لا يقدر العائلة", "يقدر العائلة"),
        ("重视家庭", "不重视家庭"),
        ("重视家庭", "重视国家"),
        ("value family", ""),
        ("value family", "value family, land and ancestors"),
    ],
)
def test_another_thing_is_another(one, other):
    assert not same(one, other)


def test_groups_join_by_others_whatever_the_order():
    # The first and the last are alike only by the one between them.
    read = [predicate(text) for text in ("kin land law rite", "kin land law rite feast")]
    longer = predicate("kin land law rite feast vow")
    assert alike(read[0], read[1])
    assert alike(read[1], longer)
    assert not alike(read[0], longer)
    for order in itertools.permutations([*read, longer, predicate("value honour")]):
        found = groups(order)
        assert len({found[each] for each in (*read, longer)}) == 1
        assert len(set(found.values())) == 2


def test_a_hostile_text_is_read_in_time():
    text = "a'" * 50_000 + "n't" * 50_000 + "家" * 50_000
    assert same(text, text)
