"""What it costs to vary scenarios: the robustness suite against a model of a fixed latency.

The agent chats by a server on loopback that answers each call after a while: always the same, or
raising each norm wherever, but for requests in capitals. The server counts the calls, so that those
which the cache answered are not among them. The ideal for them is calls × latency / concurrency.

The seconds run from the moment at which the first case was due until the last relation's test has
reported: shrinking and its further calls are within, pytest's start-up and the drawing are apart.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from figures import in_turns, median, publish, table

from comity.run.settings import CONCURRENCY
from comity.run.varying import Plan
from comity.schema import AgentCard
from comity.schema.library import Library
from comity.schema.library import load as load_library
from comity.statistics.sensitivity import LEVEL

ROOT = Path(__file__).parents[1]
SUITE, AGENT = "robustness", "agents/chat.py:chat"
CONTESTANTS = Path(__file__).parent / "contestants"
LONGEST_SECONDS = 1_800
# Each has one scenario that is varied in chat.
CULTURES = (
    *("cn", "de", "hindu", "ir", "jain", "jewish"),
    *("jp", "kr", "maori", "muslim", "ru", "th"),
)
SAME = "the same answer to all"
FLAWED = "**a flaw, charged and shrunk**"
AGAIN = "the same again, out of the cache"


@dataclass(frozen=True)
class Load:
    """What is varied how far, for a model of which latency."""

    cultures: tuple[str, ...]
    profile: str
    latency: float
    concurrency: int


@dataclass(frozen=True)
class Measured:
    """One run; times in seconds."""

    cases: int
    calls: int
    """Answered by the server, not by the cache."""
    charged: int
    seconds: float
    apart: float
    """Start-up, drawing and end."""

    def over_ideal(self, load: Load) -> float | None:
        """Return how often as long it took as its calls must; None where there were none."""
        ideal = self.calls * load.latency / load.concurrency
        return self.seconds / ideal if ideal else None


Answer = Callable[[str], str]


def every_norm() -> str:
    """Return words that raise all norms."""
    written = yaml.safe_load((ROOT / "agents" / "reference_sentences.yaml").read_text("utf-8"))
    return " ".join(said[0] for name, said in written.items() if "." in name)


def unless_shouted(raised: str, request: str) -> str:
    """Raise all norms, unless the request is in capitals."""
    return "Here you are." if request.isupper() else raised


@dataclass
class Stub:
    """A model server that answers after a while."""

    url: str
    calls: int = 0


@contextmanager
def serving(answer: Answer, latency: float) -> Iterator[Stub]:
    """Serve a model on loopback that answers so."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply({"object": "list", "data": [{"id": "stub"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                stub.calls += 1
            time.sleep(latency)
            text = answer(body["messages"][-1]["content"])
            message = {"role": "assistant", "content": text}
            self.reply(
                {
                    "object": "chat.completion",
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
                }
            )

        def reply(self, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    stub = Stub(f"http://127.0.0.1:{server.server_port}/v1")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()


def run(stub: Stub, load: Load, cache: Path) -> Measured:
    """Run the suite once, and time it."""
    before = stub.calls
    with tempfile.TemporaryDirectory(prefix="comity-robustness-") as name:
        folder = Path(name)
        noted = folder / "clock.json"
        begun = time.time()
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", f"suites/{SUITE}", "-q", "--tb=no"),
                *("-p", "no:cacheprovider", "-p", "pytest_stopwatch"),
                *("-o", f"comity_reports={folder}", "--agent", AGENT, "--robustness", load.profile),
                *("--cultures", ",".join(load.cultures), "--concurrency", str(load.concurrency)),
                *("--model-url", stub.url, "--model", "stub"),
            ],
            cwd=ROOT,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COMITY_"))},
                "PYTHONPATH": f"{CONTESTANTS}{os.pathsep}{ROOT}",
                "BENCHMARK_REPORT": str(noted),
                "COMITY_CACHE_DIR": str(cache),
            },
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        whole = time.time() - begun
        kept = folder / "latest"
        if ended.returncode not in (0, 1):
            raise SystemExit(f"the run failed:\n{(ended.stdout + ended.stderr)[-2_000:]}")
        lines = (kept / "outcomes.jsonl").read_text("utf-8").splitlines()
        timings = [json.loads(line)["timing"] for line in lines]
        first = min(timing["started"] - timing["queued"] for timing in timings)
        seconds = json.loads(noted.read_text("utf-8"))["ended"] - first
        found = json.loads((kept / "robustness.json").read_text("utf-8"))["relations"]
        charged = sum((row["charge"]["p"] or 1.0) <= LEVEL for row in found)
    return Measured(len(lines), stub.calls - before, charged, seconds, whole - seconds)


def drawing(load: Load, library: Library) -> tuple[int, float]:
    """Return how many examples are drawn, and the seconds of a core that it takes."""
    card = AgentCard(reference=AGENT, declares=frozenset({"chat"}))
    folder, cultures = ROOT / "suites" / SUITE, frozenset(load.cultures)
    plan = Plan(SUITE, folder, library, [card], load.profile, cultures)
    begun = time.process_time()
    examples = sum(len(tried.examples) for tried in plan.tried.values())
    return examples, time.process_time() - begun


def measured(load: Load, rounds: int) -> dict[str, list[Measured]]:
    """Measure all, in turns; what is run again finds what was answered just before."""
    raised = every_norm()
    with (
        tempfile.TemporaryDirectory(prefix="comity-robustness-") as name,
        serving(lambda _: "Here you are.", load.latency) as same,
        serving(partial(unless_shouted, raised), load.latency) as flawed,
    ):
        places = iter(range(2 * rounds))

        def fresh(stub: Stub) -> Measured:
            return run(stub, load, Path(name) / str(next(places)))

        found = in_turns({SAME: partial(fresh, same), FLAWED: partial(fresh, flawed)}, rounds)
        warm = Path(name) / "warm"
        run(flawed, load, warm)
        return {**found, **in_turns({AGAIN: lambda: run(flawed, load, warm)}, rounds)}


def report(load: Load, rounds: int) -> str:
    """Measure; return the table."""
    rows = []
    for name, found in measured(load, rounds).items():
        over = [one for run in found if (one := run.over_ideal(load)) is not None]
        rows.append(
            [
                name,
                str(found[0].cases),
                str(found[0].calls),
                str(found[0].charged),
                f"{found[0].calls * load.latency / load.concurrency:.1f}",
                median((run.seconds for run in found), ".1f"),
                median(over, ".2f") if over else "-",
                median((run.apart for run in found), ".1f"),
            ]
        )
    head = ("", "cases", "calls", "charged", "ideal, s", "seconds", "× ideal", "s apart")
    library = load_library(ROOT / "suites")
    drawn = [drawing(load, library) for _ in range(rounds)]
    took = median((seconds for _, seconds in drawn), ".1f")
    return f"{table(head, rows)}\n\nTo draw the {drawn[0][0]} examples takes {took} s of a core."


def main() -> None:
    """Measure, print the table, and publish it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cultures", nargs="*", default=CULTURES)
    parser.add_argument("--profile", default="standard")
    parser.add_argument("--latency", type=float, default=0.5, help="of a call, in seconds")
    parser.add_argument("--concurrency", type=int, default=CONCURRENCY)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--into", type=Path, help="a Markdown file that takes the section")
    asked = parser.parse_args()
    load = Load(tuple(asked.cultures), asked.profile, asked.latency, asked.concurrency)
    text = (
        f"The profile {load.profile} over {len(load.cultures)} scenarios, against a model that "
        f"takes {load.latency:g} s for an answer, {load.concurrency} at once; the median of "
        f"{asked.rounds} rounds in turns. Start-up, drawing and end are apart."
    )
    publish("Robustness", f"{text}\n\n{report(load, asked.rounds)}", asked.into)


if __name__ == "__main__":
    main()
