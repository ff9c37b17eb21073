"""The whole path on real parts: vLLM with the embedded model, the browser, the sites, pytest."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import own_cache

ROOT = Path(__file__).parents[1]
RUN_SECONDS = 500
# What a page of the shop pushes, and what is asked of the forum and in chat.
WANTED = "(cn.gift.clock and observe) or (sami.talk and violate)"

pytestmark = [pytest.mark.vllm, pytest.mark.long]


class Run:
    """What one run of the default agents over two norms left behind."""

    def __init__(self, url: str, reports: Path, cache: Path) -> None:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-m", "cultural and smoke"),
                *("-k", WANTED, "suites", "-p", "no:cacheprovider"),
                *("-o", f"comity_reports={reports}", "--model-url", url),
            ],
            cwd=ROOT,
            env={**os.environ, "COMITY_CACHE_DIR": str(cache)},
            timeout=RUN_SECONDS,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode in (0, 1), done.stdout
        folder = (reports / "latest").resolve()
        self.summary = json.loads((folder / "summary.json").read_text("utf-8"))
        lines = map(json.loads, (folder / "outcomes.jsonl").read_text("utf-8").splitlines())
        self.outcomes: dict[str, dict[str, Any]] = {line["case_id"]: line for line in lines}
        self.calls = {
            case_id: json.loads((folder / line["transcript"]).read_text("utf-8"))["transcript"][
                "calls"
            ]
            for case_id, line in self.outcomes.items()
        }


@pytest.fixture(scope="module")
def runs(vllm_server: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The same run twice; the first finds an empty call cache."""
    folder = tmp_path_factory.mktemp("runs")
    cache = own_cache(folder)
    first = Run(vllm_server.base_url, folder / "first", cache)
    return first, Run(vllm_server.base_url, folder / "second", cache)


def test_the_default_agents_run_on_the_embedded_model(runs, vllm_server):
    first, _ = runs
    sites = [outcome["case"]["site"] for outcome in first.outcomes.values()]
    assert sorted(sites, key=str) == [None, "forum", "shop"]
    status = first.summary["status"]
    assert status["infrastructure_error"] == status["judge_error"] == 0
    chat = [outcome for outcome in first.outcomes.values() if outcome["case"]["site"] is None]
    assert {outcome["status"] for outcome in chat} == {"judged"}
    assert {outcome["case"]["model"] for outcome in first.outcomes.values()} == {vllm_server.model}
    assert all(first.calls.values())
    assert not any(call["cached"] for calls in first.calls.values() for call in calls)


def test_a_repeated_run_makes_no_model_call_on_the_web_neither(runs):
    first, second = runs
    assert all(call["cached"] for calls in second.calls.values() for call in calls)
    assert {case: len(calls) for case, calls in second.calls.items()} == {
        case: len(calls) for case, calls in first.calls.items()
    }
    assert {case: outcome["reply"] for case, outcome in second.outcomes.items()} == {
        case: outcome["reply"] for case, outcome in first.outcomes.items()
    }
