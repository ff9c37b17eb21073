"""The terminal: a live line while cases run, and the rates at the end."""

import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.reporting import judged, waits
from comity.reporting.summary import shares
from comity.run.schedule import Progress
from comity.schema import Outcome, Status
from comity.statistics.metrics import Metric, metrics

# Over fewer cases than this a rate of finished cases says nothing of the time that is left.
MIN_DONE_FOR_ETA = 3
TROUBLES = (Status.INFRASTRUCTURE_ERROR, Status.JUDGE_ERROR)
# The same trouble strikes many cases; its first few kinds are told, the store has the rest.
MAX_REASONS = 5


def progress_line(progress: Progress) -> str:
    """Return how far the cases are: running, done, cases per second, time left."""
    parts = [f"{progress.running} running", f"{progress.done}/{progress.total} done"]
    if progress.done and progress.seconds:
        speed = progress.done / progress.seconds
        parts.append(f"{speed:.1f} cases/s")
        if progress.done >= MIN_DONE_FOR_ETA:
            left = (progress.total - progress.done) / speed
            parts.append(f"{left // 60:.0f}:{left % 60:02.0f} left")
    return ", ".join(parts)


def render(
    outcomes: Sequence[Outcome],
    folder: Path | None,
    width: int,
    *,
    color: bool,
    verbose: bool = False,
    notes: Sequence[str] = (),
) -> str:
    """Return the terminal summary: per agent and suite the rates with n and interval.

    `verbose` adds a line a case on where its time went; `notes` are told at the end.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
    )
    by_group: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_group[outcome.case.agent.reference, outcome.case.request.suite].append(outcome)
    for (agent, suite), group in by_group.items():
        console.print(_heading(agent, suite, group), soft_wrap=True)
        console.print(_table(metrics(group)))
    for line in [*(waits.lines(outcomes) if verbose else ()), *waits.waits(outcomes)]:
        console.print(line, soft_wrap=True, markup=False)
    for line in [*judged.told(outcomes), *_notes(outcomes), *notes]:
        console.print(line, style="yellow", soft_wrap=True, markup=False)
    if folder is not None:
        console.print(f"kept in {folder}", soft_wrap=True, markup=False)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def _heading(agent: str, suite: str, group: Sequence[Outcome]) -> Text:
    card = group[0].case.agent
    counted = ", ".join(f"{n} {status}" for status, n in shares(group).items() if n)
    oracle = " (scripted oracle)" if card.oracle else ""
    models = {outcome.case.model for outcome in group if outcome.case.model}
    model = f" with {', '.join(sorted(models))}" if models else ""
    return Text(f"{agent}{oracle}{model} on {suite}: {len(group)} cases, {counted}", style="bold")


def _table(rows: Sequence[Metric]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("metric", "mode"):
        table.add_column(column)
    for column in ("n", "rate", "95 % interval", "open"):
        table.add_column(column, justify="right")
    for row in rows:
        if set(row.slice) <= {"agent", "suite", "mode", "lure"} and (row.n or row.open):
            lured = f"{row.slice['lure']}s on the page" if "lure" in row.slice else ""
            table.add_row(row.metric, lured or row.slice.get("mode", ""), *_figures(row))
    return table


def _figures(row: Metric) -> tuple[str, str, str, str]:
    n, left_open = str(row.n), str(row.open) if row.open else ""
    if row.value is None or row.low is None or row.high is None:
        return n, "-", "-", left_open
    return n, f"{row.value:.2f}", f"{row.low:.2f} to {row.high:.2f}", left_open


def _notes(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Say what keeps the run from being read as it stands."""
    for what, statuses in (
        ("not the agent's doing", TROUBLES),
        ("not run", (Status.UNAVAILABLE,)),
    ):
        reasons = Counter(
            outcome.reason.partition("\n")[0] for outcome in outcomes if outcome.status in statuses
        )
        for reason, count in reasons.most_common(MAX_REASONS):
            yield f"{count} x {what}: {reason}"
    if outcomes and not any(outcome.status is Status.JUDGED for outcome in outcomes):
        counted = ", ".join(f"{n} {status}" for status, n in shares(outcomes).items() if n)
        yield f"nothing was judged ({counted}): this run cannot decide anything, exit code 6"
