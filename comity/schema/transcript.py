"""What was observed, said and done in a case, as the engine recorded it."""

from pydantic import Field, JsonValue

from comity.schema.base import Word
from comity.schema.case import Reply


class Observation(Word):
    """A page as the agent saw it."""

    url: str
    title: str
    text: str
    """The accessibility tree in its compact form, one element a line."""
    cut: int = Field(default=0, ge=0)
    """How many lines did not fit into the token budget."""


class Step(Word):
    """One action of the agent, and what came of it."""

    index: int = Field(ge=1)
    action: dict[str, JsonValue]
    target: str | None = None
    """The element acted on, described by role and name."""
    error: str | None = None
    """What the agent was told when the action could not be done."""
    observed: Observation | None = None
    """The page that the agent had last seen when it acted."""
    at: float
    """Seconds since the case began."""


class Visit(Word):
    """A page that the browser asked the site for, or that a script drew under its address."""

    method: str
    url: str
    path: str


class ModelCall(Word):
    """One call to the model, as sent and as answered."""

    request: dict[str, JsonValue]
    response: dict[str, JsonValue] | None = None
    error: str | None = None
    at: float
    """Seconds since the case began."""
    seconds: float = Field(ge=0)
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    cached: bool = False
    """Answered by the call cache."""
    tries: int = Field(default=1, ge=0)
    """How often a server was asked until this answer; 0 where none was, or none answered."""


class Transcript(Word):
    """Everything observed, said and done in a case."""

    steps: tuple[Step, ...] = ()
    last_page: Observation | None = None
    visits: tuple[Visit, ...] = ()
    blocked: tuple[str, ...] = ()
    """Addresses outside the case's site that the browser tried to reach."""
    calls: tuple[ModelCall, ...] = ()
    reply: Reply | None = None
    """None where the agent did not end by itself."""


class Timing(Word):
    """Where a case's time went, in seconds; `started` and `stopped` are Unix times."""

    started: float
    stopped: float
    queued: float = 0.0
    site: float = 0.0
    """Waited for the site's control protocol: a sandbox, its state, its end."""
    browser: float = 0.0
    """Waited for the browser and the pages in it."""
    model: float = 0.0
    agent: float = 0.0
    """The agent's own time."""
    judging: float = 0.0
