"""An agent's own time stands still while it waits for the model or the site."""

import asyncio
import time

import pytest

from comity.errors import AgentError
from comity.run.clock import OwnTime


def run(limit, work):
    own_time = OwnTime(limit)

    async def main():
        return await own_time.within(work(own_time))

    return asyncio.run(main()), own_time


def test_waiting_is_not_the_agents_own_time():
    async def work(own_time):
        with own_time.waiting("model")():
            await asyncio.sleep(0.4)
        return "done"

    result, own_time = run(0.2, work)
    assert result == "done"
    assert own_time.waited["model"] == pytest.approx(0.4, abs=0.2)
    assert own_time.spent() < 0.2


def test_waits_that_overlap_count_once_for_the_agent():
    async def work(own_time):
        async def wait():
            with own_time.waiting("model")():
                await asyncio.sleep(0.4)

        await asyncio.gather(*(wait() for _ in range(8)))
        return "done"

    result, own_time = run(0.2, work)
    assert result == "done"
    assert own_time.waited["model"] > 3


def test_an_agent_that_uses_up_its_own_time_is_ended():
    ended = []

    async def work(_own_time):
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    with pytest.raises(AgentError, match=r"used up its own time of 0\.2 s"):
        run(0.2, work)
    assert ended


def test_an_agent_that_will_not_be_ended_is_left_behind(monkeypatch):
    monkeypatch.setattr("comity.run.clock.CANCEL_SECONDS", 0.2)

    async def work(_own_time):
        while time.monotonic() < begun + 2:
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                continue

    begun = time.monotonic()
    with pytest.raises(AgentError):
        run(0.2, work)
    assert time.monotonic() - begun < 10


def test_what_the_agent_raises_passes_through():
    async def work(_own_time):
        raise KeyError("x")

    with pytest.raises(KeyError):
        run(1, work)
