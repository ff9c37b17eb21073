"""The floor: the stub calls under a bare asyncio loop, with nothing around them."""

import asyncio

from stub import asked, call, report, stopwatch


async def main() -> None:
    """Make the calls, as many at once as was asked for."""
    places = asyncio.Semaphore(asked().concurrency)

    async def in_turn() -> str:
        async with places:
            return await call()

    with stopwatch():
        answers = await asyncio.gather(*(in_turn() for _ in range(asked().cases)))
    report(len(answers))


asyncio.run(main())
