"""What can go wrong, sorted by who must act.

    ComityError
    ├── ScenarioError         the author of a suite: a YAML file says something that cannot be
    ├── ConfigurationError    whoever started the run: an option, an agent reference, a missing part
    ├── AgentError            the system under test: it acted invalidly, or ran out of steps or time
    ├── InfrastructureError   the operator: a server, browser, site or disk failed
    └── JudgeError            the judge: it could not do its work

An agent's or a model's behaviour is a result and never ends a run; trouble of ours is never
reported as the agent's failing. Every message stands by itself: it says what is wrong and the fix.
"""


class ComityError(Exception):
    """The root of all errors that Comity raises on purpose."""


class ScenarioError(ComityError):
    """A suite's file is wrong; its author must act. The message names file, line, field and fix."""


class ConfigurationError(ComityError):
    """The run cannot start as it was asked for; whoever started it must act."""


class AgentError(ComityError):
    """The system under test acted invalidly, or ran out of steps or of its own time."""


class InfrastructureError(ComityError):
    """A server, a browser, a site or a disk failed; the operator must act."""


class JudgeError(ComityError):
    """A judge could not do its work; its author or its model must be looked at."""
