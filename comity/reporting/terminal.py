"""The terminal: a live line while cases run, and the rates at the end."""

import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.judges.calibration import Calibration
from comity.reporting import cultures, heard, judged, trials, waits
from comity.reporting.heard import Perspectives
from comity.reporting.summary import shares
from comity.run.schedule import Progress
from comity.schema import AnyOutcome, Outcome, Status, VariedOutcome
from comity.schema.base import one_line
from comity.statistics.metrics import Metric, metrics
from comity.statistics.repeats import repeated
from comity.statistics.trust import asked, trusted

# Over fewer cases than this a rate of finished cases says nothing of the time that is left.
MIN_DONE_FOR_ETA = 3
WORDS = 2
"""How many columns of a table of rates hold words, and not figures."""
WORTH = "worth"
TROUBLES = (Status.INFRASTRUCTURE_ERROR, Status.JUDGE_ERROR)
# The same trouble strikes many cases; its first few kinds are told, the store has the rest.
MAX_REASONS = 5
# A reason has a thousand at most, and the names around it are short.
MAX_LINE_CHARACTERS = 4_000


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
    outcomes: Sequence[AnyOutcome],
    folder: Path | None,
    width: int,
    *,
    color: bool,
    verbose: bool = False,
    notes: Sequence[str] = (),
    calibration: Calibration | None = None,
    perspectives: Perspectives | None = None,
) -> str:
    """Return the terminal summary: per agent and suite the rates with n and interval.

    `verbose` adds rates by culture, and a line a case on where its time went; `notes` are told at
    the end. With the `calibration` of the run's judges, what they read from text stands there
    corrected, too. Of open questions it says whose voices are heard, of the `perspectives` by
    suite.
    """
    console, text = captured(color=color, width=width)
    by_group: dict[tuple[str, str], list[AnyOutcome]] = defaultdict(list)
    for outcome in outcomes:
        if isinstance(outcome, VariedOutcome):
            continue  # what they come to is compared with others, and told elsewhere
        by_group[outcome.case.agent.reference, outcome.case.request.suite].append(outcome)
    of_judges: dict[str, None] = {}
    for (agent, suite), group in by_group.items():
        console.print(_heading(agent, suite, group), soft_wrap=True)
        if judged_by_norms := [one for one in group if isinstance(one, Outcome)]:
            measured = metrics(judged_by_norms)
            rows = [r for r in measured if overall(r) and (r.n or r.open)]
            console.print(_table(rows, calibration))
            for shown in (
                *trials.table(repeated(judged_by_norms)),
                *(cultures.table(measured) if verbose else ()),
            ):
                console.print(shown, soft_wrap=isinstance(shown, str))
            of_judges.update(dict.fromkeys(on_judges(rows, calibration)))
        for shown in heard.table(group, (perspectives or {}).get(suite, ())):
            console.print(shown)
    for line in [
        *heard.lines(outcomes, perspectives or {}),
        *(waits.lines(outcomes) if verbose else ()),
        *waits.waits(outcomes),
    ]:
        console.print(_line(line), soft_wrap=True)
    for line in [
        *judged.told([one for one in outcomes if isinstance(one, Outcome)]),
        *notes_on(outcomes),
        *of_judges,
        *notes,
    ]:
        console.print(_line(line, "yellow"), soft_wrap=True)
    if folder is not None:
        console.print(_line(f"kept in {folder}"), soft_wrap=True)
    return text.getvalue()


def captured(*, color: bool, width: int | None = None) -> tuple[Console, io.StringIO]:
    """Return a console that draws as for a terminal, and the text that it draws into."""
    text = io.StringIO()
    console = Console(
        file=text,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
    )
    return console, text


def _heading(agent: str, suite: str, group: Sequence[AnyOutcome]) -> Text:
    card = group[0].case.agent
    counted = ", ".join(f"{n} {status}" for status, n in shares(group).items() if n)
    oracle = " (scripted oracle)" if card.oracle else ""
    models = {outcome.case.model for outcome in group if outcome.case.model}
    model = f" with {', '.join(sorted(models))}" if models else ""
    return _line(f"{agent}{oracle}{model} on {suite}: {len(group)} cases, {counted}", "bold")


def _line(text: str, style: str = "") -> Text:
    """Return a line that others have a part in: names, and the reasons of a run gone on with."""
    return Text(one_line(text, MAX_LINE_CHARACTERS), style=style)


def overall(row: Metric) -> bool:
    """Whether a row stands in the summary: it is no finer than a suite's mode."""
    return set(row.slice) <= {"agent", "suite", "mode", "lure"}


def _table(rows: Sequence[Metric], calibration: Calibration | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    columns = head(rows, calibration)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < WORDS else "right")
    for row in rows:
        table.add_row(*cells(row, columns, calibration))
    return table


def head(rows: Sequence[Metric], calibration: Calibration | None) -> list[str]:
    """Return the columns of a table of `rows`; the first `WORDS` of them hold words."""
    # Where every case is of a norm of its own, they are worth what they count.
    worth = [WORTH] if any(worth_less(row.n, row.effective_n) for row in rows) else []
    corrected = [] if calibration is None else ["corrected"]
    return ["metric", "mode", "n", *worth, "rate", "95 % interval", "open", *corrected]


def cells(row: Metric, columns: Sequence[str], calibration: Calibration | None) -> list[str]:
    """Return what stands in a row under the columns that `head` gave."""
    lured = f"{row.slice['lure']}s on the page" if "lure" in row.slice else ""
    n, *figures = _figures(row)
    worth = [worth_less(row.n, row.effective_n)] if WORTH in columns else []
    corrected = [] if calibration is None else [_corrected(row, calibration)]
    return [row.metric, lured or row.slice.get("mode", ""), n, *worth, *figures, *corrected]


def worth_less(n: int, effective: float) -> str:
    """Return how many independent cases `n` is worth, where that is another number; else ''."""
    told = f"{effective:.1f}".removesuffix(".0")
    return "" if told == str(n) else told


def _figures(row: Metric) -> tuple[str, str, str, str]:
    n, left_open = str(row.n), str(row.open) if row.open else ""
    if row.value is None or row.low is None or row.high is None:
        return n, "-", "-", left_open
    return n, f"{row.value:.2f}", f"{row.low:.2f} to {row.high:.2f}", left_open


def _corrected(row: Metric, calibration: Calibration) -> str:
    if not asked(row):
        return ""
    [found] = trusted([row], calibration.correcting)
    if not found.calibrated:
        return "uncalibrated"
    if found.value is None:
        return "-"
    return f"{found.value:z.2f}  {found.low:z.2f} to {found.high:z.2f}"


def on_judges(rows: Sequence[Metric], calibration: Calibration | None) -> Iterator[str]:
    """Say of what is read from text why it cannot be gone by."""
    if calibration is not None:
        for row in trusted(rows, calibration.correcting):
            if not row.calibrated:
                yield f"uncalibrated, so that it decides nothing: {row.reason}"
    elif any(asked(row) for row in rows):
        yield "how well the judges read text is not known here: `comity calibrate` measures it"


def notes_on(outcomes: Sequence[AnyOutcome]) -> Iterator[str]:
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
        yield f"nothing was judged ({counted}), which decides nothing: exit code 6, if by no gate"
