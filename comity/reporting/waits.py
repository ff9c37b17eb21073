"""Where the time of a run went, and what its model calls came to."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from comity.schema import Outcome, Timing

# The parts of a case's time, in the order in which it meets them, and what a person calls them.
PARTS = {
    "site": "site",
    "browser": "browser",
    "model": "model",
    "agent": "agent's own code",
    "judging": "judges",
}
# The columns of a case's row.
TIMES = ("queue", "site", "browser", "model", "agent", "judges")
COUNTS = ("calls", "cached", "tokens")
# A part of less than this share is not what a run waits for.
MIN_SHARE = 0.005


def waits(outcomes: Sequence[Outcome]) -> list[str]:
    """Return lines that say what the cases waited for, and what was asked of the model.

    Cases run at once, so that their times add up to more than the run took.
    """
    lines = []
    spent = {part: sum(getattr(o.timing, part) for o in outcomes) for part in PARTS}
    if (total := sum(spent.values())) > 0:
        shares = sorted(((s / total, PARTS[part]) for part, s in spent.items()), reverse=True)
        told = ", ".join(f"{share:.0%} {part}" for share, part in shares if share >= MIN_SHARE)
        lines.append(f"waited mostly for the {shares[0][1]}: of {total:.0f} s in cases {told}")
    queued = sum(outcome.timing.queued for outcome in outcomes)
    if outcomes and queued / len(outcomes) >= 1:
        lines.append(f"a case waited {queued / len(outcomes):.0f} s for its turn (--concurrency)")
    calls = [call for outcome in outcomes for call in outcome.transcript.calls]
    if calls:
        asked = [call for call in calls if not call.cached]
        prompt = sum(call.prompt_tokens for call in asked)
        written = sum(call.completion_tokens for call in asked)
        line = f"{_counted(len(calls), 'model call')}, {len(calls) - len(asked)} from the cache"
        if asked:
            line += f"; {prompt:,} tokens read and {written:,} written"
            again = sum(max(0, call.tries - 1) for call in asked)
            line += f"; {again} tried again" if again else ""
        lines.append(line)
    return lines


def table(outcomes: Sequence[Outcome]) -> Table:
    """Return a row for each case: its times in seconds, calls, tokens and hits of the cache."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("case", overflow="fold", ratio=1)
    for column in (*TIMES, *COUNTS):
        shown.add_column(column, justify="right", no_wrap=True, min_width=len(column))
    for outcome in outcomes:
        calls = outcome.transcript.calls
        tokens = sum(call.prompt_tokens + call.completion_tokens for call in calls)
        cached = sum(call.cached for call in calls)
        shown.add_row(
            outcome.case.id, *_seconds(outcome.timing), str(len(calls)), str(cached), str(tokens)
        )
    return shown


def _seconds(timing: Timing) -> list[str]:
    return [f"{seconds:.1f}" for seconds in (timing.queued, *(getattr(timing, p) for p in PARTS))]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
