"""What a tool adds to the calls that it makes.

The same stub calls, coroutines that sleep, under Comity, its peers and a bare asyncio loop: each in
its own idiom and in a process of its own, in turns. Two tests, scorers, metrics or evaluators judge
each case.

Start-up is set apart by each contestant's own clock. The seconds run from the start of the first
case until all is judged and reported: of a library, around its entry point, which was called with
one case before so that its lazy imports are done; under pytest, until the loop over the tests ends;
of Comity, from the moment at which its first case was due. What remains of the process's time is
shown as well.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path

import comity_project
import peer_environments
from figures import in_turns, median, publish, table

from comity.errors import InfrastructureError

ROOT = Path(__file__).parents[1]
CONTESTANTS = Path(__file__).parent / "contestants"
# The slowest runs its cases one after the other.
LONGEST_SECONDS = 1_800
TESTS_A_CASE = 2
# All contestants write here: a disk's time varies threefold, and belongs to none of them.
MEMORY = "/dev/shm"  # noqa: S108 - a new directory in it
FLOOR = "bare asyncio loop"
EMPTY, EMPTY_ALLURE = "empty tests, pytest", "empty tests, pytest, Allure"
COMITY, COMITY_ALLURE = "**Comity**", "**Comity, Allure**"

# Nobody calls home, asks anything, or reads or writes files of the user's own.
QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "NO_COLOR": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
OURS = ("BENCHMARK_", "COMITY_", "PYTEST", "PYTHON")


class CannotRunError(Exception):
    """A contestant cannot be run here; the text says why."""


@dataclass(frozen=True)
class Load:
    """How much each contestant is given to do."""

    cases: int
    latency: float
    """Seconds that a call takes."""
    concurrency: int


@dataclass(frozen=True)
class Measured:
    """One run of a contestant, in seconds."""

    seconds: float
    apart: float
    """Start-up, and what is done when all is reported."""


@dataclass(frozen=True)
class Contestant:
    """A tool, and how it is put to the load."""

    name: str
    version: str
    keeps: str
    """What it leaves on the disk."""
    start: Callable[[Path, Load], list[str]]
    """Returns its command, to be run in a folder where its scripts lie."""
    counts: int = 1
    """How many successes it reports for a case."""
    begun: Callable[[Path], float] | None = None
    """Tells when the first case was due, where the stopwatch cannot."""
    calls: bool = True
    """Whether it makes the calls at all, and is no mere floor of what pytest itself takes."""
    serial: bool = False
    """It runs one case after the other, so one round takes long, and tells enough."""


def run(contestant: Contestant, load: Load, rooms: Path) -> Measured | CannotRunError:
    """Run a contestant once, in a folder of its own in `rooms`."""
    folder = Path(tempfile.mkdtemp(dir=rooms))
    shutil.copytree(CONTESTANTS, folder, dirs_exist_ok=True)
    try:
        return _timed(contestant, load, folder)
    except (CannotRunError, InfrastructureError, subprocess.TimeoutExpired) as error:
        return CannotRunError(f"{contestant.name} cannot be run here: {error}")


def _timed(contestant: Contestant, load: Load, folder: Path) -> Measured:
    noted = folder / "clock.json"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    environment = {
        **inherited,
        **QUIET,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "BENCHMARK_ASKED": f"{load.cases} {load.latency} {load.concurrency}",
        "BENCHMARK_REPORT": str(noted),
    }
    words = contestant.start(folder, load)
    begun = time.time()
    ended = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    whole = time.time() - begun
    clock = json.loads(noted.read_text("utf-8")) if noted.exists() else {"done": 0}
    if clock["done"] != load.cases * contestant.counts:
        said = (ended.stdout + ended.stderr).strip().splitlines() or ["it said nothing"]
        raise CannotRunError(f"{clock['done']} done, exit code {ended.returncode}, {said[-1]}")
    first = contestant.begun(folder) if contestant.begun else clock["begun"]
    seconds = clock["ended"] - first
    return Measured(seconds, whole - seconds)


def _peer(peer: str, script: str, _folder: Path, _load: Load) -> list[str]:
    return [str(peer_environments.interpreter(peer)), script]


def _here(script: str, _folder: Path, _load: Load) -> list[str]:
    return [sys.executable, script]


def _pytest(python: str, *arguments: str) -> list[str]:
    return [python, "-m", "pytest", "-q", "-p", "pytest_stopwatch", *arguments]


def _pytest_alone(allure: tuple[str, ...], _folder: Path, _load: Load) -> list[str]:
    return _pytest(sys.executable, "pytest_alone.py", *allure)


def _comity(allure: tuple[str, ...], folder: Path, load: Load) -> list[str]:
    comity_project.write(folder, load.cases)
    agent = ("--agent", "comity_agent.py:stub", "--concurrency", str(load.concurrency))
    return _pytest(sys.executable, *agent, *allure)


def _deepeval_pytest(_folder: Path, _load: Load) -> list[str]:
    python = str(peer_environments.interpreter("deepeval"))
    return _pytest(python, "-p", "deepeval.plugins.plugin", "deepeval_pytest.py")


ALLURE = ("-p", "allure_pytest", "--alluredir=allure")


def contestants() -> list[Contestant]:
    """Return all that are measured, the floor first."""
    python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    pytest, comity = metadata.version("pytest"), metadata.version("comity")
    allure = f"{pytest}, allure-pytest {metadata.version('allure-pytest')}"
    inspect, deepeval, evals = map(
        peer_environments.version, ("inspect-ai", "deepeval", "pydantic-evals")
    )
    empty = partial(Contestant, keeps="nothing", counts=TESTS_A_CASE, calls=False)
    ours = partial(Contestant, counts=TESTS_A_CASE, begun=comity_project.first_case_due)
    return [
        Contestant(FLOOR, python, "nothing", partial(_here, "bare_loop.py")),
        empty(EMPTY, pytest, start=partial(_pytest_alone, ())),
        empty(
            "empty tests, pytest, Allure",
            allure,
            keeps="results",
            start=partial(_pytest_alone, ALLURE),
        ),
        ours(COMITY, comity, "outcome, transcript", partial(_comity, ())),
        ours(COMITY_ALLURE, comity, "the same, evidence", partial(_comity, ALLURE)),
        Contestant(
            "Inspect AI", inspect, "its log", partial(_peer, "inspect-ai", "inspect_ai_stub.py")
        ),
        Contestant(
            "DeepEval, `evaluate()`",
            deepeval,
            "its cache",
            partial(_peer, "deepeval", "deepeval_evaluate.py"),
        ),
        Contestant("DeepEval, pytest", deepeval, "nothing", _deepeval_pytest, serial=True),
        Contestant(
            "pydantic-evals",
            evals,
            "nothing",
            partial(_peer, "pydantic-evals", "pydantic_evals_stub.py"),
        ),
    ]


Rounds = list[Measured | CannotRunError]


def measured(chosen: list[Contestant], load: Load, rounds: int) -> dict[str, Rounds]:
    """Return what each contestant took under a load, round by round."""
    # What they leave is removed at the end: for a while after many files were removed, new ones
    # are slow to make (on ext4), and that would be to the next contestant's cost.
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="comity-overhead-", dir=memory) as name:
        swift = {c.name: partial(run, c, load, Path(name)) for c in chosen if not c.serial}
        slow = {c.name: partial(run, c, load, Path(name)) for c in chosen if c.serial}
        return {**in_turns(swift, rounds), **in_turns(slow, 1)}


def report(chosen: list[Contestant], load: Load, rounds: int) -> str:
    """Measure, with the latency and without; return the table."""
    under_load = measured(chosen, load, rounds)
    at_zero = measured(chosen, replace(load, latency=0.0), rounds) if load.latency else under_load
    floor = _seconds(under_load.get(FLOOR, []))
    rows, failures = [], []
    for contestant in chosen:
        found, quick = under_load[contestant.name], at_zero[contestant.name]
        failed = next((r for r in (*found, *quick) if isinstance(r, CannotRunError)), None)
        if failed is not None:
            failures.append(str(failed))
            continue
        calls = contestant.calls
        rows.append(
            [
                contestant.name,
                contestant.version,
                median(_seconds(found), ".2f") if calls else "-",
                f"{statistics.median(_seconds(found)) / statistics.median(floor):.2f}"
                if calls and floor
                else "-",
                median((1_000 * s / load.cases for s in _seconds(quick)), ".2f"),
                f"{statistics.median(r.apart for r in found if isinstance(r, Measured)):.1f}",
                contestant.keeps,
            ]
        )
    head = (
        *("", "version", f"seconds, calls of {load.latency:g} s", "× bare loop"),
        *("ms a case, calls of 0 s", "s apart", "on the disk"),
    )
    return "\n\n".join([table(head, rows), *failures, *_own(at_zero, load.cases)])


def _own(at_zero: dict[str, Rounds], cases: int) -> Iterator[str]:
    """Say what Comity takes beyond the empty tests that pytest runs as well."""
    for ours, empty in ((COMITY, EMPTY), (COMITY_ALLURE, EMPTY_ALLURE)):
        whole, floor = _seconds(at_zero.get(ours, [])), _seconds(at_zero.get(empty, []))
        if whole and floor:
            own = 1_000 * (statistics.median(whole) - statistics.median(floor)) / cases
            yield f"{ours} takes {own:.2f} ms a case beyond the row “{empty}”."


def _seconds(rounds: Rounds) -> list[float]:
    return [found.seconds for found in rounds if isinstance(found, Measured)]


def main() -> None:
    """Measure, print the table, and publish it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--latency", type=float, default=0.5, help="of a call, in seconds")
    parser.add_argument("--concurrency", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[""], help="words of the names to measure")
    parser.add_argument("--into", type=Path, help="a Markdown file that takes the section")
    asked = parser.parse_args()
    load = Load(asked.cases, asked.latency, asked.concurrency)
    chosen = [c for c in contestants() if any(word in c.name for word in asked.only)]
    text = (
        f"{load.cases} stub calls, {load.concurrency} at once, two tests or scores a case; the "
        f"median of {asked.rounds} rounds in turns. Start-up and end are apart."
    )
    publish("Overhead", f"{text}\n\n{report(chosen, load, asked.rounds)}", asked.into)


if __name__ == "__main__":
    main()
