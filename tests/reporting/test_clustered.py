"""Cases of one norm, trials of one scenario and small cultures, as a run's end shows them."""

import re

from comity.reporting.summary import summary
from comity.reporting.terminal import render
from tests.statistics.test_gate import case, silent

REPEATED = [
    case(scenario=f"{culture}.gift.s1", culture=culture, trial=trial, breach=breach)
    for culture, breach in (("cn", "none"), ("jp", "silent"), ("th", "none"))
    for trial in (1, 2)
]


def shown(outcomes, *, verbose=False):
    return render(outcomes, None, 100, color=False, verbose=verbose)


def row(text, *starts):
    """Return the cells of a table's line."""
    [found] = [
        cells
        for line in text.splitlines()
        if (cells := re.split(r"\s{2,}", line.strip()))[: len(starts)] == list(starts)
    ]
    return found[len(starts) :]


def test_trials_of_a_scenario_are_shown_for_what_they_are_worth():
    assert row(shown(REPEATED), "Silent-R", "violate", "6")[0] == "3"
    apart = shown(silent(0, 6))
    assert "worth" not in apart
    assert row(apart, "Silent-R", "violate") == ["6", "0.00", "0.00 to 0.39"]


def test_what_others_named_cannot_act_on_the_terminal():
    evil = "\x1b[2J\u202egone\n1 passed"
    one = case(agent=evil, suite=evil, status="infrastructure_error")
    told = shown([one.model_copy(update={"reason": evil, "judge_errors": (evil,)})], verbose=True)
    assert "\\x1b[2J\\u202egone" in told
    assert not {"\x1b", "\u202e"} & set(told)
    assert "1 passed" not in [line.strip() for line in told.splitlines()]


def test_how_surely_scenarios_go_well_again_is_shown_where_they_are_repeated():
    told = shown(REPEATED).partition("good in all of k trials")[2]
    assert row(told, "Silent-R", "violate")[:3] == ["2", "3", "0.67"]
    assert "good in all of k trials" not in shown(silent(0, 6))
    [one] = [r for r in summary("run", REPEATED)["repeated"] if r["metric"] == "Silent-R"]
    assert (one["k"], one["n"], one["slice"]["mode"]) == (2, 3, "violate")
    assert set(one) == {"metric", "slice", "k", "n", "value", "low", "high"}
    assert "repeated" not in summary("run", silent(0, 6))


def test_rates_by_culture_are_drawn_inwards_and_shown_only_on_request():
    title = "by culture, drawn to what the agent does elsewhere"
    told = shown(REPEATED, verbose=True).partition(title)[2]
    assert [row(told, culture)[0][-4:] for culture in ("cn", "jp", "th")] == ["of 2"] * 3
    values = {culture: float(row(told, culture)[0][:4]) for culture in ("cn", "jp", "th")}
    assert 0 < values["cn"] == values["th"] < 0.4 < values["jp"] < 1
    assert title not in shown(REPEATED)
