"""A vLLM that is killed in the middle of a run ends the run at once, and is named as the cause."""

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Finished, own_cache

pytestmark = [pytest.mark.vllm, pytest.mark.long]

TRIALS = 200
START_SECONDS = 300.0
# Noticed within a second, and then only clean-up.
END_SECONDS = 30.0


def processes(mark: str) -> dict[int, str]:
    """Return the command lines of the processes whose environment holds `mark`, by id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode()
        except OSError:
            continue
    return found


def vllm(mark: str) -> int:
    """Return the server's process; its supervisor names it in its arguments, and began before."""
    found = processes(mark)
    return max(
        pid for pid, command in found.items() if "api_server" in command and "leash" not in command
    )


def wait_for(there: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_killed_vllm_ends_the_run_and_keeps_what_was_done(project, tmp_path_factory):
    cache = own_cache(tmp_path_factory.mktemp("own"))
    kept = project.root / "reports" / "latest" / "outcomes.jsonl"
    with subprocess.Popen(
        project.command(f"--trials={TRIALS}", "-k", "adhere", "-q", agents=("chat_brief",)),
        cwd=project.root,
        env=project.environment(COMITY_CACHE_DIR=str(cache)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            wait_for(lambda: kept.is_file() and kept.stat().st_size > 0, START_SECONDS)
            os.kill(vllm(str(cache)), signal.SIGKILL)
            killed = time.monotonic()
            output, _ = running.communicate(timeout=END_SECONDS)
        finally:
            running.terminate()
    finished = Finished(running.returncode, output, project.root)

    statuses = Counter(outcome["status"] for outcome in finished.outcomes.values())
    assert set(statuses) == {"judged", "infrastructure_error"}
    assert statuses.total() == TRIALS
    assert "was ended by SIGKILL" in output
    assert finished.code in (1, 6)
    assert time.monotonic() - killed < END_SECONDS
    wait_for(lambda: not processes(str(cache)), 5)
