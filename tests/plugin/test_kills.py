"""A run that is killed again and again, at any moment of its life, is finished all the same."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter

import pytest

from comity.run.store import read, read_facts

pytestmark = pytest.mark.long

KILLS = 20
SEED = 8
TRIALS = 60
CASES = 3 * TRIALS
# Of a life with little to do: so a kill may come at its very end, or among the cases that it runs.
REACH = 1.3
AGENT = """\
import asyncio
import os

from comity import Reply


class Slow:
    declares = frozenset({"chat"})
    uses_model = False

    async def run(self, task, page, model):
        with open(os.environ["NOTES"], "a") as file:
            file.write(task.request + "\\n")
        await asyncio.sleep(0.1)
        return Reply(text="Here you are.")


agent = Slow()
"""


def test_twenty_kills_at_random_moments_and_no_outcome_is_lost_or_doubled(project, start):
    project.write("slow.py", AGENT)
    notes, reports = project.root / "notes", project.root / "reports"
    journal = reports / "latest" / "outcomes.jsonl"
    options = ("--agent", "slow.py:agent", "--concurrency", "4", "--trials")

    def asked():
        """Return how many cases the agent was given since this was last asked."""
        found = notes.read_text().splitlines() if notes.exists() else []
        notes.write_text("")
        return len(found)

    begun = time.monotonic()
    project.run_from_scratch(*options, "1", "-o", "comity_reports=once", NOTES=str(notes))
    life = time.monotonic() - begun
    assert asked() == 3

    moments, kills, whole = random.Random(SEED), 0, b""
    while kills < KILLS:
        resume = ("--resume",) if journal.exists() else ()
        run = start(*options, str(TRIALS), *resume, agents=(), NOTES=str(notes))
        begun = time.monotonic()
        try:
            run.process.wait(moments.uniform(0, life * REACH))
            life = time.monotonic() - begun
        except subprocess.TimeoutExpired:
            run.send(signal.SIGKILL)
            kills += 1
        assert run.process.wait() in (-signal.SIGKILL, 1), run.output
        assert asked() <= CASES - whole.count(b"\n")
        content = journal.read_bytes() if journal.exists() else b""
        assert content.startswith(whole)
        whole = content[: content.rfind(b"\n") + 1]
        if whole:
            # Whatever the moment was, the run can be read, its evidence with it.
            assert len(list(read(journal.parent))) == whole.count(b"\n")

    finished = project.run(*options, str(TRIALS), "--resume", NOTES=str(notes))
    assert finished.code == 1, finished.output
    assert asked() == CASES - whole.count(b"\n")
    ids = [json.loads(line)["case_id"] for line in journal.read_text().splitlines()]
    assert len(ids) == len(set(ids)) == CASES
    assert set(ids) == set(read_facts(finished.run).selected)
    assert Counter(finished.tests.values()) == {"failed": TRIALS, "passed": CASES}
    assert finished.json("summary.json")["status"]["judged"] == CASES
    assert len(finished.json("run.json")["resumed"]) <= KILLS + 1
    assert not [name for name in os.listdir(finished.run) if name.startswith(".")]
    # A run that was killed before it was the latest had not begun.
    journals = (reports / "runs").glob("*/outcomes.jsonl")
    assert [path.parent for path in journals if path.stat().st_size] == [finished.run]
