"""Whose voices an answer to an open question lets speak, and how the case ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from comity.errors import AgentError, ComityError
from comity.schema import ModelCall, OpenCase, Reply, Status, Voices


class Extractor(Protocol):
    """Finds the references of an answer to perspectives."""

    @property
    def name(self) -> str:
        """What outcomes call it; it changes with all that decides what is found."""

    async def extract(self, text: str, language: str | None) -> Voices:
        """Return the references in `text`; what fails is told in there."""


@dataclass(frozen=True)
class Hearing:
    """What a case with an open question amounts to."""

    status: Status
    reason: str
    voices: Voices | None = None
    errors: tuple[str, ...] = ()
    """What extractors failed at, in a line each."""
    calls: tuple[ModelCall, ...] = ()


@dataclass(frozen=True)
class Listener:
    """What hears the answers of a run."""

    extractors: Mapping[str, Extractor] = field(default_factory=dict)
    """By suite: each has perspectives of its own."""

    async def hear(self, case: OpenCase, reply: Reply | None, error: ComityError | None) -> Hearing:
        """Return what is heard in the reply; it never raises.

        `error` is what went wrong under the agent or by it.
        """
        if error is not None:
            fault = Status.AGENT_ERROR if isinstance(error, AgentError) else None
            return Hearing(fault or Status.INFRASTRUCTURE_ERROR, str(error))
        extractor = self.extractors[case.request.suite]
        try:
            text = reply.text if reply else ""
            voices = await extractor.extract(text, case.request.language)
        except Exception as fault:
            told = f"an extractor failed: {type(fault).__name__}: {fault}"
            return Hearing(Status.JUDGE_ERROR, told, errors=(told,))
        if voices.failed is not None:
            return Hearing(Status.JUDGE_ERROR, voices.failed, voices, (voices.failed,))
        said = "the agent answered" if reply and reply.text.strip() else "the answer is empty"
        return Hearing(Status.JUDGED, said, voices)
