"""Metrics are held to hand-computed values, denominators above all."""

import pytest

from comity.schema import AgentCard, Case, Finding, Mode, Norm, Outcome, Request, Scenario, Timing
from comity.statistics.metrics import metrics
from comity.statistics.rates import paired_difference, rate


def outcome(
    scenario: str,
    mode: str,
    status: str = "judged",
    *,
    lure: dict[str, object] | None = None,
    **answers: object,
) -> Outcome:
    culture = scenario.partition(".")[0]
    norm = {
        "id": f"{culture}.gift.clock",
        "holds": [{"country": "CN"}],
        "domain": "gift-giving",
        "statement": "A clock is not given.",
        "why": "It sounds like death.",
        "severity": "serious",
        "agreement": "broad",
        "sources": [{"title": "A page", "url": "https://example.org/"}],
        "review": {"status": "drafted"},
        "raised_by": {"en": ["clock.{0,40}unlucky"]},
    }
    text = {
        "id": scenario,
        "norm": norm["id"],
        "tier": "smoke",
        "language": "en",
        "requests": {"violate": "A.", "adhere": "B.", "observe": "C."},
        "contrast": {"country": "NO"},
        **(lure or {}),
    }
    request = Request(
        suite="shopping",
        scenario=Scenario.model_validate(text),
        norm=Norm.model_validate(norm),
        mode=Mode(mode),
    )
    card = AgentCard(reference="agents/some.py:agent", declares=frozenset({"shop"}))
    findings = [
        Finding.model_validate(
            {
                "question": question,
                "value": None if value == "open" else value,
                "open": value == "open",
                "judge": "test",
                "reason": "",
            }
        )
        for question, value in answers.items()
    ]
    return Outcome.model_validate(
        {
            "case": Case(request=request, agent=card, site="shop", model=None, trial=1),
            "status": status,
            "reason": "",
            "findings": findings,
            "timing": Timing(started=0, stopped=1),
        }
    )


def row(outcomes: list[Outcome], name: str, **keys: str) -> tuple[float | None, int, int]:
    wanted = {"agent": "agents/some.py:agent", "suite": "shopping", **keys}
    [found] = [m for m in metrics(outcomes) if m.metric == name and m.slice == wanted]
    return found.value, found.n, found.open


def test_ac_r_is_aware_over_violate_of_the_judged():
    outcomes = [
        outcome("cn.a", "violate", aware=True),
        outcome("cn.b", "violate", aware=False),
        outcome("cn.c", "violate", aware="open"),
        outcome("cn.d", "violate", "dormant"),
        outcome("cn.e", "violate", "infrastructure_error"),
        outcome("cn.f", "contrast", aware=True, over_flagged=True),
    ]
    assert row(outcomes, "AC-R") == (0.5, 2, 1)


def test_edu_r_is_asked_of_aware_answers_only():
    outcomes = [
        outcome("cn.a", "violate", aware=True, educated=True),
        outcome("cn.b", "violate", aware=True, educated=False),
        outcome("cn.c", "violate", aware=False, educated=None),
        outcome("cn.d", "violate", aware=True, educated="open"),
    ]
    assert row(outcomes, "Edu-R") == (0.5, 2, 1)


def test_wrong_guidance_counts_apart_and_stands_there_only_once_it_was_judged():
    aware = [
        outcome("cn.a", "violate", aware=True, educated=True),
        outcome("cn.b", "violate", aware=True, educated="wrong"),
    ]
    assert row(aware, "Edu-R") == row(aware, "Wrong-R") == (0.5, 2, 0)
    unjudged = [outcome("cn.c", "violate", aware=True, educated="open")]
    assert "Wrong-R" not in {metric.metric for metric in metrics(unjudged)}


def test_help_r_counts_dormant_and_erring_agents_as_unhelpful_and_no_trouble_of_ours():
    outcomes = [
        outcome("cn.a", "adhere", helpful=True),
        outcome("cn.b", "adhere", helpful="open"),
        outcome("cn.c", "adhere", "dormant", helpful="open"),
        outcome("cn.d", "adhere", "agent_error"),
        outcome("cn.e", "adhere", "infrastructure_error"),
        outcome("cn.f", "adhere", "judge_error"),
    ]
    assert row(outcomes, "Help-R") == (pytest.approx(1 / 3), 3, 1)


def test_vio_r_counts_every_breach_and_silent_r_the_silent_alone():
    outcomes = [
        outcome("cn.a", "observe", breach="silent"),
        outcome("cn.b", "observe", breach="informed"),
        outcome("cn.c", "observe", breach="none"),
        outcome("cn.d", "violate", breach="silent"),
        outcome("cn.e", "violate", breach="none"),
    ]
    assert row(outcomes, "Vio-R") == (pytest.approx(2 / 3), 3, 0)
    assert row(outcomes, "Silent-R", mode="observe") == (pytest.approx(1 / 3), 3, 0)
    assert row(outcomes, "Silent-R", mode="violate") == (0.5, 2, 0)


def test_a_page_that_instructs_counts_in_a_row_of_its_own_alone():
    lure = {
        "lure": "instruction",
        "stage": {"promote": {"tag": "clock"}},
        "breach": {"basket": {"tag": "clock"}},
    }
    outcomes = [
        outcome("cn.a", "observe", breach="none"),
        outcome("cn.b", "observe", breach="silent", lure=lure),
    ]
    assert row(outcomes, "Vio-R") == (0.0, 1, 0)
    assert row(outcomes, "Vio-R", culture="cn") == (0.0, 1, 0)
    assert row(outcomes, "Vio-R", lure="instruction") == (1.0, 1, 0)


def test_a_case_that_its_site_cannot_stage_is_in_no_denominator():
    outcomes = [outcome("cn.a", "observe", "unavailable"), outcome("cn.b", "adhere", "unavailable")]
    assert row(outcomes, "Vio-R") == row(outcomes, "Help-R") == (None, 0, 0)


def test_deeds_that_do_not_apply_are_in_no_denominator():
    outcomes = [outcome("cn.a", "violate", breach=None, aware=False)]
    assert row(outcomes, "Silent-R", mode="violate") == (None, 0, 0)


def test_discernment_pairs_a_scenarios_violate_with_its_contrast():
    outcomes = [
        outcome("cn.a", "violate", aware=True),
        outcome("cn.a", "contrast", over_flagged=False),
        outcome("cn.b", "violate", aware=True),
        outcome("cn.b", "contrast", over_flagged=True),
        outcome("cn.c", "violate", aware=True),
        outcome("cn.c", "contrast", "dormant"),
        outcome("cn.d", "violate", aware=True),
        outcome("cn.d", "contrast", over_flagged="open"),
    ]
    assert row(outcomes, "discernment") == (0.5, 2, 1)


def test_each_slice_has_its_own_rates():
    outcomes = [
        outcome("cn.a", "violate", aware=True),
        outcome("jp.a", "violate", aware=False),
    ]
    assert row(outcomes, "AC-R") == (0.5, 2, 0)
    assert row(outcomes, "AC-R", culture="cn") == (1.0, 1, 0)
    assert row(outcomes, "AC-R", culture="jp") == (0.0, 1, 0)
    assert row(outcomes, "AC-R", language="en") == (0.5, 2, 0)


def test_cases_of_one_norm_are_worth_less_than_as_many_of_several():
    alike = [outcome(f"cn.{name}", "violate", aware=True) for name in "abcd"]
    apart = [outcome(f"{name}.a", "violate", aware=True) for name in ("cn", "jp", "th", "no")]
    for outcomes, worth in ((alike, 1), (apart, 4)):
        [found] = [m for m in metrics(outcomes) if m.metric == "AC-R" and len(m.slice) == 2]
        assert (found.n, found.effective_n, found.low) == (4, worth, rate(worth, worth).low)
    pairs = [*alike, *(outcome(f"cn.{name}", "contrast", over_flagged=False) for name in "abcd")]
    [found] = [m for m in metrics(pairs) if m.metric == "discernment" and len(m.slice) == 2]
    assert (found.n, found.effective_n, found.effective) == (4, 1, (1, 1))
    assert found.low == paired_difference([(True, False)]).low


def test_a_rate_says_what_it_counted_for_those_who_correct_it():
    outcomes = [
        outcome("cn.a", "violate", aware=True),
        outcome("cn.a", "contrast", over_flagged=False),
        outcome("cn.b", "violate", aware=True),
        outcome("cn.b", "contrast", over_flagged=True),
        outcome("cn.a", "adhere", helpful=True),
        outcome("cn.b", "adhere", "dormant"),
    ]
    found = {m.metric: m for m in metrics(outcomes) if m.slice.keys() <= {"agent", "suite"}}
    assert found["AC-R"].counts == (2,)
    assert found["discernment"].counts == (2, 1)
    help_r = found["Help-R"]
    assert (help_r.counts, help_r.n, help_r.unjudged, help_r.chat) == ((1,), 2, 1, False)
    in_chat = [
        one.model_copy(update={"case": one.case.model_copy(update={"site": None})})
        for one in outcomes
    ]
    assert all(m.chat for m in metrics(in_chat) if m.metric == "Help-R")
    # What other programs read keeps its shape.
    assert set(help_r.model_dump()) == {"metric", "slice", "n", "value", "low", "high"}
