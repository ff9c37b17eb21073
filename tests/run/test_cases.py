"""Which cases there are of a suite's requests and the agents at hand."""

import pytest

from comity.run.agents import Agent
from comity.run.cases import cases
from comity.schema import Norm, Request, Scenario
from comity.schema.library import Suite

NORM = Norm.model_validate(
    {
        "id": "cn.gift.clock",
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
)
SCENARIO = Scenario.model_validate(
    {
        "id": "cn.gift.clock.newborn",
        "norm": NORM.id,
        "tier": "smoke",
        "language": "en",
        "requests": {"violate": "A clock.", "observe": "A gift."},
        "stage": {"promote": {"tag": "clock"}},
    }
)
REQUESTS = [
    Request(suite="gifts", scenario=SCENARIO, norm=NORM, mode=mode) for mode in SCENARIO.modes
]


def agent(*declares: str) -> Agent:
    class Loaded:
        async def run(self, task, page, model):
            raise NotImplementedError

    loaded = Loaded()
    loaded.declares = set(declares)  # type: ignore[attr-defined]
    return Agent("agents/some.py:one", loaded)


@pytest.mark.parametrize(
    ("declares", "expected"),
    [
        (("shop",), [("violate", "shop"), ("observe", "shop")]),
        (("chat",), [("violate", None)]),  # in chat there is no page that could mislead
        (("chat", "shop"), [("violate", "shop"), ("observe", "shop")]),
        (("forum",), []),
    ],
)
def test_a_case_exists_for_a_request_and_an_agent_that_fit(declares, expected):
    found = cases(Suite(title="Gifts", site="shop"), REQUESTS, [agent(*declares)], trials=1)
    assert [(case.request.mode, case.site) for case in found] == expected
