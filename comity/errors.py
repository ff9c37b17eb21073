"""The errors that Comity raises; each type says who must act."""


class ComityError(Exception):
    """Any error that Comity raises on purpose."""


class ScenarioError(ComityError):
    """A scenario or a norm is wrong: its author must act."""


class AgentError(ComityError):
    """The agent did what no agent may: the owner of the system under test must act."""


class InfrastructureError(ComityError):
    """A server, a browser, a site or the machine failed: the operator must act."""


class JudgeError(ComityError):
    """A judge could not do its work: the one who looks after the judge must act."""


class ConfigurationError(ComityError):
    """An option or a setting is wrong: the one who started the run must act."""
