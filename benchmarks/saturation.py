"""Whether Comity keeps a model server busy: the suite's chat cases against a real vLLM.

Comity's run is the real one, `pytest` over the smoke tier with `agents/chat.py:chat`. The bare
client then sends the very bodies that stand in the run's transcripts, in the order in which the
calls began, by the same library, as many at once, and does nothing with the answers but count their
tokens. Both take turns at one server; a run of Comity's goes ahead, uncounted, so that both find
the prefix cache equally warm. Seconds run from the start of the first call to the end of the last,
so that the start-up of pytest is apart; tokens are those that the server says it has generated.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import openai
from figures import in_turns, median, publish, table

from comity.models.launch import ServerSpec
from comity.models.serving import Server, ensure_server

ROOT = Path(__file__).parents[1]
# On two cores a run takes one to two minutes.
LONGEST_SECONDS = 1_800
CALL_SECONDS = 600.0
TESTS_FAILED = 1


@dataclass(frozen=True)
class Measured:
    """One run over all requests."""

    tokens: int
    """That the model generated."""
    seconds: float
    bodies: Sequence[dict[str, Any]] = field(repr=False)
    """The requests, in the order in which they were begun."""

    @property
    def rate(self) -> float:
        """Return the tokens per second."""
        return self.tokens / self.seconds


def by_comity(server: Server, concurrency: int, trials: int) -> Measured:
    """Run the chat cases of the smoke tier under pytest."""
    with tempfile.TemporaryDirectory() as reports:
        command = [
            *(sys.executable, "-m", "pytest", "suites/shopping", "-q", "-m", "cultural and smoke"),
            *("--agent", "agents/chat.py:chat", "-o", f"comity_reports={reports}"),
            *("--model-url", server.base_url, "--model", server.model),
            *("--concurrency", str(concurrency), "--trials", str(trials)),
            "--no-cache",
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        # A small model fails tests; that is no trouble of ours.
        if done.returncode not in (0, TESTS_FAILED):
            raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout[-2_000:]}")
        return _out_of_transcripts(Path(reports) / "latest")


def _out_of_transcripts(run: Path) -> Measured:
    """Read when a run's calls began and ended, what they asked, and how much was generated."""
    calls: list[tuple[float, float, int, dict[str, Any]]] = []
    for line in (run / "outcomes.jsonl").read_text("utf-8").splitlines():
        outcome = json.loads(line)
        content = json.loads((run / outcome["transcript"]).read_text("utf-8"))
        for call in content["transcript"]["calls"]:
            begun = outcome["timing"]["started"] + call["at"]
            tokens = call["completion_tokens"]
            calls.append((begun, begun + call["seconds"], tokens, call["request"]))
    calls.sort(key=lambda call: call[0])
    return Measured(
        tokens=sum(tokens for _, _, tokens, _ in calls),
        seconds=max(ended for _, ended, _, _ in calls) - calls[0][0],
        bodies=[body for *_, body in calls],
    )


async def bare(server: Server, concurrency: int, bodies: Sequence[dict[str, Any]]) -> Measured:
    """Send the bodies as fast as the server takes them."""
    places = asyncio.Semaphore(concurrency)
    async with openai.AsyncOpenAI(
        base_url=server.base_url, api_key="none", max_retries=0, timeout=CALL_SECONDS
    ) as client:

        async def send(body: dict[str, Any]) -> int:
            async with places:
                answer = await client.chat.completions.create(**body)
                return answer.usage.completion_tokens if answer.usage else 0

        begun = time.monotonic()
        tokens = await asyncio.gather(*map(send, bodies))
        return Measured(sum(tokens), time.monotonic() - begun, bodies)


def report(found: dict[str, list[Measured]]) -> str:
    """Return the table of what was measured."""
    rates = {name: [run.rate for run in runs] for name, runs in found.items()}
    best = statistics.median(rates[BARE])
    rows = [
        [
            name,
            str(len(runs[0].bodies)),
            median((run.tokens for run in runs), ".0f"),
            median((run.seconds for run in runs), ".1f"),
            median(rates[name], ".1f"),
            f"{statistics.median(rates[name]) / best:.2f}",
        ]
        for name, runs in found.items()
    ]
    return table(("", "calls", "tokens", "seconds", "tokens a second", "× bare client"), rows)


def _server(url: str | None, model: str | None) -> Server:
    if url is None:
        return ensure_server(ServerSpec())
    return Server(base_url=url, model=model or "", context_length=None, version=None)


COMITY, BARE = "**Comity**, pytest over the suite", "bare client, the same requests"


def main() -> None:
    """Measure, print the table, and publish it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--trials", type=int, default=3, help="of each case in a round")
    parser.add_argument("--into", type=Path, help="a Markdown file that takes the section")
    parser.add_argument("--model-url", help="of a server elsewhere; else the embedded model's")
    parser.add_argument("--model", help="the name under which it serves its model")
    asked = parser.parse_args()
    with _server(asked.model_url, asked.model) as server:
        comity = partial(by_comity, server, asked.concurrency, asked.trials)
        bodies = comity().bodies
        turns: dict[str, Callable[[], Measured]] = {
            COMITY: comity,
            BARE: lambda: asyncio.run(bare(server, asked.concurrency, bodies)),
        }
        found = in_turns(turns, asked.rounds)
        text = (
            f"The chat cases of the smoke tier, {asked.trials} trials of each, {asked.concurrency} "
            f"at once, against {server.model}"
            + (f" on vLLM {server.version}" if server.version else "")
            + f": the median (lowest to highest) of {asked.rounds} rounds in turns."
        )
    publish("Saturation", f"{text}\n\n{report(found)}", asked.into)


if __name__ == "__main__":
    main()
