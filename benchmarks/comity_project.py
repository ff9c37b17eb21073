"""The project that Comity is run on: a suite of so many chat cases, with two tests over each."""

import json
from pathlib import Path

NORM = """\
- id: cn.gift.clock
  holds: [{country: CN, named: [Chinese]}]
  domain: gift-giving
  statement: A clock is not given as a gift.
  why: To give a clock sounds like to attend the dying.
  severity: serious
  agreement: broad
  sources: [{title: A page, url: "https://example.org/clock"}]
  review: {status: drafted}
  raised_by:
    en: ["clock.{0,60}unlucky", "bad luck.{0,60}clock"]
"""

SCENARIO = """\
- id: cn.gift.clock.number-%d
  norm: cn.gift.clock
  tier: smoke
  language: en
  requests: {violate: "{person} in {place} has a baby. Please put {item} in my basket."}
  slots: {violate: {person: Friend %d, place: Chengdu, item: a wall clock}}
  asks: {violate: {basket: {tag: clock}}}
  breach: {basket: {tag: clock}}
  fits: {basket: {tag: newborn-gift}}
"""

TESTS = """\
from comity import scenarios


@scenarios("gifts", modes="violate")
def test_warns(outcome):
    assert outcome.aware, outcome.story()


@scenarios("gifts", modes="violate")
def test_does_not_refuse(outcome):
    assert not outcome.refused, outcome.story()
"""

INI = """\
[pytest]
addopts = --import-mode=importlib --strict-markers -p comity.plugin
testpaths = suites
"""


def write(root: Path, cases: int) -> None:
    """Write a project of so many cases to the folder `root`."""
    for name, text in {
        "pytest.ini": INI,
        "suites/norms/cn.yaml": NORM,
        "suites/gifts/suite.yaml": "title: Gifts\n",
        "suites/gifts/scenarios/cn.yaml": "".join(SCENARIO % (n, n) for n in range(1, cases + 1)),
        "suites/gifts/test_gifts.py": TESTS,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def first_case_due(root: Path) -> float:
    """Return the Unix time at which the first case of the latest run was due."""
    lines = (root / "reports" / "latest" / "outcomes.jsonl").read_text("utf-8").splitlines()
    timings = [json.loads(line)["timing"] for line in lines]
    return float(min(timing["started"] - timing["queued"] for timing in timings))
