"""The benchmarks measure what they say, at a size that takes seconds; no figure is held to any."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str) -> str:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}.py", *arguments],
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows(output: str) -> dict[str, list[str]]:
    tables = re.findall(r"(?:^\|.*\n?)+", output, re.MULTILINE)
    lines = [line.strip("| ").split(" | ") for table in tables for line in table.splitlines()[2:]]
    return {name: cells for name, *cells in lines}


def test_overhead_puts_comity_beside_the_bare_loop(tmp_path):
    page = tmp_path / "benchmarks.md"
    few = ("--cases", "3", "--latency", "0", "--rounds", "1")
    found = rows(run("overhead", *few, "--only", "bare", "Comity, Allure", "--into", str(page)))
    assert set(found) == {"bare asyncio loop", "**Comity, Allure**"}
    assert float(found["bare asyncio loop"][2]) == 1.0 < float(found["**Comity, Allure**"][2])
    assert rows(page.read_text("utf-8")) == found


def test_a_contestant_that_cannot_be_run_is_told_of_and_stops_no_other(tmp_path, monkeypatch):
    (tmp_path / "full").touch()
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "full"))
    few = ("--cases", "2", "--latency", "0", "--rounds", "1", "--only", "bare", "pydantic-evals")
    output = run("overhead", *few)
    assert set(rows(output)) == {"bare asyncio loop"}
    assert "pydantic-evals cannot be run here: The cache directory" in output


def test_saturation_sends_the_runs_own_requests_again(model_server):
    arguments = ("--model-url", model_server.url, "--model", "stub", "--trials", "1")
    found = rows(run("saturation", *arguments, "--rounds", "1"))
    [comity, bare] = found.values()
    calls = int(comity[0])
    assert (comity[0], comity[1]) == (bare[0], bare[1]) == (str(calls), str(3 * calls))
    asked = [json.dumps(body, sort_keys=True) for body in model_server.requests]
    assert len(asked) == 3 * calls
    assert sorted(asked[:calls]) == sorted(asked[calls : 2 * calls]) == sorted(asked[2 * calls :])


def test_the_sandbox_is_measured_on_a_journey_that_fills_the_basket():
    found = rows(run("sandbox", "--rounds", "1"))
    assert {"**observe plus act**", "end state", "whole journey"} <= set(found)
    assert {"forum, home", "forum, topic"} <= set(found)


def test_robustness_counts_the_calls_that_the_model_answered():
    few = ("--cultures", "cn", "jp", "--profile", "smoke", "--latency", "0.05", "--rounds", "1")
    output = run("robustness", *few)
    same, flawed, again = rows(output).values()
    # Two scenarios of six examples each, and two trials of either as it stands.
    assert same[:3] == ["16", "16", "0"]
    assert flawed[:2] == ["16", "16"]
    assert again[:2] == ["16", "0"]
    assert float(same[5]) > 1.0
    assert re.search(r"To draw the 12 examples takes [0-9.]+ s of a core", output)


def test_a_section_takes_the_place_of_its_older_self_and_of_no_other(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from figures import publish

    page = tmp_path / "benchmarks.md"
    for heading, text in (("One", "first"), ("Two", r"second \1"), ("One", "third")):
        publish(heading, text, page)
    sections = re.findall(r"^## (\w+)\n\n(.*)$", page.read_text("utf-8"), re.MULTILINE)
    assert sections == [("One", "third"), ("Two", r"second \1")]
