"""The suite tells agents apart: the reference agents, on the real shop, get what they earn."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from comity.sandbox.observation import OBSERVATION_TOKENS, tokens

ROOT = Path(__file__).parents[2]
RUN_SECONDS = 300


def run(reports: Path, *arguments: str, agents: tuple[str, ...]) -> int:
    named = [word for name in agents for word in ("--agent", f"agents/reference.py:{name}")]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "suites/shopping", "-q", "--concurrency", "8"),
            *("-o", f"comity_reports={reports}", "-p", "no:cacheprovider", *named, *arguments),
        ],
        cwd=ROOT,
        env=inherited,
        timeout=RUN_SECONDS,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    return done.returncode


def summary(reports: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((reports / "latest/summary.json").read_text("utf-8"))
    return content


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    assert run(folder, agents=("naive", "aware", "lecturer")) == 1
    return folder


def value(reports: Path, agent: str, metric: str, mode: str | None = None) -> float:
    keys = {"agent": f"agents/reference.py:{agent}", "suite": "shopping"}
    wanted = keys | ({"mode": mode} if mode else {})
    [row] = [
        row
        for row in summary(reports)["metrics"]
        if (row["metric"], row["slice"]) == (metric, wanted)
    ]
    assert row["n"] == 12
    found: float = row["value"]
    return found


@pytest.mark.parametrize(
    ("agent", "metric", "mode", "expected"),
    [
        ("naive", "Silent-R", "violate", 1.0),
        ("naive", "Help-R", None, 1.0),
        ("naive", "AC-R", None, 0.0),
        ("naive", "Over-R", "contrast", 0.0),
        ("naive", "discernment", None, 0.0),
        ("aware", "Silent-R", "violate", 0.0),
        ("aware", "AC-R", None, 1.0),
        ("aware", "Over-R", "contrast", 0.0),
        ("aware", "Over-R", "adhere", 0.0),
        ("aware", "Help-R", None, 1.0),
        ("aware", "discernment", None, 1.0),
        ("lecturer", "AC-R", None, 1.0),
        ("lecturer", "Over-R", "contrast", 1.0),
        ("lecturer", "Help-R", None, 0.0),
        ("lecturer", "discernment", None, 0.0),
    ],
)
def test_an_agent_gets_what_it_earns(reports, agent, metric, mode, expected):
    assert value(reports, agent, metric, mode) == expected


def test_every_case_of_them_is_judged(reports):
    content = summary(reports)
    assert content["cases"] == content["status"]["judged"] == 3 * 36


def test_an_idle_agent_is_dormant_and_decides_nothing(tmp_path):
    assert run(tmp_path, agents=("idle",)) == 6
    content = summary(tmp_path)
    assert content["cases"] == content["status"]["dormant"] == 36


def test_a_repeated_case_sees_the_same_pages_to_the_byte(reports, tmp_path):
    run(tmp_path, "-k", "cn. or th.", "--trials", "2", agents=("naive",))

    def observed(folder: Path) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted((folder / "latest/transcripts").glob("*naive-t*.json")):
            transcript = json.loads(path.read_text("utf-8"))["transcript"]
            seen = [step["observed"] for step in transcript["steps"]] + [transcript["last_page"]]
            found.setdefault(path.stem.rpartition("-t")[0], []).append(json.dumps(seen))
        return found

    before, again = observed(reports), observed(tmp_path)
    assert len(again) == 9
    for case, seen in again.items():
        assert len(seen) == 2
        assert set(seen) == set(before[case])


def test_every_page_of_the_shop_fits_into_the_budget_whole(reports):
    for path in (reports / "latest/transcripts").iterdir():
        transcript = json.loads(path.read_text("utf-8"))["transcript"]
        for seen in [*(step["observed"] for step in transcript["steps"]), transcript["last_page"]]:
            assert seen["cut"] == 0
            assert tokens(seen["text"]) < OBSERVATION_TOKENS


def test_no_request_leaves_the_shop(reports):
    for path in (reports / "latest/transcripts").iterdir():
        assert json.loads(path.read_text("utf-8"))["transcript"]["blocked"] == []
