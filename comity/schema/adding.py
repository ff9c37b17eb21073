"""Scenarios added to a suite: checked with all else that stands there, then written at once."""

import fcntl
import os
import shutil
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from comity import disk
from comity.errors import ScenarioError
from comity.schema import files
from comity.schema.base import IDENTIFIER
from comity.schema.library import SUITE_FILE, load

# What the library is read from; tests and pictures need not be copied to check it.
_READ = (".yaml", ".jsonl")


def add(root: Path, suite: str, text: str, source: str) -> tuple[Path, list[str]]:
    """Append the scenarios in `text` to their culture's file of a suite in the folder `root`.

    `source` is what messages call the text. Returns the file, and the ids of the scenarios.

    Raises:
        ScenarioError: they are not valid there, not all of one culture, or cannot be written;
            nothing was changed.
    """
    # A run shows what could be added further to the right.
    text = textwrap.dedent(text)
    ids = _ids(text, source)
    cultures = {name.partition(".")[0] for name in ids}
    if len(cultures) != 1:
        raise ScenarioError(
            f"{source}: scenarios of {' and '.join(sorted(cultures))} stand in files of their own; "
            "add those of one culture at a time"
        )
    if not (root / suite / SUITE_FILE).is_file():
        raise ScenarioError(f"{root / suite}: there is no such suite")
    target = root / suite / "scenarios" / f"{cultures.pop()}.yaml"
    with _alone(root / suite):
        known = files.read_text(target, target, files.MAX_FILE_BYTES) if target.exists() else ""
        whole = f"{known.rstrip()}\n\n{text.strip()}\n".lstrip()
        _check(root, target, whole, source)
        _replace(target, whole)
    return target, ids


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Have others who add to a suite wait: each would write over what the other added."""
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some disks know no such locks
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _ids(text: str, source: str) -> list[str]:
    """Return the ids of the scenarios in `text`, which is not checked any further."""
    with tempfile.TemporaryDirectory(prefix="comity-") as folder:
        path = Path(folder) / "given.yaml"
        path.write_text(text, "utf-8")
        content = files.read(path, Path(source)).content
    entries = content if isinstance(content, list) else []
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    if not ids or len(ids) != len(entries) or not all(map(_is_id, ids)):
        raise ScenarioError(
            f"{source}: it is no list of scenarios that each begin with `- id: culture.what.which`"
        )
    return [str(name) for name in ids]


def _is_id(name: object) -> bool:
    return isinstance(name, str) and IDENTIFIER.fullmatch(name) is not None


def _check(root: Path, target: Path, whole: str, source: str) -> None:
    """Load a copy of the library in which the file has this content."""
    with tempfile.TemporaryDirectory(prefix="comity-") as folder:
        copy = Path(folder) / root.resolve().name

        def unread(_folder: str, names: list[str]) -> set[str]:
            # An editor's lock is a hidden link that leads nowhere.
            return {
                name
                for name in names
                if name.startswith(".") or ("." in name and not name.endswith(_READ))
            }

        try:
            shutil.copytree(root, copy, ignore=unread)
            placed = copy / target.relative_to(root)
            placed.parent.mkdir(exist_ok=True)
            placed.write_text(whole, "utf-8")
            load(copy)
        except OSError as error:
            raise ScenarioError(f"{target}: cannot be checked: {error.strerror or error}") from None
        except ScenarioError as error:
            raise ScenarioError(f"{source} was not added, since then:\n{error}") from None


def _replace(target: Path, whole: str) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        disk.replace(target, whole.encode())
    except OSError as error:
        raise ScenarioError(f"{target}: cannot be written: {error.strerror}") from None
