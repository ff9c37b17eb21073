"""JUnit: each test's item says which case it is over, and what was found."""

from collections.abc import Iterator

import pytest

from comity.schema import AnyOutcome, NormOutcome, OpenCase


def is_asked_for(config: pytest.Config) -> bool:
    """Return whether the session writes JUnit's file; a worker's reports travel to who does."""
    return bool(config.getoption("xmlpath", None))


def properties(outcome: AnyOutcome, run: str) -> Iterator[tuple[str, str]]:
    """Yield the properties of a test over a case of the run `run`.

    A finding is `true`, `false`, `open` or one of its question's words; one that does not apply
    has none. Nothing here is a model's own text.
    """
    case = outcome.case
    yield "run", run
    yield "case", case.id
    yield "suite", case.request.suite
    if isinstance(case, OpenCase):
        yield "question", case.request.question.id
        yield "domain", case.request.question.domain
        yield "language", case.request.language
    else:
        norm, scenario = case.request.norm, case.request.scenario
        yield "scenario", scenario.id
        yield "norm", norm.id
        yield "mode", case.request.mode.value
        yield "culture", norm.culture
        yield "domain", norm.domain
        yield "severity", norm.severity
        yield "language", scenario.language
    yield "agent", case.agent.reference
    yield "oracle", str(case.agent.oracle).lower()
    yield "model", case.model or "none"
    yield "site", case.site or "chat"
    yield "trial", str(case.trial)
    yield "status", outcome.status.value
    if isinstance(outcome, NormOutcome):
        for finding in outcome.findings:
            if finding.open:
                yield f"finding.{finding.question}", "open"
            elif finding.value is not None:
                yield f"finding.{finding.question}", str(finding.value).lower()
