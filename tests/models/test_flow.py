"""Calls under way: fewer when the server is busy, more again when it answers."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from comity.models.flow import Flow


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10))


async def many(flow: Flow, calls: int) -> int:
    """Make `calls` calls at once; return how many were under way together at most."""
    under_way = most = 0

    async def call() -> None:
        nonlocal under_way, most
        async with flow.place():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            flow.went_well()

    await asyncio.gather(*(call() for _ in range(calls)))
    return most


def test_no_more_calls_are_under_way_than_there_are_places():
    async def work() -> None:
        assert await many(Flow(most=7), 50) == 7

    run(work())


def test_a_busy_server_halves_the_places_once_for_all_calls_that_were_under_way():
    async def work() -> None:
        flow = Flow()
        async with flow.place() as first, flow.place() as second, flow.place(), flow.place():
            flow.busy(first)
            flow.busy(second)
            assert flow.limit == 2
        async with flow.place() as later:
            flow.busy(later)
        assert (flow.limit, flow.lowest) == (1, 1)

    run(work())


def test_good_answers_bring_the_places_back():
    async def work() -> None:
        flow = Flow(most=4)
        async with flow.place() as since:
            flow.busy(since)
        assert await many(flow, 3) < 4
        await many(flow, 40)
        assert flow.limit == 4
        assert await many(flow, 20) == 4

    run(work())


def test_a_call_that_is_cancelled_while_it_waits_leaves_its_turn_to_the_next():
    async def work() -> None:
        flow = Flow(most=1)
        had: list[str] = []

        async def call(name: str) -> None:
            async with flow.place():
                had.append(name)

        async with flow.place():
            waiting = [asyncio.create_task(call(name)) for name in "abc"]
            await asyncio.sleep(0)
            waiting[1].cancel()
        waiting[0].cancel()  # as its turn has just come
        await asyncio.wait(waiting)
        assert had == ["c"]
        assert await many(flow, 3) == 1

    run(work())
