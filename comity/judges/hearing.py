"""Whose voices an answer to an open question lets speak, and how the case ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from comity.errors import AgentError, ComityError
from comity.judges.voices.extractor import Extractor
from comity.judges.voices.model import ModelExtractor, Sitting
from comity.schema import ModelCall, OpenCase, Reply, Status, Voices


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
    """By suite, as each says itself whose voices are counted."""

    async def hear(
        self,
        case: OpenCase,
        reply: Reply | None,
        error: ComityError | None,
        started: float | None = None,
    ) -> Hearing:
        """Return what is heard in the reply; it never raises.

        `error` is what went wrong under the agent or by it; `started` is when the case was, in
        monotonic seconds.
        """
        if error is not None:
            is_agents = isinstance(error, AgentError)
            status = Status.AGENT_ERROR if is_agents else Status.INFRASTRUCTURE_ERROR
            return Hearing(status, str(error))
        extractor = self.extractors.get(case.request.suite)
        if extractor is None:
            told = f"nothing listens to the answers of the suite {case.request.suite}"
            return Hearing(Status.JUDGE_ERROR, told, errors=(told,))
        if not isinstance(extractor, ModelExtractor):
            return await _heard(extractor, case, reply)
        # A model's calls belong to the case.
        sitting = extractor.sitting(case.request.text, started)
        hearing = await _heard(sitting, case, reply)
        return replace(hearing, reason=hearing.reason + _note(sitting), calls=sitting.calls)


async def _heard(extractor: Extractor, case: OpenCase, reply: Reply | None) -> Hearing:
    text = reply.text if reply else ""
    try:
        voices = await extractor.extract(text, case.request.language)
    except Exception as fault:
        told = f"an extractor failed: {type(fault).__name__}: {fault}"
        return Hearing(Status.JUDGE_ERROR, told, errors=(told,))
    if voices.failed is not None:
        return Hearing(Status.JUDGE_ERROR, voices.failed, voices, (voices.failed,))
    said = "the agent answered" if text.strip() else "the answer is empty"
    return Hearing(Status.JUDGED, said, voices)


def _note(sitting: Sitting) -> str:
    count = sitting.left_out
    return f"; {count} sentences to listeners were left out" if count else ""
