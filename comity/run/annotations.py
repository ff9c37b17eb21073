"""What people say of a run's cases: a file for each annotator, a line for each label.

A label is on the disk before the next question is asked. The last line about a case and a question
counts, so that nothing that was ever said is lost.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout
from pydantic import ValidationError, model_validator

from comity.errors import ConfigurationError, InfrastructureError
from comity.judges.questions import QUESTIONS, Asked, definitions
from comity.run.journal import Journal, whole_lines
from comity.schema import Case, Mode, Word

FOLDER = "annotations"
CANNOT_TELL = "cannot-tell"
WITHDRAWN = "withdrawn"

# A name is a file's name on every system, and no option of a command.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")

Key = tuple[str, Asked]
"""The id of a case, and a question about it."""
Said = dict[Key, str]
"""What one annotator's labels come to, in the order in which they were last given."""


class Label(Word):
    """One line of an annotator's file."""

    case_id: str
    question: Asked
    version: int
    """Of the question's definition: what was said of another meaning answers nothing."""
    answer: str
    """One of the definition's answers, `cannot-tell`, or `withdrawn`."""
    at: float

    @model_validator(mode="after")
    def _answers_the_question(self) -> Self:
        definition = definitions()[self.question]
        known = (*definition.answers, CANNOT_TELL, WITHDRAWN)
        if self.version == definition.version and self.answer not in known:
            raise ValueError(f"{self.answer!r} does not answer {self.question!r}")
        return self


def applies(question: Asked, case: Case, said: Mapping[Asked, str]) -> bool:
    """Return whether `question` is asked of `case`, by what its annotator has `said` of it."""
    request = case.request
    if question == "educated":
        return said.get("aware") == "yes"
    if question == "over_flagged":
        return request.mode in (Mode.CONTRAST, Mode.ADHERE)
    if question == "breach_in_text":
        return case.site is None and request.at_stake
    return True


def about(said: Said, case: str) -> dict[Asked, str]:
    """Return what was said of one case."""
    return {question: said[case, question] for question in QUESTIONS if (case, question) in said}


def in_order(run: str, cases: Iterable[str]) -> list[str]:
    """Return ids of cases in the one random order that all annotators of a run go by.

    However far they come, what they have labelled is a random sample of the run. By hashes, so that
    a case that is still to come moves no other.
    """
    return sorted(cases, key=lambda case: hashlib.sha256(f"{run}\0{case}".encode()).digest())


class Labels:
    """The labels of one annotator, whose file this process alone writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said = read(path)
        self._journal = Journal(path)

    def keep(self, case: str, question: Asked, answer: str) -> None:
        """Keep a label, on the disk, in the place of an earlier one.

        Raises:
            InfrastructureError: the disk refuses; the label is not kept.
        """
        version = definitions()[question].version
        label = Label(
            case_id=case, question=question, version=version, answer=answer, at=time.time()
        )
        try:
            self._journal.append([label.model_dump_json().encode()])
        except OSError as error:
            raise InfrastructureError(
                f"the label cannot be kept in {self.path}: {error.strerror}; those before it are"
            ) from None
        _take(self.said, label)

    def withdraw(self, case: str, question: Asked) -> None:
        """Take a label back.

        Raises:
            InfrastructureError: the disk refuses; the label stands.
        """
        self.keep(case, question, WITHDRAWN)


@contextmanager
def labels_of(folder: Path, annotator: str) -> Iterator[Labels]:
    """Hold the labels that `annotator` gives to the run in `folder`.

    Raises:
        ConfigurationError: the name is none, or another process labels under it.
        InfrastructureError: the file cannot be read or written.
    """
    if not _NAME.fullmatch(annotator):
        raise ConfigurationError(
            f"{annotator!r} is no annotator's name: up to 64 letters, digits and hyphens, "
            "such as anna or rater-2"
        )
    path = _place(folder, annotator)
    lock = FileLock(path.with_name(f".{annotator}.lock"))
    try:
        path.parent.mkdir(exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(
            f"{annotator} labels this run already, in another terminal; go on there, end it, or "
            "take another name"
        ) from None
    except OSError as error:
        raise InfrastructureError(
            f"labels cannot be kept in {path.parent}: {error.strerror or error}; make it writable"
        ) from None
    try:
        yield Labels(path)
    finally:
        lock.release()


def annotators(folder: Path) -> list[str]:
    """Return who has labelled the run in `folder`.

    Raises:
        ConfigurationError: a file is not called after an annotator, as a copy of one is not.
    """
    found = sorted(path for path in (folder / FOLDER).glob("*.jsonl"))
    for path in found:
        if not _NAME.fullmatch(path.stem):
            raise ConfigurationError(
                f"{path} is no file of an annotator's: the name has letters, digits and hyphens; "
                "take it away, or call it after who gave the labels"
            )
    return [path.stem for path in found]


def said_by(folder: Path, annotator: str) -> Said:
    """Return what an annotator has said of the run in `folder`.

    Raises:
        InfrastructureError: the file cannot be read.
    """
    return read(_place(folder, annotator))


def _place(folder: Path, annotator: str) -> Path:
    return folder / FOLDER / f"{annotator}.jsonl"


def read(path: Path) -> Said:
    """Return what the lines of a file come to; one that is not there has none.

    Raises:
        InfrastructureError: it cannot be read, or a line of it is not as this version writes them.
    """
    said: Said = {}
    try:
        lines = whole_lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InfrastructureError(f"{path} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            label = Label.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            reason = f"{where}: {first['msg']}" if where else first["msg"]
            raise InfrastructureError(
                f"{path}, line {number}, is no label: {reason}; mend it or take it away"
            ) from None
        _take(said, label)
    return said


def _take(said: Said, label: Label) -> None:
    key = (label.case_id, label.question)
    said.pop(key, None)  # what is said again is said last
    if label.answer != WITHDRAWN and label.version == definitions()[label.question].version:
        said[key] = label.answer
