"""The whole path on real parts: vLLM with the embedded model, the browser, the shop, pytest."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN_SECONDS = 500

# One worker runs all of these, so that one server serves them.
pytestmark = [pytest.mark.vllm, pytest.mark.xdist_group("vllm")]


def test_the_default_agents_run_on_the_embedded_model(vllm_server, tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-m", "cultural and smoke", "-k", "cn.gift.clock"),
            *("suites", "-o", f"comity_reports={tmp_path}", "-p", "no:cacheprovider"),
            *("--model-url", vllm_server.base_url),
        ],
        cwd=ROOT,
        timeout=RUN_SECONDS,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout
    summary = json.loads((tmp_path / "latest/summary.json").read_text("utf-8"))
    assert summary["cases"] == 6
    assert summary["status"]["infrastructure_error"] == summary["status"]["judge_error"] == 0
    lines = (tmp_path / "latest/outcomes.jsonl").read_text("utf-8").splitlines()
    outcomes = [json.loads(line) for line in lines]
    assert {outcome["status"] for outcome in outcomes if outcome["case"]["site"] is None} == {
        "judged"
    }
    for outcome in outcomes:
        content = json.loads((tmp_path / "latest" / outcome["transcript"]).read_text("utf-8"))
        assert content["transcript"]["calls"]
        assert outcome["case"]["model"] == vllm_server.model
