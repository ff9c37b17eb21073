"""A run that is told to stop finishes nothing more, clears up behind itself, keeps what is done."""

import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

VLLM = Path(__file__).parents[1] / "models" / "vllm_stand_in.py"
SILENT_SITE = """\
- id: tiny
  title: T
  command: ["{python}", "-c", "import time; time.sleep(600)"]
"""
# What would be waited for takes a minute; a busy machine makes all else slow.
PROMPT_SECONDS = 30
# What hangs is given two and a half seconds.
NOW_SECONDS = 5
# What hangs the event loop is given the lowest limit and fifteen seconds.
BLOCKED_SECONDS = 40
# Playwright's driver outlives us for as long as it waits for a browser that it is just closing: 30.
DRIVER_SECONDS = 40


def is_kept(finished, cases):
    """Assert that just these cases stand in the store and in its summary."""
    assert len(finished.outcomes) == cases
    assert finished.json("summary.json")["cases"] == cases


def is_told(finished):
    """Assert that the terminal says what was done, and nothing of ours failed."""
    assert "kept in reports/runs/" in finished.output
    assert "Traceback" not in finished.output
    assert "INTERNALERROR" not in finished.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_what_is_done_and_leaves_nothing(start, slow_at_blankets, until, number):
    run = start("--model-url", slow_at_blankets.url, agents=("chat_asker", "wanderer"))
    until(lambda: run.kept == 5)
    assert len(run.family()) > 2  # the site and the browser are there
    begun = time.monotonic()
    run.send(number)
    finished = run.finish()
    assert time.monotonic() - begun < PROMPT_SECONDS
    assert finished.code == 2
    assert f"KeyboardInterrupt: {number.name}" in finished.output
    is_kept(finished, 5)
    is_told(finished)
    assert not run.family()


def test_an_interrupt_while_a_site_starts(project, start, until):
    project.write("environments/sites.yaml", SILENT_SITE)
    run = start(agents=("buyer",))
    until(lambda: run.family("time.sleep(600)"))
    begun = time.monotonic()
    run.send(signal.SIGINT)
    finished = run.finish()
    assert time.monotonic() - begun < PROMPT_SECONDS
    assert finished.code == 2
    assert "Traceback" not in finished.output
    run.leaves_nothing()  # one that was forked just then dies on its leash, a moment later


def test_an_interrupt_while_the_model_server_starts(start, until, tmp_path):
    (tmp_path / "weights").mkdir()
    run = start(
        *("--model", str(tmp_path / "weights")),
        agents=("chat_asker",),
        COMITY_VLLM=shlex.join([sys.executable, str(VLLM), "--ready-after", "600"]),
        COMITY_CACHE_DIR=str(tmp_path / "cache"),
    )
    until(lambda: run.family("--ready-after"))
    begun = time.monotonic()
    run.send(signal.SIGINT)
    finished = run.finish()
    assert time.monotonic() - begun < PROMPT_SECONDS
    assert finished.code == 2
    assert "Traceback" not in finished.output
    run.leaves_nothing()  # one that was forked just then dies on its leash, a moment later


def test_a_second_interrupt_does_not_wait_for_a_site_that_hangs(start, slow_at_blankets, until):
    run = start("--model-url", slow_at_blankets.url, agents=("chat_asker", "wanderer"))
    until(lambda: run.kept == 5)
    run.freeze("tiny_shop.py")
    run.send(signal.SIGINT)
    run.until_closing()
    begun = time.monotonic()
    run.send(signal.SIGINT)
    finished = run.finish()
    assert time.monotonic() - begun < NOW_SECONDS
    assert finished.code == 2
    is_kept(finished, 5)
    run.leaves_nothing()


def test_a_second_interrupt_does_not_wait_for_a_browser_that_hangs(start, slow_at_blankets, until):
    run = start("--model-url", slow_at_blankets.url, agents=("chat_asker", "wanderer"))
    until(lambda: run.kept == 5)
    run.freeze("--headless")
    run.send(signal.SIGINT)
    run.until_closing()
    until(lambda: not run.family("tiny_shop.py"))  # the site is stopped before the browser
    begun = time.monotonic()
    run.send(signal.SIGINT)
    finished = run.finish()
    assert time.monotonic() - begun < NOW_SECONDS
    assert finished.code == 2
    is_kept(finished, 5)
    run.leaves_nothing(DRIVER_SECONDS)


def test_a_second_interrupt_while_a_start_is_cleared_up(project, start, until):
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); open('up', 'w').close(); "
    project.write(
        "environments/sites.yaml", SILENT_SITE.replace("import time", f"{stubborn}import time")
    )
    run = start(agents=("buyer",))
    until((project.root / "up").exists)
    run.send(signal.SIGINT)
    run.is_still_clearing_up()
    begun = time.monotonic()
    run.send(signal.SIGINT)
    finished = run.finish()
    assert time.monotonic() - begun < NOW_SECONDS
    assert finished.code == 2
    run.leaves_nothing()


def test_stopping_at_the_first_failure_cancels_the_rest(start, slow_at_blankets):
    begun = time.monotonic()
    run = start("-x", "--model-url", slow_at_blankets.url, agents=("chat_asker", "endless"))
    finished = run.finish()
    assert time.monotonic() - begun < PROMPT_SECONDS
    assert finished.code == 1
    assert "cn.gift.clock.newborn-adhere-agents.chat_asker-t1" not in finished.outcomes
    is_kept(finished, len(finished.outcomes))
    is_told(finished)
    assert not run.family()


def test_a_number_of_failures_stops_the_run_as_the_first_may(start, slow_at_blankets):
    run = start(
        "--maxfail", "2", "--model-url", slow_at_blankets.url, agents=("chat_asker", "erring")
    )
    finished = run.finish()
    assert finished.code == 1
    assert "stopping after 2 failures" in finished.output
    assert sorted(finished.tests.values())[:2] == ["failed", "failed"]


def test_an_agent_that_blocks_the_loop_is_told_and_does_not_hang_the_end(project, start, until):
    project.write(
        "blocking.py",
        "import time\n\n\n"
        "class Blocking:\n"
        '    declares = frozenset({"chat"})\n'
        "    uses_model = False\n\n"
        "    async def run(self, task, page, model):\n"
        '        open("blocked", "w").close()\n'
        "        time.sleep(600)\n\n\n"
        "blocking = Blocking()\n",
    )
    run = start("--agent", "blocking.py:blocking", agents=())
    until((project.root / "blocked").exists)
    run.send(signal.SIGINT)
    run.is_still_clearing_up()
    begun = time.monotonic()
    run.send(signal.SIGINT)
    finished = run.finish()
    assert time.monotonic() - begun < NOW_SECONDS
    assert finished.code == 2
    assert not run.family()


def test_an_agent_that_blocks_the_loop_does_not_outlast_the_limits(project):
    project.write(
        "blocking.py",
        "import asyncio, time\n\n\n"
        "class Blocking:\n"
        '    declares = frozenset({"chat"})\n'
        "    uses_model = False\n\n"
        "    async def run(self, task, page, model):\n"
        "        await asyncio.sleep(3)\n"
        "        time.sleep(600)\n\n\n"
        "blocking = Blocking()\n",
    )
    begun = time.monotonic()
    finished = project.run(
        *("--agent", "blocking.py:blocking", "--case-timeout", "4", "-k", "raises"),
        agents=("chat_raiser",),
    )
    assert time.monotonic() - begun < BLOCKED_SECONDS
    assert finished.code == 6
    assert sorted(finished.tests.values()) == ["error", "passed"]
    assert "blocking.py:10, most likely by an agent that waits without `await`" in finished.output
    is_kept(finished, 1)
    is_told(finished)


def test_a_disk_that_hangs_does_not_hang_the_end(project, start, until):
    project.write(
        "conftest.py",
        "import os, time\n\n\n"
        "def hangs(_):\n"
        '    open("hanging", "w").close()\n'
        "    time.sleep(600)\n\n\n"
        "os.fsync, sync = hangs, os.fsync\n"
        "from comity.run.store import Store\n\n"
        "write = Store.write\n\n\n"
        "def writes(*arguments):\n"
        "    os.fsync = sync\n"
        "    try:\n"
        "        return write(*arguments)\n"
        "    finally:\n"
        "        os.fsync = hangs\n\n\n"
        "Store.write = writes\n",
    )
    run = start(agents=("chat_plain",))
    until((project.root / "hanging").exists)
    run.send(signal.SIGINT)
    run.is_still_clearing_up()
    begun = time.monotonic()
    run.send(signal.SIGINT)
    finished = run.finish()
    assert time.monotonic() - begun < NOW_SECONDS
    assert finished.code == 2
