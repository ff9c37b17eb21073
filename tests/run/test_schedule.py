"""The schedule: cases in order and within bounds, ended early with a reason, cancelled for good."""

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest

from comity.errors import InfrastructureError
from comity.run import loop as looping
from comity.run import schedule as scheduling
from comity.run.loop import Loop
from comity.run.schedule import Schedule


class Case:
    def __init__(self, name):
        self.id = name

    def __repr__(self):
        return self.id


class Work:
    """Cases that wait until they are let go, and say what became of them."""

    def __init__(self):
        self.let_go = asyncio.Event()
        self.begun = []
        self.cleared = []
        self.refused = []

    async def live(self, case, _queued):
        self.begun.append(case.id)
        try:
            await self.let_go.wait()
            return f"lived {case}"
        finally:
            self.cleared.append(case.id)

    async def refuse(self, case, reason, queued):
        assert queued >= 0
        self.refused.append(case.id)
        return f"refused {case}: {reason}"


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.close()


def start(loop, work, concurrency=2, cases="abcd"):
    schedule = Schedule(loop, work.live, work.refuse, concurrency)
    schedule.start([Case(name) for name in cases])
    return schedule


def until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_cases_start_in_order_and_within_the_concurrency(loop):
    work = Work()
    schedule = start(loop, work)
    until(lambda: len(work.begun) == 2)
    assert (schedule.progress().running, schedule.progress().done) == (2, 0)
    assert schedule.outcome("a", 0) is None
    loop.call(work.let_go.set)
    assert [schedule.outcome(name) for name in "abcd"] == [f"lived {name}" for name in "abcd"]
    assert work.begun == ["a", "b", "c", "d"]
    with pytest.raises(InfrastructureError, match="the case z was not started"):
        schedule.outcome("z")


class EndsJustNow(Future):
    """Ends between the moment at which it is given up and the next."""

    def result(self, timeout=None):
        if not self.done():
            self.set_result("lived a")
            raise TimeoutError
        return super().result(timeout)


def test_a_case_that_ends_just_as_it_is_looked_at_has_ended(loop):
    schedule = start(loop, Work(), cases="")
    schedule._futures["a"] = EndsJustNow()
    assert schedule.outcome("a", 0.0) == "lived a"


def test_cases_that_are_added_while_others_are_counted_do_no_harm(loop):
    schedule = start(loop, Work(), cases="")

    class Meanwhile(Future):
        def done(self):
            schedule._futures[f"added {len(schedule._futures)}"] = Future()
            return True

        def exception(self, timeout=None):
            return None

        def result(self, timeout=None):
            return "lived"

    schedule._futures["c"] = Meanwhile()
    schedule._futures["d"] = Meanwhile()
    assert schedule.progress().done == 2
    assert schedule.finished() == ["lived", "lived"]


def test_a_schedule_that_is_ended_has_an_outcome_for_each_case_and_the_reason(loop):
    work = Work()
    schedule = start(loop, work)
    until(lambda: len(work.begun) == 2)
    schedule.end("the budget is spent")
    schedule.end("another reason, too late")
    outcomes = [schedule.outcome(name) for name in "abcd"]
    assert outcomes == [f"refused {name}: the budget is spent" for name in "abcd"]
    assert work.begun == sorted(work.cleared) == ["a", "b"]
    assert schedule.finished() == outcomes
    assert schedule.progress().done == 4


def test_what_was_done_before_the_end_stays_done(loop):
    work = Work()
    schedule = start(loop, work, concurrency=1)
    loop.call(work.let_go.set)
    assert schedule.outcome("d") == "lived d"
    schedule.end("too late to matter")
    assert [schedule.outcome(name) for name in "abcd"] == [f"lived {name}" for name in "abcd"]
    assert work.refused == []


def test_a_schedule_that_was_ended_before_it_began_runs_nothing(loop):
    work = Work()
    schedule = Schedule(loop, work.live, work.refuse, 2)
    schedule.end("nothing is left")
    schedule.start([Case("a")])
    assert schedule.outcome("a") == "refused a: nothing is left"
    assert work.begun == []


def test_an_end_from_within_a_case_ends_that_case_too(loop):
    work = Work()

    async def live(case, queued):
        if case.id == "b":
            schedule.end("spent by b")
        return await work.live(case, queued)

    schedule = Schedule(loop, live, work.refuse, 2)
    schedule.start([Case(name) for name in "abc"])
    assert [schedule.outcome(name) for name in "abc"] == [
        f"refused {name}: spent by b" for name in "abc"
    ]


def test_a_cancelled_case_has_no_outcome_and_clears_up(loop):
    work = Work()
    schedule = start(loop, work)
    until(lambda: len(work.begun) == 2)
    schedule.cancel()
    assert schedule.cleared() == []
    assert sorted(work.cleared) == ["a", "b"]
    assert schedule.finished() == []
    assert work.refused == []
    with pytest.raises(InfrastructureError, match="was cancelled before it ended"):
        schedule.outcome("a")


def test_a_case_that_is_told_twice_still_clears_up(loop):
    work, cleared = Work(), []

    async def live(case, queued):
        try:
            return await work.live(case, queued)
        finally:
            await asyncio.sleep(0.2)
            cleared.append(case.id)

    schedule = Schedule(loop, live, work.refuse, 2)
    schedule.start([Case(name) for name in "abc"])
    until(lambda: len(work.begun) == 2)
    schedule.end("the budget is spent")
    until(lambda: len(work.cleared) == 2)
    schedule.cancel()
    schedule.cancel()
    assert schedule.cleared() == []
    assert sorted(cleared) == ["a", "b"]


def test_a_schedule_may_be_cancelled_as_soon_as_it_is_started(loop):
    work = Work()
    schedule = start(loop, work)
    schedule.cancel()
    assert schedule.cleared() == []
    assert schedule.finished() == []


def test_a_case_that_is_about_to_be_kept_is_kept_whoever_cancels(loop):
    work = Work()

    async def live(case, queued):
        try:
            return await work.live(case, queued)
        except asyncio.CancelledError:
            return f"kept {case}"

    schedule = Schedule(loop, live, work.refuse, 2)
    schedule.start([Case("a")])
    until(lambda: work.begun)
    schedule.cancel()
    assert schedule.cleared() == []
    assert schedule.finished() == ["kept a"]


def test_a_case_that_does_not_clear_up_is_named_and_not_waited_for(loop, monkeypatch):
    monkeypatch.setattr(scheduling, "CANCEL_SECONDS", 0.2)
    stuck = asyncio.Event()

    async def live(case, _queued):
        while not stuck.is_set():
            try:
                await stuck.wait()
            except asyncio.CancelledError:
                continue
        return "at last"

    schedule = Schedule(loop, live, Work().refuse, 2)
    schedule.start([Case("a")])
    until(lambda: schedule.progress().running)
    schedule.cancel()
    begun = time.monotonic()
    assert schedule.cleared() == ["a"]
    assert time.monotonic() - begun < 2
    loop.call(stuck.set)


def test_an_agent_that_blocks_the_loop_holds_up_nobody_who_leaves(monkeypatch):
    monkeypatch.setattr(scheduling, "CANCEL_SECONDS", 0.2)
    loop = Loop()
    released = threading.Event()

    async def live(_case, _queued):
        released.wait()  # this is what must not be done

    schedule = Schedule(loop, live, Work().refuse, 2)
    schedule.start([Case("a")])
    until(lambda: schedule.progress().running)
    begun = time.monotonic()
    schedule.cancel()
    assert schedule.cleared() == ["a"]
    loop.close()
    assert time.monotonic() - begun < 2.5
    released.set()


def held(live):
    """Return a loop that a case blocks, its schedule, and what releases it."""
    loop, released = Loop(), threading.Event()

    async def blocks(case, _queued):
        if case.id == "quick":
            return "lived quick"
        return live(released)

    schedule = Schedule(loop, blocks, Work().refuse, 2, patience=0.3)
    schedule.start([Case("quick")])
    assert schedule.outcome("quick") == "lived quick"
    schedule.add([Case("a"), Case("b")])
    until(lambda: schedule.progress().running)
    return loop, schedule, released


def test_nobody_waits_for_a_loop_that_an_agent_has_blocked_for_long():
    loop, schedule, released = held(lambda released: released.wait(60))
    begun = time.monotonic()
    for case_id in "aab":
        with pytest.raises(InfrastructureError, match="without `await`; under way: a$") as caught:
            schedule.outcome(case_id)
    assert f"blocked at {__file__}:" in str(caught.value)
    assert schedule.outcome("quick") == "lived quick"
    assert schedule.finished() == ["lived quick"]
    schedule.cancel()
    with pytest.raises(InfrastructureError, match="blocked"):
        schedule.cleared()
    with pytest.raises(TimeoutError):
        loop.run(asyncio.sleep(0), 60)
    assert time.monotonic() - begun < 10
    released.set()
    until(lambda: schedule.progress().done == 3)
    loop.close()


def test_a_loop_that_answers_now_and_then_is_slow_and_not_blocked(loop):
    async def live(_case, _queued):
        for _ in range(30):
            time.sleep(0.1)  # noqa: ASYNC251
            await asyncio.sleep(0)
        return "lived"

    schedule = Schedule(loop, live, Work().refuse, 1, patience=2.0)
    schedule.start([Case("a")])
    assert schedule.outcome("a") == "lived"


def test_time_that_we_slept_through_does_not_count_against_the_loop(monkeypatch):
    monkeypatch.setattr(looping, "LOOK_SECONDS", 0.05)
    loop, schedule, released = held(lambda released: released.wait(60))
    assert schedule.outcome("a", 0.01) is None
    time.sleep(0.5)
    assert schedule.outcome("a", 0.01) is None
    released.set()
    assert schedule.outcome("b")
    loop.close()


def test_a_loop_that_somebody_debugs_is_not_blocked():
    def debugs(released):
        exec("released.wait(60)", {"__name__": "bdb", "released": released})
        return "lived"

    loop, schedule, released = held(debugs)
    assert schedule.outcome("a", 1.0) is None
    released.set()
    assert schedule.outcome("a") == "lived"
    loop.close()


def test_work_that_does_not_end_within_its_limit_is_cancelled(loop):
    cancelled = []

    async def work():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    with pytest.raises(TimeoutError):
        loop.run(work(), 0.1)
    until(lambda: cancelled)


def test_a_call_on_a_thread_that_hangs_does_not_keep_the_interpreter(project):
    project.write(
        "hangs.py",
        "import asyncio, time\n"
        "from comity.run.loop import Loop\n"
        "loop = Loop()\n"
        "loop.submit(asyncio.to_thread(time.sleep, 60))\n"
        "assert loop.run(asyncio.to_thread(lambda: 1 + 1)) == 2\n",
    )
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "hangs.py"], cwd=project.root, env=project.environment(), check=True
    )
    assert time.monotonic() - begun < 20


def test_a_case_whose_outcome_is_being_kept_holds_no_place(loop):
    work, kept = Work(), asyncio.Event()

    async def keep(outcome):
        await kept.wait()
        return f"kept {outcome}"

    work.let_go.set()
    schedule = Schedule(loop, work.live, work.refuse, 1, keep=keep)
    schedule.start([Case("a"), Case("b")])
    until(lambda: work.begun == ["a", "b"])
    assert schedule.outcome("a", 0.0) is None
    loop.call(kept.set)
    assert schedule.outcome("a") == "kept lived a"
