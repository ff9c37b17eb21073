"""Allure's results of a stored run: one a case, since a run keeps outcomes and not its tests.

Requests that were changed to see whether the verdict changes have none.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comity import disk
from comity.reporting import allure
from comity.reporting.faults import Fault, faults
from comity.run import store
from comity.schema import AnyOutcome, Outcome, Status, VariedOutcome
from comity.schema.base import printable

MAX_EVIDENCE_BYTES = 32 * 1024 * 1024
"""What a page carries of evidence, so that browsers open it: 5,000 cases make 60 MB without any. Of
a run that has more, the cases without a fault have only their story once half of it is spent, and
all others once all of it is."""
MAX_CHARACTERS = 1_000
_BROKEN = (Status.INFRASTRUCTURE_ERROR, Status.JUDGE_ERROR)
_SKIPPED = (Status.DORMANT, Status.UNAVAILABLE)


def write(run: Path, into: Path) -> tuple[int, float]:
    """Write the results of the run to the folder `into`.

    Return how many cases have no more than their story, and when the last case ended.

    Raises:
        InfrastructureError: the run cannot be read.
        OSError: the folder cannot be written.
    """
    spent, cut, ended = 0, 0, 0.0
    is_large = _weight(run) > MAX_EVIDENCE_BYTES
    for outcome in store.read(run):
        if isinstance(outcome, VariedOutcome):
            continue  # what they come to is compared with others, and drawn anew in each run
        found = faults(outcome)
        kept = list(allure.evidence(outcome, run))
        if is_large and spent > (MAX_EVIDENCE_BYTES if found else MAX_EVIDENCE_BYTES / 2):
            kept, cut = kept[:1], cut + 1
        spent += sum(len(content) for *_, content in kept)
        attachments = [
            {"name": name, "type": mime, "source": _file(into, kind, content)}
            for name, kind, mime, content in kept
        ]
        result = _result(outcome, found, attachments)
        content = json.dumps(result, ensure_ascii=False).encode()
        disk.write(f"{into}/{uuid.uuid4()}-result.json", content)
        ended = max(ended, outcome.timing.stopped)
    return cut, ended


def _weight(run: Path) -> int:
    """Return how much evidence the run has, as it lies there."""
    kept = (path for part in ("transcripts", "screenshots") for path in (run / part).glob("*"))
    return sum(path.stat().st_size for path in kept)


def _file(into: Path, kind: str, content: bytes) -> str:
    source = f"{uuid.uuid4()}-attachment.{kind}"
    disk.write(f"{into}/{source}", content)
    return source


def _result(
    outcome: AnyOutcome, found: list[Fault], attachments: list[dict[str, str]]
) -> dict[str, Any]:
    case = outcome.case
    return {
        "uuid": str(uuid.uuid4()),
        "name": case.id,
        "fullName": case.id,
        # What Allure's history goes by, together with the parameters that are not excluded.
        "testCaseId": case.id,
        "status": _status(outcome, found),
        "statusDetails": {
            "message": printable(_message(outcome, found), MAX_CHARACTERS),
            "trace": outcome.story() if found else "",
        },
        "start": round(outcome.timing.started * 1000),
        "stop": round(outcome.timing.stopped * 1000),
        "labels": [{"name": name, "value": value} for name, value in allure.labels(outcome)],
        "parameters": [{"name": "model", "value": case.model or "none", "excluded": True}],
        "steps": list(_steps(outcome, found)),
        "attachments": attachments,
    }


def _status(outcome: AnyOutcome, found: list[Fault]) -> str:
    if outcome.status in _SKIPPED:
        return "skipped"
    if outcome.status in _BROKEN:
        return "broken"
    return "failed" if found else "passed"


def _message(outcome: AnyOutcome, found: list[Fault]) -> str:
    if found:
        return f"{', '.join(fault.what for fault in found)}: {found[0].why}"
    return "" if outcome.status is Status.JUDGED else f"{outcome.status}: {outcome.reason}"


def _steps(outcome: AnyOutcome, found: list[Fault]) -> Iterator[dict[str, Any]]:
    """Yield a step for each finding; those that are faults have failed."""
    if not isinstance(outcome, Outcome):
        return
    wrong = {fault.question for fault in found}
    at = round(outcome.timing.stopped * 1000)
    for finding in outcome.findings:
        if finding.value is None and not finding.open:
            continue
        value = "open" if finding.open else str(finding.value).lower()
        name = f"{finding.question}: {value} ({finding.judge}: {finding.reason})"
        failed = "failed" if finding.question in wrong else "passed"
        status = "skipped" if finding.open else failed
        yield {
            "name": printable(name, MAX_CHARACTERS),
            "status": status,
            "start": at,
            "stop": at,
        }
