"""What a run has kept, read back: its facts and its outcomes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from comity.errors import InfrastructureError
from comity.run.journal import whole_lines
from comity.schema import AnyOutcome

RUN_FILE = "run.json"
OUTCOMES_FILE = "outcomes.jsonl"

# What a line says beside the outcome, for readers of the file.
ADDED = ("case_id", "reply", "transcript")

_OUTCOME: TypeAdapter[AnyOutcome] = TypeAdapter(AnyOutcome)


class Facts(BaseModel):
    """What is read again of a run's `run.json`."""

    model_config = ConfigDict(frozen=True)

    run: str
    """The run's id, whatever its folder is called now."""
    pipeline: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The hash of the judges, which their calibration is kept under."""
    selected: tuple[str, ...] = ()
    """The ids of the cases that were to be run, those of other shards among them."""
    perspectives: dict[str, list[str]] = {}
    """By suite of open questions, the ids of the perspectives that are counted."""
    resumed: tuple[dict[str, Any], ...] = ()
    """When the run was gone on with, and how much of it stood then."""


def read_facts(folder: Path) -> Facts:
    """Return what explains the run in `folder`.

    Raises:
        InfrastructureError: it holds no run, or one that is damaged or not of this version.
    """
    path = folder / RUN_FILE
    try:
        return Facts.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise InfrastructureError(f"{folder} is no run: it has no {RUN_FILE}") from None
    except OSError as error:
        raise InfrastructureError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = "".join(f"{part}: " for part in detail["loc"])
        raise InfrastructureError(f"{path} cannot be read: {field}{detail['msg']}") from None


def all_facts(folder: Path) -> dict[str, Any]:
    """Return everything in the `run.json` of the run in `folder`.

    Raises:
        InfrastructureError: as `read_facts` does.
    """
    read_facts(folder)  # says what is wrong, in words
    path = folder / RUN_FILE
    try:
        facts: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InfrastructureError(f"{path} cannot be read: {error}") from None
    return facts


class Line(NamedTuple):
    """A line about a case."""

    number: int
    case_id: str
    text: str
    content: dict[str, Any]


def read(folder: Path, *, evidence: bool = True) -> Iterator[AnyOutcome]:
    """Yield the outcomes that a run has kept in `folder`, in the order in which they finished.

    Without `evidence` they have neither transcript nor end state, and are read far sooner.

    Raises:
        InfrastructureError: a file of the run is missing, damaged or not of this version.
    """
    for line in last_lines(folder):
        yield outcome_of(folder, line, evidence=evidence)


def last_lines(folder: Path) -> list[Line]:
    """Return the lines that count: the last of each case, in the order in which they were written.

    Raises:
        InfrastructureError: the run's files cannot be read.
    """
    last: dict[str, Line] = {}
    for line in all_lines(folder):
        last.pop(line.case_id, None)
        last[line.case_id] = line
    return list(last.values())


def all_lines(folder: Path) -> Iterator[Line]:
    """Yield the lines of a run, also those that later ones take the place of.

    Raises:
        InfrastructureError: the run's files cannot be read.
    """
    path = folder / OUTCOMES_FILE
    try:
        if not (folder / RUN_FILE).is_file():
            raise InfrastructureError(f"{folder} is no run: it has no {RUN_FILE}")
        lines = whole_lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InfrastructureError(f"{path} cannot be read: {error}") from None
    for number, text in enumerate(lines, 1):
        try:
            content = json.loads(text)
            yield Line(number, str(content["case_id"]), text, content)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _damaged(folder, number, error) from None


def outcome_of(folder: Path, line: Line, *, evidence: bool = True) -> AnyOutcome:
    """Return the outcome that a line tells of, together with its evidence where that is asked.

    Raises:
        InfrastructureError: the line is damaged or not of this version, or its evidence is.
    """
    try:
        content = dict(line.content)
        added = {name: content.pop(name) for name in ADDED}
        if evidence:
            content |= json.loads(inside(folder, added["transcript"]).read_text("utf-8"))
        return _OUTCOME.validate_python(content)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(folder, line.number, error) from None


def inside(folder: Path, name: str) -> Path:
    """Return where the file of a run is that a line of it names.

    Raises:
        ValueError: it is no file of the run's.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{name} lies outside of the run")
    return path


def _damaged(folder: Path, number: int, error: Exception) -> InfrastructureError:
    reason = (
        f"{error.error_count()} fields are not as this version writes them"
        if isinstance(error, ValidationError)
        else f"{type(error).__name__}: {error}"
    )
    path = folder / OUTCOMES_FILE
    return InfrastructureError(f"{path}, line {number}, cannot be read: {reason}")
