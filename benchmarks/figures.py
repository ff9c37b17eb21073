"""What the benchmarks share: rounds in turns, the machine in words, sections in Markdown."""

import os
import platform
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

R = TypeVar("R")

TITLE = """\
# Benchmarks

`make bench` runs the scripts of `benchmarks/` and writes this file. What each does to measure
fairly stands in its docstring and in [benchmarks/README.md](../benchmarks/README.md).
"""


def in_turns(contestants: Mapping[str, Callable[[], R]], rounds: int) -> dict[str, list[R]]:
    """Run all contestants, one after the other, `rounds` times over; return what each gave.

    What slows the machine for a while then slows all of them, and not one alone. Every other round
    goes backwards, so that none always comes after the same one.
    """
    results: dict[str, list[R]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name in list(contestants)[:: -1 if number % 2 else 1]:
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            results[name].append(contestants[name]())
    return results


def median(values: Iterable[float], form: str) -> str:
    """Return the median, and the lowest and highest where there are several, by a format."""
    found = sorted(values)
    middle = f"{statistics.median(found):{form}}"
    return middle if len(found) == 1 else f"{middle} ({found[0]:{form}} to {found[-1]:{form}})"


def machine() -> str:
    """Return what machine this is, in general words."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = f"{platform.system()} on {platform.machine()}"
    return f"{cores} cores, {memory:.0f} GiB of memory, {kind}, Python {platform.python_version()}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are set to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(heading: str, text: str, into: Path | None) -> None:
    """Print a section; in the file `into`, put it in the place of its older self."""
    section = f"## {heading}\n\n{text.strip()}\n\nMeasured on {machine()}, by `{_command()}`.\n"
    print(section)
    if into is None:
        return
    old = into.read_text("utf-8") if into.exists() else TITLE
    pattern = re.compile(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    mended, found = pattern.subn(lambda _: f"{section}\n", old)
    into.write_text((mended if found else f"{old}\n{section}").rstrip() + "\n", "utf-8")


def _command() -> str:
    """Return the command line that makes the figures, but for where they are written."""
    words = sys.argv[1:]
    if "--into" in words:
        at = words.index("--into")
        words = words[:at] + words[at + 2 :]
    return " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])
