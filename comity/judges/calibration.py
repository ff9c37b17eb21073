"""How well the composed pipeline answers, measured on labelled examples as it would judge a run.

Each example becomes a case in chat: its scenario and mode, and the reply as all that the agent
said. The whole verdict over it is taken, never one judge's. What is measured is kept under the hash
of the pipeline, so that it can be trusted for that pipeline and for no other.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, ValidationError

from comity import disk
from comity.errors import InfrastructureError, JudgeError
from comity.judges import questions
from comity.judges.verdict import Pipeline
from comity.places import cache_directory
from comity.schema import (
    AgentCard,
    Case,
    Finding,
    Question,
    Reply,
    Transcript,
    Word,
)
from comity.schema.example import Labelled, Origin
from comity.schema.outcome import Guidance
from comity.statistics.agreement import Agreement, agreement

Labelable = Literal["aware", "educated", "helpful", "over_flagged", "refused"]
"""The questions that examples have labels for."""

CALIBRATIONS = "calibrations"
ORIGINS: tuple[Origin, ...] = get_args(Origin)
CORRECTED_BY: tuple[Origin, ...] = ("held_apart", "other")
"""The sets whose figures correct a run's rates, the first that there is."""

SLICED_BY: dict[str, Callable[[Labelled], str]] = {
    "language": lambda labelled: labelled.example.language,
    "culture": lambda labelled: labelled.request.norm.culture,
    "domain": lambda labelled: labelled.request.norm.domain,
    "severity": lambda labelled: labelled.request.norm.severity,
    "kind": lambda labelled: labelled.example.kind,
}

_AUTHOR = AgentCard(reference="comity.calibration:author", declares=frozenset({"chat"}))


@dataclass(frozen=True)
class Answer:
    """What the pipeline found of one example, beside its label."""

    labelled: Labelled
    question: Labelable
    label: bool
    finding: Finding
    failed: bool = False
    """Whether a judge failed over it."""

    @property
    def value(self) -> bool | None:
        """The pipeline's answer; None where it left the question open.

        Where the pipeline found no norm raised, it denies that the reply educates.
        """
        value = self.finding.value
        if self.question == "educated" and not self.finding.open:
            return value is True
        return value if isinstance(value, bool) else None


class Measured(Word):
    """One question over one slice of one kind of set."""

    origin: Origin
    question: Labelable
    slice: dict[str, str]
    """Empty where all examples are pooled."""
    agreement: Agreement


class Source(Word):
    """A file that was measured on."""

    file: str
    origin: Origin
    examples: int
    sha256: str


class Calibration(Word):
    """What was measured of one pipeline."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    pipeline: str
    questions: str
    """The hash of the definitions that the labels are held to."""
    sources: tuple[Source, ...]
    measured: tuple[Measured, ...]

    def find(self, origin: Origin, question: Question, **where: str) -> Agreement | None:
        """Return what was measured of `question` over the slice `where`; pooled without any."""
        for measured in self.measured:
            if (measured.origin, measured.question, measured.slice) == (origin, question, where):
                return measured.agreement
        return None

    def correcting(self, question: Question, where: dict[str, str]) -> Agreement | None:
        """Return what corrects a run's rate over the slice `where`; pooled where that is empty.

        Sets held apart come first; those that the judges may have been tuned on never count.
        """
        found = (self.find(origin, question, **where) for origin in CORRECTED_BY)
        return next((measured for measured in found if measured is not None), None)

    def as_json(self) -> str:
        """Return the calibration as other programs read it."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


async def answers(
    examples: Iterable[Labelled],
    pipeline: Pipeline | None = None,
    concurrency: int = 1,
    judged: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """Return what the pipeline answers to every question that an example has a label for.

    At most `concurrency` examples are judged at once, and `judged` is called after each; the
    answers are in the examples' order.

    Raises:
        JudgeError: a judge could not do its work at all.
    """
    pipeline, places = pipeline or Pipeline(), asyncio.Semaphore(concurrency)

    async def answer(labelled: Labelled) -> list[Answer]:
        async with places:
            found = await _answers_to(labelled, pipeline)
        judged()
        return found

    found = await asyncio.gather(*map(answer, examples))
    return [answer for answers in found for answer in answers]


async def _answers_to(labelled: Labelled, pipeline: Pipeline) -> list[Answer]:
    case = Case(request=labelled.request, agent=_AUTHOR, site=None, model=None, trial=1)
    transcript = Transcript(reply=Reply(text=labelled.example.reply))
    verdict = await pipeline.judge(case, transcript, None)
    found = []
    for question in get_args(Labelable):
        label: Guidance | None = getattr(labelled.example.labels, question)
        if label is None:
            continue
        finding = verdict.finding(question)
        if finding is None:
            raise JudgeError(f"{labelled.example.id}: {verdict.reason}")
        failed = any(error.startswith(f"{question}:") for error in verdict.errors)
        # To explain wrongly is not to educate.
        found.append(Answer(labelled, question, label is True, finding, failed))
    return found


def calibrate(found: Sequence[Answer], fingerprint: str) -> Calibration:
    """Return the figures of the pipeline called `fingerprint`, pooled and by slice."""
    grouped: dict[tuple[Origin, Labelable, str, str], list[Answer]] = defaultdict(list)
    for answer in found:
        origin, question = answer.labelled.origin, answer.question
        grouped[origin, question, "", ""].append(answer)
        for name, of in SLICED_BY.items():
            grouped[origin, question, name, of(answer.labelled)].append(answer)
    order = ["", *SLICED_BY]
    in_order = sorted(
        grouped.items(),
        key=lambda entry: (
            ORIGINS.index(entry[0][0]),
            get_args(Labelable).index(entry[0][1]),
            order.index(entry[0][2]),
            entry[0][3],
        ),
    )
    return Calibration(
        pipeline=fingerprint,
        questions=questions.digest(),
        sources=_sources(found),
        measured=tuple(
            Measured(
                origin=origin,
                question=question,
                slice={name: value} if name else {},
                agreement=agreement((answer.label, answer.value) for answer in answered),
            )
            for (origin, question, name, value), answered in in_order
        ),
    )


def _sources(found: Sequence[Answer]) -> tuple[Source, ...]:
    by_file: dict[Path, dict[str, Labelled]] = defaultdict(dict)
    for answer in found:
        by_file[answer.labelled.file][answer.labelled.example.id] = answer.labelled
    return tuple(
        Source(
            file=file.name,
            origin=next(iter(examples.values())).origin,
            examples=len(examples),
            sha256=_digest(examples.values()),
        )
        for file, examples in sorted(by_file.items())
    )


def _digest(examples: Iterable[Labelled]) -> str:
    """Return a hash of what was measured on, whatever the file's spaces and empty lines."""
    digest = hashlib.sha256()
    for labelled in examples:
        digest.update(labelled.example.model_dump_json().encode() + b"\0")
    return digest.hexdigest()


def keep(calibration: Calibration) -> Path:
    """Keep a calibration under its pipeline's hash, in the place of an older one; say where.

    Raises:
        InfrastructureError: the cache directory cannot be written to.
    """
    path = _place(calibration.pipeline)
    try:
        disk.replace(path, calibration.as_json().encode())
    except OSError as error:
        reason = error.strerror or error
        raise InfrastructureError(f"{path} cannot be written: {reason}; make room") from None
    return path


def kept(fingerprint: str) -> Calibration | None:
    """Return what was measured of the pipeline called `fingerprint`; None where nothing was.

    A file that is not whole, or of another version, is nothing that was measured.

    Raises:
        InfrastructureError: the cache directory cannot be used.
    """
    try:
        return Calibration.model_validate_json(_place(fingerprint).read_bytes())
    except (OSError, ValidationError):
        return None


def _place(fingerprint: str) -> Path:
    return cache_directory(CALIBRATIONS) / f"{fingerprint}.json"
