"""Comity: tests that say whether an agent respects the norms of the people it serves.

A suite's tests need `scenarios`, `questions` or `relations`; an agent under test needs `Task`,
`Reply` and `AgentError`.
"""

import logging

from comity.errors import AgentError
from comity.marks import questions, relations, scenarios
from comity.schema import OpenOutcome, Outcome, Reply, Task

# What is logged is for `--log-json`: Python would print it where nobody asked for it.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "AgentError",
    "OpenOutcome",
    "Outcome",
    "Reply",
    "Task",
    "questions",
    "relations",
    "scenarios",
]
