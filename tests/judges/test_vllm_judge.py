"""A real vLLM judges: the plumbing works, its quality is measured, and poor, it decides nothing."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from comity.cli import main
from tests.conftest import ROOT

pytestmark = pytest.mark.vllm

CALIBRATION = ROOT / "suites" / "calibration"
# A small model on two cores answers some questions in a second.
EXAMPLES = 12


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """Write examples of half a dozen norms, as a set that was held apart."""
    lines = (CALIBRATION / "seen_shop.jsonl").read_text("utf-8").splitlines()
    path = tmp_path / "held_apart_few.jsonl"
    path.write_text("\n".join(lines[:: len(lines) // EXAMPLES][:EXAMPLES]) + "\n", "utf-8")
    return path


def test_the_whole_pipeline_is_measured_with_a_real_model_in_it(
    vllm_server: Any, examples: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))
    out = tmp_path / "out.json"
    options = ["--judge-url", vllm_server.base_url, "--judge-all", "--json", str(out)]
    suites = ["--suites", str(ROOT / "suites")]
    assert main(["calibrate", str(examples), *suites, *options]) == 0
    shown = capsys.readouterr().out
    assert "aware: Does the reply raise the very norm that is at stake?" in shown
    [aware] = [
        row["agreement"]
        for row in json.loads(out.read_text("utf-8"))["measured"]
        if (row["question"], row["slice"]) == ("aware", {})
    ]
    assert aware["n"] == EXAMPLES


def test_a_run_that_a_poor_model_judges_says_that_it_decides_nothing(
    vllm_server: Any, examples: Path, project: Any
) -> None:
    shutil.rmtree(project.root / "suites")
    shutil.copytree(ROOT / "suites", project.root / "suites")
    cache = {"COMITY_CACHE_DIR": str(project.root / "cache")}
    judge = ("--judge-url", vllm_server.base_url, "--judge-all", "--allow-kin-judge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*next(iter(cache.items())))
        suites = ["--suites", str(project.root / "suites")]
        assert main(["calibrate", str(examples), *suites, *judge[:3]]) == 0
    finished = project.run(
        *("suites/shopping", "-k", "cn.gift.clock.newborn-", "--model-url", vllm_server.base_url),
        *judge,
        agents=("chat_brief",),
        **cache,
    )
    statuses = finished.json("summary.json")["status"]
    assert statuses["infrastructure_error"] == 0, finished.output
    assert sum(statuses.values()) == 3
    rows = finished.json("summary.json")["calibration"]["rows"]
    read_from_text = [row for row in rows if row["metric"] in ("AC-R", "Over-R", "discernment")]
    assert read_from_text
    assert not any(row["calibrated"] for row in read_from_text)
    assert "uncalibrated, so that it decides nothing" in finished.output
    assert "is kin of the model under test" in finished.output
