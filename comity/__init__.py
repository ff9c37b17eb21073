"""Comity: tests that say whether an agent respects the norms of the people it serves.

A suite's tests need `scenarios`; an agent under test needs `Task`, `Reply` and `AgentError`.
"""

from comity.errors import AgentError
from comity.marks import scenarios
from comity.schema import Outcome, Reply, Task

__all__ = ["AgentError", "Outcome", "Reply", "Task", "scenarios"]
