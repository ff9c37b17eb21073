"""TOML files that people write: read strictly, each error told with file, field and fix."""

import difflib
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from comity.errors import ConfigurationError, ScenarioError
from comity.schema.base import one_line
from comity.schema.files import plainly, read_text

# Such a file is written by hand; a larger one is a mistake.
MAX_FILE_BYTES = 1024 * 1024
MAX_PROBLEM_CHARACTERS = 1_000

W = TypeVar("W", bound=BaseModel)


def load(
    path: Path,
    word: type[W],
    option: str,
    mended: Callable[[dict[str, Any]], dict[str, Any]] = lambda content: content,
) -> W:
    """Return the `word` that the file `path` describes, which was named by `option`.

    `mended` may put what is written in short at length, before it is checked.

    Raises:
        ConfigurationError: the file cannot be read, or describes none; a line a problem.
    """
    try:
        text = read_text(path, path, MAX_FILE_BYTES)
        return word.model_validate(mended(tomllib.loads(text)))
    except ScenarioError as error:
        problems = [f"{error} ({option})"]
    except ValidationError as error:
        problems = [
            f"{path}: {_field(detail['loc'])}{_mending(word, detail)}"
            for detail in error.errors(include_url=False)
        ]
    except (ValueError, RecursionError) as error:
        problems = [f"{path}: no valid TOML: {error}"]
    raise ConfigurationError(
        "\n".join(one_line(problem, MAX_PROBLEM_CHARACTERS) for problem in problems)
    )


def _field(at: Sequence[str | int]) -> str:
    """Name a field as the file's author knows it: `judge 2: url: `."""
    names: list[str] = []
    for part in at:
        if isinstance(part, int) and names:
            names[-1] += f" {part + 1}"
        else:
            names.append(str(part))
    return "".join(f"{name}: " for name in names)


def _mending(word: type[BaseModel], detail: Any) -> str:
    match detail["type"]:
        case "missing":
            return "is missing; add it"
        case "extra_forbidden":
            known = list(_word_at(word, detail["loc"][:-1]).model_fields)
            near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}"
            return f"unknown field; {hint}"
        case "value_error":
            return str(detail["ctx"]["error"])  # it says what is wrong by itself
        case "tuple_type" if isinstance(detail["input"], dict):
            return f"is a table, and there may be several; write [[{detail['loc'][-1]}]]"
        case _:
            return plainly(detail)


def _word_at(word: type[BaseModel], at: Sequence[str | int]) -> type[BaseModel]:
    """Return the word whose fields stand at `at`."""
    for name in at:
        if isinstance(name, str):
            annotation = word.model_fields[name].annotation
            word = next(
                part
                for part in (annotation, *get_args(annotation))
                if isinstance(part, type) and issubclass(part, BaseModel)
            )
    return word
