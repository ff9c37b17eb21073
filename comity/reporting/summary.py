"""`summary.json`: the run's figures for other programs. It keeps its shape."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from comity.schema import Outcome, Status
from comity.statistics.metrics import metrics

SCHEMA = 1


def shares(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return how many outcomes have each status."""
    counted = Counter(outcome.status for outcome in outcomes)
    return {status.value: counted[status] for status in Status}


def summary(run: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the content of `summary.json`."""
    return {
        "schema": SCHEMA,
        "run": run,
        "cases": len(outcomes),
        "status": shares(outcomes),
        "metrics": [metric.model_dump(mode="json") for metric in metrics(outcomes)],
        "verdict": None,
    }
