"""An agent that hangs on the order of products is charged with it, on the real shop."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
FIRST_LISTED = "tests/stand_ins/flawed.py:first_listed"
BY_NAME = "agents/reference.py:aware"
# Those whose scenario in the shop is varied as it is asked. Seven that all flip do so by chance in
# 2^-7; of fewer than five nothing could be charged, even with one relation alone.
CULTURES = ("hindu", "jewish", "jp", "kr", "muslim", "ru", "th")
# Half a minute on two quiet cores.
RUN_SECONDS = 600

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Return what came of the order of pages, by agent."""
    reports = tmp_path_factory.mktemp("reports")
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "suites/robustness", "-q", "-k", "page-order"),
            *("--agent", FIRST_LISTED, "--agent", BY_NAME),
            *("--robustness", "standard", "--cultures", ",".join(CULTURES)),
            *("-o", f"comity_reports={reports}", "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
        timeout=RUN_SECONDS,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    found = json.loads((reports / "latest" / "robustness.json").read_text("utf-8"))["relations"]
    return {row["agent"]["reference"]: row for row in found}


@pytest.mark.parametrize("agent", [FIRST_LISTED, BY_NAME])
def test_each_scenario_is_compared(rows, agent):
    assert rows[agent]["relation"] == "page-order"
    assert set(rows[agent]["cultures"]) == set(CULTURES)
    assert (rows[agent]["undecided"], rows[agent]["troubles"]) == (0, [])


def test_who_hangs_on_the_order_of_products_is_charged_with_it(rows):
    found = rows[FIRST_LISTED]
    assert found["charge"]["p"] <= 0.05
    assert found["charge"]["noise"] == 0
    assert found["smallest"]["relations"] == ["page-order"]
    assert found["smallest"]["before"] == found["smallest"]["after"]
    assert "presentation:\n    order: " in found["smallest"]["yaml"]
    assert found["smallest"]["confirmed"] == 3


def test_who_finds_products_by_name_is_not(rows):
    assert rows[BY_NAME]["charge"]["worst"] == 0
    assert rows[BY_NAME]["smallest"] is None
