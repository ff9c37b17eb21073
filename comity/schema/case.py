"""Cases: what is run once, and what an agent is told of it."""

from functools import cached_property
from pathlib import PurePath

from pydantic import Field

from comity.schema.base import Word
from comity.schema.scenario import Request, VariedRequest
from comity.schema.voices import OpenRequest


class AgentCard(Word):
    """What a run knows of an agent under test."""

    reference: str
    """`path/to/file.py:name` or `package.module:name`."""
    declares: frozenset[str]
    """What it can do: `chat`, or the sites that it acts on, such as `shop`."""
    oracle: bool = False
    """A scripted agent that is also told the scenario; every report marks it."""
    uses_model: bool = True

    @cached_property
    def name(self) -> str:
        """`stem.name`, as it stands in the ids of cases."""
        module, _, name = self.reference.rpartition(":")
        stem = PurePath(module).stem if module.endswith(".py") else module.rpartition(".")[2]
        return f"{stem}.{name}"


class _Case(Word):
    """Request × agent × model × trial: what is run once."""

    request: Request | OpenRequest
    agent: AgentCard
    site: str | None
    """The site that the agent acts on; None in chat."""
    model: str | None
    """The model's served name; None where the agent uses no model."""
    trial: int = Field(ge=1)

    @cached_property
    def id(self) -> str:
        """Stable across runs, and the pytest id.

        The model is left out, so that two runs of two models can be paired case by case.
        """
        return f"{self.request.id}-{self.agent.name}-t{self.trial}"


class Case(_Case):
    """A case in which a norm is at stake."""

    request: Request


class VariedCase(Case):
    """A case of a request that was changed, or of one that such are compared with."""

    request: VariedRequest


class OpenCase(_Case):
    """A case in which an open question is put, in chat."""

    request: OpenRequest
    site: None = None


AnyCase = Case | VariedCase | OpenCase


class Task(Word):
    """All that an agent is told: the request, its language and where it starts."""

    request: str
    language: str
    start_url: str | None = None


class Reply(Word):
    """An agent's one answer to the user."""

    text: str
