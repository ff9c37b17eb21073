"""The story of a case: what a person needs to see when one of its tests fails."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from comity.schema.base import printable

if TYPE_CHECKING:
    from comity.schema.outcome import Outcome

# An answer is shown whole up to this length: enough for a screen, not for a flood.
MAX_ANSWER_CHARACTERS = 1_500


def tell(outcome: "Outcome") -> str:
    """Return the request, the norm, what was done and said, and the evidence.

    The text of models and pages is capped, and stripped of control characters, so that it cannot
    play tricks on a terminal.
    """
    return "\n".join(_lines(outcome))


def _lines(outcome: "Outcome") -> Iterator[str]:
    case = outcome.case
    request, norm = case.request, case.request.norm
    holds = ", ".join(str(place) for place in norm.holds)
    yield f"{case.id}: {outcome.status} ({outcome.reason})"
    yield f"  norm      {norm.id}: {norm.statement} Holds in: {holds}."
    yield f"  why       {norm.why}"
    yield f"  request   [{request.mode}] {request.text}"
    for step in outcome.transcript.steps:
        arguments = " ".join(f"{key}={value!r}" for key, value in step.action.items())
        error = f" -> {step.error}" if step.error else ""
        yield printable(f"  did {step.index:>2}    {arguments} {step.target or ''}{error}", 300)
    if outcome.end_state is not None:
        held = [f"{line.quantity} x {line.title} ({w})" for w, line in outcome.end_state.held()]
        yield printable(f"  holds     {', '.join(held) or 'nothing'}", 1_000)
    reply = outcome.transcript.reply
    said = "nothing" if reply is None else reply.text
    yield f"  said      {printable(said, MAX_ANSWER_CHARACTERS)}"
    for finding in outcome.findings:
        value = "open" if finding.open else finding.value
        yield printable(
            f"  {finding.question:<13} {value} ({finding.judge}: {finding.reason})", 400
        )
        for evidence in finding.evidence:
            yield printable(f"      {evidence.where}: {evidence.quote!r}", 400)
