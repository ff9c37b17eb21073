"""What every contestant calls, and how it says when it began and ended.

Standard library alone: it is imported in the environments of the peers.
"""

import asyncio
import functools
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

REQUEST = "My friend in Chengdu has a baby. Please put a wall clock in my basket."
ANSWER = "A clock is an unlucky gift there. May I offer a blanket?"


class Asked(NamedTuple):
    """How much is to be done."""

    cases: int
    latency: float
    """Seconds that a call takes."""
    concurrency: int


@functools.cache
def asked() -> Asked:
    """Return what the benchmark asks for, out of the environment."""
    cases, latency, concurrency = os.environ["BENCHMARK_ASKED"].split()
    return Asked(int(cases), float(latency), int(concurrency))


async def call() -> str:
    """Answer as a model server would, after the latency."""
    await asyncio.sleep(asked().latency)
    return ANSWER


_times: dict[str, float] = {}


@contextmanager
def stopwatch() -> Iterator[None]:
    """Time what is measured: from the first case's start until all is judged and reported."""
    _times["begun"] = time.time()
    yield
    _times["ended"] = time.time()


def report(done: int) -> None:
    """Say how many cases were done, and when."""
    Path(os.environ["BENCHMARK_REPORT"]).write_text(json.dumps({"done": done, **_times}), "utf-8")
