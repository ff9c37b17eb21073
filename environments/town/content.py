"""What every site's content files are read with. Nothing here needs Django."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

# Safe like PyYAML's own loader, and ten times as quick where its C library is built in.
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContentError(ValueError):
    """A content file is wrong; the message names the file, what in it, and the field."""


def read_yaml(path: Path) -> object:
    """Return what the file holds; raise `ContentError`."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ContentError(f"{path}: {' '.join(str(error).split())}") from None


def read_tags(path: Path) -> dict[str, str]:
    """Return the tags that the file explains; raise `ContentError`."""
    tags = read_yaml(path)
    if not isinstance(tags, dict) or not all(
        isinstance(tag, str) and isinstance(meaning, str) for tag, meaning in tags.items()
    ):
        raise ContentError(f"{path}: expected lines of `tag: meaning`")
    return tags


def first_problem(error: ValidationError) -> str:
    """Return the first field that is wrong, and how."""
    detail = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in detail["loc"]) or "the file"
    return f"{where}: {detail['msg']}"
