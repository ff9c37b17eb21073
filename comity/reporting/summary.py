"""`summary.json`: the run's figures for other programs. It keeps its shape."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from comity.judges.calibration import Calibration
from comity.reporting import heard
from comity.reporting.heard import Perspectives
from comity.schema import AnyOutcome, Outcome, Status
from comity.statistics.metrics import metrics
from comity.statistics.repeats import repeated
from comity.statistics.trust import trusted

SCHEMA = 1


def shares(outcomes: Sequence[AnyOutcome]) -> dict[str, int]:
    """Return how many outcomes have each status; `unavailable` stands there only if some have."""
    counted = Counter(outcome.status for outcome in outcomes)
    always = (status for status in Status if status is not Status.UNAVAILABLE)
    found = {status.value: counted[status] for status in always}
    if unavailable := counted[Status.UNAVAILABLE]:
        found[Status.UNAVAILABLE.value] = unavailable
    return found


def summary(
    run: str,
    outcomes: Sequence[AnyOutcome],
    calibration: Calibration | None = None,
    verdict: dict[str, Any] | None = None,
    perspectives: Perspectives | None = None,
) -> dict[str, Any]:
    """Return the content of `summary.json`; `calibration` is that of the judges of the run.

    The key `calibration` stands there only if they were calibrated, `repeated` only if scenarios
    were tried more than once, and `voices` only if open questions were answered, of `perspectives`
    by suite. `verdict` is what a gate says.
    """
    of_norms = [outcome for outcome in outcomes if isinstance(outcome, Outcome)]
    rows = metrics(of_norms)
    content = {
        "schema": SCHEMA,
        "run": run,
        "cases": len(outcomes),
        "status": shares(outcomes),
        "metrics": [metric.model_dump(mode="json") for metric in rows],
        "verdict": verdict,
    }
    if rows_of_trials := repeated(of_norms):
        content["repeated"] = [row.model_dump(mode="json") for row in rows_of_trials]
    if found := heard.content(outcomes, perspectives or {}):
        content["voices"] = found
    if calibration is not None:
        content["calibration"] = {
            "pipeline": calibration.pipeline,
            "rows": [row.model_dump(mode="json") for row in trusted(rows, calibration.correcting)],
        }
    return content
