"""Two runs, case by case: which pairs count, what changed, and which cases show it."""

from math import sqrt
from statistics import NormalDist

import pytest

from comity.statistics.comparison import compare
from comity.statistics.metrics import measure
from comity.statistics.paired import mcnemar, tango
from tests.statistics.test_gate import AGENT, INSTRUCTED, case, several, silent


def compared(base, new, other_rulers=False):
    [found] = compare(base, [new], [other_rulers])
    return found


def row(changes, metric, **keys):
    [found] = [
        one for one in changes if one.metric == metric and one.slice == {"agent": AGENT, **keys}
    ]
    return found


def test_a_change_is_that_of_the_pairs_with_its_interval_and_its_course():
    found = compared(silent(2, 30), silent(14, 30))
    one = row(found.headline, "Silent-R", mode="violate")
    expected = tango(12, 0, 30)
    assert (one.n, one.norms, one.base, one.new) == (30, 30, 2 / 30, 14 / 30)
    assert (one.difference, one.low, one.high) == (expected.value, expected.low, expected.high)
    assert one.p == pytest.approx(2 * NormalDist().cdf(-sqrt(12)))
    assert one.p >= mcnemar(12, 0)
    assert one.course == "worse"
    back = compared(silent(14, 30), silent(2, 30))
    assert row(back.headline, "Silent-R", mode="violate").course == "better"


def test_a_rate_that_is_good_where_it_is_high_is_worse_where_it_falls():
    base = several(20, "adhere", helpful=True)
    new = several(20, "adhere", helpful=False)
    assert row(compared(base, new).headline, "Help-R").course == "worse"


def test_the_rates_are_those_of_the_metrics_where_all_pairs_count():
    base, new = (
        [
            *silent(count, 12),
            *several(12, "violate", first=20, aware=True),
            *several(12, "contrast", first=20, over_flagged=count > 3),
            *several(6, "adhere", "dormant", first=40),
        ]
        for count in (3, 5)
    )
    for one in compared(base, new).headline:
        for run, value in ((base, one.base), (new, one.new)):
            assert measure(one.metric, one.slice, run).value == pytest.approx(value)


def test_trials_of_a_norm_are_one_piece_of_evidence():
    base = [case(number=n, trial=t, breach="none") for n in range(6) for t in (1, 2, 3, 4)]
    new = [case(number=n, trial=t, breach="silent") for n in range(6) for t in (1, 2, 3, 4)]
    one = row(compared(base, new).headline, "Silent-R", mode="violate")
    assert (one.n, one.norms, one.p) == (24, 6, pytest.approx(2 / 2**6))


def test_what_counts_in_one_run_alone_is_no_pair():
    base = [*silent(0, 4), case(number=9, breach="open"), case(number=10, status="dormant")]
    new = [*silent(4, 4), case(number=9, breach="silent"), case(number=10, breach="silent")]
    found = compared(base, new)
    assert row(found.headline, "Silent-R", mode="violate").n == 4
    assert found.pairs == 6
    [ended] = found.ended
    assert (ended.base, ended.new, len(ended.cases)) == ("dormant", "judged", 1)
    assert sorted(turn.other for turn in found.appeared) == ["dormant", *["none"] * 4, "open"]


def test_breaches_that_appeared_and_vanished_are_named_the_most_severe_first():
    base = [case(number=1, breach="silent"), case(number=2, breach="informed"), case(number=3)]
    new = [
        case(number=1, breach="none"),
        case(number=2, breach="silent"),
        case(number=3, breach="silent", severity="critical"),
    ]
    found = compared(base, new)
    assert [(turn.severity, turn.other) for turn in found.appeared] == [
        ("critical", "without deeds"),
        ("serious", "informed"),
    ]
    [gone] = found.vanished
    assert (gone.case, gone.other) == (base[0].case.id, "none")


def test_cases_of_one_run_only_are_told_and_those_asked_otherwise_do_not_pair():
    base = [case(number=1, breach="none"), case(number=2, breach="none")]
    changed = {"breach": {"basket": {"tag": "clock"}}}
    new = [case(number=2, breach="silent", lured=changed), case(number=3, breach="silent")]
    found = compared(base, new)
    assert found.only_base == (base[0].case.id,)
    assert found.only_new == (new[1].case.id,)
    assert found.asked_otherwise == (new[0].case.id,)
    assert (found.pairs, found.headline, found.appeared) == (0, (), ())


def test_discernment_is_compared_over_scenarios_judged_in_both_modes_of_both_runs():
    def run(aware, over_flagged):
        return [
            *several(14, "violate", aware=aware),
            *several(14, "contrast", over_flagged=over_flagged),
            case("violate", number=50, aware=True),
        ]

    one = row(compared(run(True, False), run(True, True)).headline, "discernment")
    assert (one.n, one.base, one.new, one.difference, one.course) == (14, 1, 0, -1, "worse")
    assert row(compared(run(True, False), run(False, True)).headline, "discernment").low < -1


def test_finer_slices_are_those_that_are_not_the_whole():
    base = [*silent(0, 5), *several(5, culture="jp", suite="forum", breach="none")]
    found = compared(base, base)
    keys = {key for one in found.finer for key in one.slice} - {"agent", "mode"}
    assert keys == {"culture", "suite"}
    assert {one.n for one in found.finer if one.metric == "Silent-R"} == {5}


def test_pages_that_instruct_count_in_rows_of_their_own():
    base = several(3, "observe", lured=INSTRUCTED, breach="none")
    found = compared(base, several(3, "observe", lured=INSTRUCTED, breach="silent"))
    assert found.headline == ()
    assert row(found.finer, "Vio-R", lure="instruction").new == 1


def test_of_other_rulers_what_is_read_from_text_is_not_decided_about():
    base = [*several(20, aware=True, breach="none"), *several(20, "adhere", first=40, helpful=True)]
    new = [
        *several(20, aware=False, breach="silent"),
        *several(20, "adhere", first=40, helpful=False),
    ]
    found = compared(base, new, other_rulers=True)
    aware = row(found.headline, "AC-R")
    assert (aware.difference, aware.adjusted, aware.course) == (-1, None, None)
    assert row(found.headline, "Silent-R", mode="violate").course == "worse"
    assert row(found.headline, "Help-R").course == "worse"
    in_chat = [several(20, "adhere", site=None, helpful=helpful) for helpful in (True, False)]
    assert row(compared(*in_chat, other_rulers=True).headline, "Help-R").adjusted is None


def test_of_other_rulers_a_breach_that_one_of_them_found_announced_is_not_decided_about():
    silent_, informed = several(20, breach="silent"), several(20, breach="informed")
    for pair in ((silent_, informed), (informed, silent_)):
        one = row(compared(*pair, other_rulers=True).headline, "Silent-R", mode="violate")
        assert (abs(one.difference), one.adjusted, one.course) == (1, None, None)
        assert row(compared(*pair).headline, "Silent-R", mode="violate").course is not None
    pushed = [several(20, "observe", breach=breach) for breach in ("none", "informed")]
    assert row(compared(*pushed, other_rulers=True).headline, "Vio-R").course == "worse"


def test_several_runs_are_one_family():
    base, worse = silent(0, 9), silent(9, 9)
    [alone] = compare(base, [worse], [False])
    together = compare(base, [worse] * 3, [False] * 3)
    assert all(one.headline[0].adjusted > alone.headline[0].adjusted for one in together)
