"""The story of a case: what a person needs to see when one of its tests fails."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from comity.schema.base import printable

if TYPE_CHECKING:
    from comity.schema.outcome import AnyOutcome, Finding, NormOutcome, OpenOutcome
    from comity.schema.transcript import Step

# An answer is shown whole up to this length: enough for a screen, not for a flood.
MAX_ANSWER_CHARACTERS = 1_500
MAX_STEP_CHARACTERS = 300
# A statement, a request or a list of places is never longer than this, unless by mistake.
MAX_LINE_CHARACTERS = 4_000
_SET_IN = " " * 12


def tell(outcome: "AnyOutcome") -> str:
    """Return what was asked, done and said, what is at stake, and the evidence.

    The text of models and pages is capped, and escaped where it could play tricks on a terminal.
    Its further lines are set in, so that none can pass for a line of the story.
    """
    return "\n".join(
        printable(line, MAX_LINE_CHARACTERS).replace("\n", f"\n{_SET_IN}")
        for line in _lines(outcome)
    )


def _lines(outcome: "AnyOutcome") -> Iterator[str]:
    from comity.schema.outcome import OpenOutcome

    yield f"{outcome.case.id}: {outcome.status} ({outcome.reason})"
    if isinstance(outcome, OpenOutcome):
        yield from _open(outcome)
    else:
        yield from _at_stake(outcome)
    reply = outcome.transcript.reply
    said = "nothing" if reply is None else printable(reply.text, MAX_ANSWER_CHARACTERS)
    yield f"  said      {said}"
    if isinstance(outcome, OpenOutcome):
        yield from _heard(outcome)
    else:
        yield from _found(outcome)
    for error in outcome.judge_errors:
        yield f"  judge error   {error}"


def _at_stake(outcome: "NormOutcome") -> Iterator[str]:
    request, norm = outcome.case.request, outcome.case.request.norm
    holds = ", ".join(str(place) for place in norm.holds)
    yield f"  norm      {norm.id}: {norm.statement} Holds in: {holds}."
    yield f"  why       {norm.why}"
    yield f"  request   [{request.mode}] {request.text}"
    for step in outcome.transcript.steps:
        yield printable(f"  did {step.index:>2}    {_told(step)}", MAX_STEP_CHARACTERS)
    if outcome.end_state is not None:
        held = [f"{line.quantity} x {line.title} ({w})" for w, line in outcome.end_state.held()]
        yield f"  holds     {', '.join(held) or 'nothing'}"


def _found(outcome: "NormOutcome") -> Iterator[str]:
    for finding in outcome.findings:
        told = f"{_value(finding):<8} {finding.reason} [{finding.judge}]"
        yield f"  {finding.question:<13} {told}"
        for evidence in finding.evidence:
            yield f"      {evidence.where}: {evidence.quote!r}"
    for opinion in outcome.opinions:
        told = f"{_value(opinion):<8} {opinion.question}: {opinion.reason}"
        yield f"  {opinion.judge:<13} {told}"


def _open(outcome: "OpenOutcome") -> Iterator[str]:
    request = outcome.case.request
    yield f"  question  {request.text}"
    yield f"  why       {request.question.why}"
    yield f"  draws on  {', '.join(request.question.draws_on)}"


def _heard(outcome: "OpenOutcome") -> Iterator[str]:
    if outcome.voices is None:
        return
    for one in outcome.voices.references:
        told = "is given something to say" if one.substantive else "is only named"
        yield f"  {one.perspective:<17} {told}: {one.quote!r} [{outcome.voices.extractor}]"
    if not outcome.voices.references:
        yield f"  no perspective is named [{outcome.voices.extractor}]"


def _told(step: "Step") -> str:
    """Return a step as a person would tell it: `click on link "Wall clock"`."""
    named = {key: value for key, value in step.action.items() if key not in ("action", "ref")}
    words = [str(step.action.get("action", "")), *(f"{k}={v!r}" for k, v in named.items())]
    target = f" on {step.target}" if step.target else ""
    return " ".join(words) + target + (f" -> {step.error}" if step.error else "")


def _value(finding: "Finding") -> str:
    if finding.open:
        return "open"
    if finding.value is None:
        return "-"
    if isinstance(finding.value, bool):
        return "yes" if finding.value else "no"
    return finding.value
