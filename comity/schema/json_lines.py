"""JSON Lines that people and programs write: read strictly, every problem told with its line."""

import json
from pathlib import Path
from typing import Any

from comity.errors import ScenarioError
from comity.schema.files import Document, Path_, read_text

# Ten thousand long replies; what is larger is another file.
MAX_FILE_BYTES = 32 * 1024 * 1024


def read(path: Path, shown: Path, problems: list[str]) -> Document:
    """Return the objects of the file `path`, which messages call `shown`, as a list of entries.

    Lines that hold no object are noted in `problems`, and left out; empty lines are nothing.

    Raises:
        ScenarioError: the file cannot be read, is no UTF-8, or is too large.
    """
    if path.exists() and not path.is_file():
        raise ScenarioError(f"{shown}: is no file; name one of JSON Lines")
    content: list[Any] = []
    lines: dict[Path_, int] = {(): 1}
    for number, line in enumerate(read_text(path, shown, MAX_FILE_BYTES).split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=_once, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            problems.append(f"{shown}:{number}: no valid JSON: {error.msg} (column {error.colno})")
            continue
        except (ValueError, RecursionError) as error:
            problems.append(f"{shown}:{number}: no valid JSON: {error}")
            continue
        if not isinstance(found, dict):
            problems.append(f"{shown}:{number}: each line is one object, {{…}}")
            continue
        lines[(len(content),)] = number
        content.append(found)
    return Document(shown, content, lines)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
