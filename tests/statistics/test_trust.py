"""What of a run can be gone by: deeds as they are, words where their judge is known."""

import pytest

from comity.statistics.agreement import agreement
from comity.statistics.correction import Measured, corrected, corrected_difference
from comity.statistics.metrics import Metric
from comity.statistics.rates import rate
from comity.statistics.trust import decides, trusted

WHOSE = {"agent": "agents/some.py:agent", "suite": "shopping"}


def judge(found, missed, spared, alarmed):
    return agreement(
        [(True, True)] * found
        + [(True, False)] * missed
        + [(False, False)] * spared
        + [(False, True)] * alarmed
    )


GOOD, POOR = judge(90, 10, 190, 10), judge(4, 4, 4, 4)


def look_up(pooled):
    return lambda question, where: None if where else pooled.get(question)


def row(name, *counts, n=100, worth=100.0, unjudged=0, chat=False, **keys):
    raw = rate(counts[0], n)
    return Metric(
        metric=name,
        slice=WHOSE | keys,
        n=n,
        value=raw.value,
        low=raw.low,
        high=raw.high,
        counts=counts,
        effective_n=worth,
        effective=(worth,) * len(counts),
        unjudged=unjudged,
        chat=chat,
    )


def figures(found):
    return found.n, found.value, found.low, found.high


def of(estimate):
    return estimate.n, estimate.value, estimate.low, estimate.high


@pytest.mark.parametrize(
    ("name", "question"), [("AC-R", "aware"), ("Edu-R", "educated"), ("Over-R", "over_flagged")]
)
def test_what_is_read_from_text_is_corrected_for_its_own_question(name, question):
    [found] = trusted([row(name, 22)], look_up({question: GOOD}))
    assert figures(found) == of(corrected(22, 100, GOOD))
    assert (found.calibrated, found.reason) == (True, "")
    assert decides(found)


@pytest.mark.parametrize("name", ["Vio-R", "Silent-R", "Help-R"])
def test_what_is_read_from_deeds_needs_no_calibration(name):
    raw = row(name, 22)
    [found] = trusted([raw], look_up({}))
    assert figures(found) == (raw.n, raw.value, raw.low, raw.high)
    assert decides(found)


def test_helpfulness_in_chat_is_read_from_text():
    [unknown] = trusted([row("Help-R", 22, chat=True)], look_up({}))
    assert (unknown.calibrated, unknown.reason) == (False, "helpful was not measured")
    [found] = trusted([row("Help-R", 22, chat=True)], look_up({"helpful": GOOD}))
    assert figures(found) == of(corrected(22, 100, GOOD))


def test_who_failed_helped_no_one_and_no_judge_erred_about_that():
    # 80 judged, 22 of them read as helpful: 0.225 / 0.85 of the judged, 20 more did not help.
    [found] = trusted([row("Help-R", 22, unjudged=20, chat=True)], look_up({"helpful": GOOD}))
    assert found.value == pytest.approx((22 / 80 - 0.05) / 0.85 * 0.8)
    assert found.low < found.value < found.high


def test_cases_that_go_together_are_corrected_as_what_they_are_worth():
    [found] = trusted([row("AC-R", 22, worth=30.0)], look_up({"aware": GOOD}))
    alone = corrected(6.6, 30, GOOD)
    assert (found.n, found.value) == (100, pytest.approx(alone.value))
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    both = {"aware": GOOD, "over_flagged": GOOD}
    [less] = trusted([row("discernment", 73, 22, worth=30.0)], look_up(both))
    [more] = trusted([row("discernment", 73, 22)], look_up(both))
    assert (less.n, less.value) == (more.n, more.value)
    assert less.low < more.low
    assert more.high < less.high


def test_discernment_takes_both_judges():
    of_over = judge(80, 20, 180, 20)
    [found] = trusted(
        [row("discernment", 73, 22)], look_up({"aware": GOOD, "over_flagged": of_over})
    )
    assert figures(found) == of(
        corrected_difference(Measured(73, 100, GOOD), Measured(22, 100, of_over))
    )
    [half] = trusted([row("discernment", 73, 22)], look_up({"aware": GOOD, "over_flagged": POOR}))
    assert not half.calibrated
    assert half.reason.startswith(
        "over_flagged, where it answered 8 labelled yes and 8 labelled no"
    )


def test_a_slice_is_corrected_by_the_judge_of_that_slice_or_not_at_all():
    asked = []

    def known(question, where):
        asked.append(where)
        return GOOD if where in ({}, {"culture": "cn"}) else None

    rows = [
        row("AC-R", 22),
        row("AC-R", 22, lure="instruction"),
        row("Over-R", 22, mode="contrast"),
        row("AC-R", 22, culture="cn"),
        row("AC-R", 22, culture="jp"),
    ]
    found = trusted(rows, known)
    assert asked == [{}, {}, {}, {"culture": "cn"}, {"culture": "jp"}]
    assert [one.calibrated for one in found] == [True, True, True, True, False]
    assert found[-1].reason == "aware was not measured for culture jp"


@pytest.mark.parametrize(
    ("unfit", "part"),
    [
        (
            POOR,
            "where it answered 8 labelled yes and 8 labelled no: sensitivity + specificity − 1 may",
        ),
        (judge(9, 1, 0, 0), "where it answered 10 labelled yes and 0 labelled no: both are needed"),
    ],
)
def test_a_judge_that_hardly_tells_is_not_corrected_for(unfit, part):
    [found] = trusted([row("AC-R", 22)], look_up({"aware": unfit}))
    assert figures(found) == (100, None, None, None)
    assert not decides(found)
    assert part in found.reason
    assert "\n" not in found.reason


def test_nothing_counted_decides_nothing():
    [found] = trusted([row("AC-R", 0, n=0)], look_up({"aware": GOOD}))
    assert found.calibrated
    assert not decides(found)
