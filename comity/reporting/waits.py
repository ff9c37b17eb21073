"""Where the time of a run went, and what its model calls came to."""

from collections.abc import Iterator, Sequence

from comity.schema import AnyOutcome, ModelCall

# The parts of a case's time, in the order in which it meets them, and what a person calls them.
PARTS = {
    "site": "site",
    "browser": "browser",
    "model": "model",
    "agent": "agent's own code",
    "judging": "judges",
}
# A part of less than this share is not what a run waits for.
MIN_SHARE = 0.005


def waits(outcomes: Sequence[AnyOutcome]) -> list[str]:
    """Return lines that say what the cases waited for, and what was asked of the model.

    Cases run at once, so that their times add up to more than the run took.
    """
    told = []
    spent = {part: sum(getattr(o.timing, part) for o in outcomes) for part in PARTS}
    if (total := sum(spent.values())) > 0:
        shares = sorted(((s / total, PARTS[part]) for part, s in spent.items()), reverse=True)
        parts = ", ".join(f"{share:.0%} {part}" for share, part in shares if share >= MIN_SHARE)
        told.append(f"waited mostly for the {shares[0][1]}: of {total:.0f} s in cases {parts}")
    queued = sum(outcome.timing.queued for outcome in outcomes)
    if outcomes and queued / len(outcomes) >= 1:
        told.append(f"a case waited {queued / len(outcomes):.0f} s for its turn (--concurrency)")
    for what, calls in (
        ("model call", [call for outcome in outcomes for call in outcome.transcript.calls]),
        ("judge call", [call for outcome in outcomes for call in outcome.judge_calls]),
    ):
        if calls:
            told.append(_asked(what, calls))
    return told


def _asked(what: str, calls: Sequence[ModelCall]) -> str:
    asked = [call for call in calls if not call.cached]
    prompt = sum(call.prompt_tokens for call in asked)
    written = sum(call.completion_tokens for call in asked)
    line = f"{_counted(len(calls), what)}, {len(calls) - len(asked)} from the cache"
    if asked:
        line += f"; {prompt:,} tokens read and {written:,} written"
        again = sum(max(0, call.tries - 1) for call in asked)
        line += f"; {again} tried again" if again else ""
    return line


def lines(outcomes: Sequence[AnyOutcome]) -> Iterator[str]:
    """Return a line for each case: its times in seconds, calls, hits of the cache and tokens."""
    for outcome in outcomes:
        timing, calls = outcome.timing, (*outcome.transcript.calls, *outcome.judge_calls)
        times = {"queue": timing.queued, **{part: getattr(timing, part) for part in PARTS}}
        told = ", ".join(f"{part} {seconds:.1f}" for part, seconds in times.items())
        cached = sum(call.cached for call in calls)
        tokens = sum(call.prompt_tokens + call.completion_tokens for call in calls)
        counts = f"{_counted(len(calls), 'call')}, {cached} cached, {tokens:,} tokens"
        yield f"{outcome.case.id}: {told} s; {counts}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
