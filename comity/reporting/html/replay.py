"""The replay of a case: all that a person needs to follow what happened, as JSON."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from comity.reporting.html.text import MAX_TEXT_CHARACTERS, composed, quoted, shown, spans
from comity.schema import (
    AnyOutcome,
    EndState,
    Evidence,
    Finding,
    NormOutcome,
    Observation,
    OpenOutcome,
    Step,
    Timing,
)

# An agent has some thirty steps; one that was given more did not get further for them.
MAX_STEPS = 100
# A page is observed in 900 tokens.
MAX_PAGE_CHARACTERS = 8_000
# What a case leaves in a basket or a topic is a handful.
MAX_ROWS = 50

Keep = Callable[[str], int]
"""Keeps a text that others may have in common with this case, and gives its number."""
Numbered = list[tuple[int, Evidence]]


def replay(outcome: AnyOutcome, keep: Keep) -> dict[str, Any]:
    """Return what is shown of a case beyond its line in the list."""
    transcript = outcome.transcript
    evidence = _of_voices(outcome) if isinstance(outcome, OpenOutcome) else _evidence(outcome)
    reply = transcript.reply
    content = {
        "id": shown(outcome.case.id),
        "model": shown(outcome.case.model) if outcome.case.model else None,
        "answer": None if reply is None else _marked(reply.text, "answer", evidence),
        "steps": [_step(step, keep) for step in transcript.steps[:MAX_STEPS]],
        "more": max(0, len(transcript.steps) - MAX_STEPS),
        "last": _page(transcript.last_page, keep),
        "blocked": [shown(address) for address in transcript.blocked[:MAX_ROWS]],
        "errors": [shown(error) for error in outcome.judge_errors[:MAX_ROWS]],
        "timing": _times(outcome.timing),
        "calls": list(_calls(outcome)),
    }
    if isinstance(outcome, OpenOutcome):
        return {**content, "voices": _voices(outcome)}
    return {
        **content,
        "end": None if outcome.end_state is None else _end(outcome.end_state, evidence),
        "findings": [_finding(one) for one in outcome.findings],
        "opinions": [_finding(one) for one in outcome.opinions[:MAX_ROWS]],
    }


def _evidence(outcome: NormOutcome) -> Numbered:
    return [
        (number, one) for number, finding in enumerate(outcome.findings) for one in finding.evidence
    ]


def _of_voices(outcome: OpenOutcome) -> Numbered:
    references = outcome.voices.references if outcome.voices else ()
    return [
        (number, Evidence(where="answer", quote=one.quote, start=max(0, one.start)))
        for number, one in enumerate(references)
    ]


def _marked(text: str, where: str, evidence: Numbered) -> list[list[Any]]:
    whole = composed(text)
    return quoted(whole, spans(whole, [found for found in evidence if found[1].where == where]))


def _step(step: Step, keep: Keep) -> dict[str, Any]:
    given = {key: value for key, value in step.action.items() if key not in ("action", "ref")}
    return {
        "did": shown(str(step.action.get("action", "?"))),
        "on": shown(step.target) if step.target else None,
        "given": [[shown(str(key)), shown(_told(value))] for key, value in given.items()],
        "error": shown(step.error) if step.error else None,
        "at": round(step.at, 1),
        "page": _page(step.observed, keep),
    }


def _told(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _page(page: Observation | None, keep: Keep) -> dict[str, Any] | None:
    if page is None:
        return None
    return {
        "title": shown(page.title),
        "path": shown(_path(page.url)),
        "text": keep(shown(page.text, MAX_PAGE_CHARACTERS)),
        "cut": page.cut,
    }


def _path(url: str) -> str:
    """Return an address without its host, which is the case's own site."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or url


def _end(end: EndState, evidence: Numbered) -> dict[str, Any]:
    return {
        "held": [
            [shown(where), shown(line.title), line.quantity, shown(line.price)]
            for where, line in end.held()[:MAX_ROWS]
        ],
        "written": [
            [shown(where), _marked(text, where, evidence)]
            for where, text, _ in end.written()[:MAX_ROWS]
        ],
        "liked": [
            [shown(vote.topic), shown(vote.text, MAX_TEXT_CHARACTERS)]
            for vote in end.votes[:MAX_ROWS]
        ],
        "changed": [
            [shown(f"{change} in {table}"), count]
            for (table, change), count in Counter(
                (row.table, row.change) for row in end.changed
            ).most_common(MAX_ROWS)
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "question": finding.question,
        "value": value(finding),
        "judge": shown(finding.judge),
        "reason": shown(finding.reason),
        "evidence": [[shown(one.where), shown(one.quote)] for one in finding.evidence[:MAX_ROWS]],
    }


def value(finding: Finding) -> str:
    """Return a finding's value in a word; "-" where the question does not apply."""
    if finding.open:
        return "open"
    if finding.value is None:
        return "-"
    if isinstance(finding.value, bool):
        return "yes" if finding.value else "no"
    return finding.value


def _voices(outcome: OpenOutcome) -> dict[str, Any] | None:
    if outcome.voices is None:
        return None
    return {
        "extractor": shown(outcome.voices.extractor),
        "failed": shown(outcome.voices.failed) if outcome.voices.failed else None,
        "references": [
            [one.perspective, shown(one.quote), one.substantive, one.sentiment]
            for one in outcome.voices.references
        ],
    }


def _times(timing: Timing) -> dict[str, float]:
    parts = ("queued", "site", "browser", "model", "agent", "judging")
    whole = {"whole": round(timing.stopped - timing.started, 2)}
    return {**whole, **{part: round(getattr(timing, part), 2) for part in parts}}


def _calls(outcome: AnyOutcome) -> Iterator[list[Any]]:
    """Yield of the agent's and of the judges' calls how many there were, and their tokens."""
    for whose, calls in (("agent", outcome.transcript.calls), ("judges", outcome.judge_calls)):
        if calls:
            tokens = sum(call.prompt_tokens + call.completion_tokens for call in calls)
            cached = sum(call.cached for call in calls)
            yield [whose, len(calls), tokens, cached]
