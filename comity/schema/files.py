"""YAML files that people write: read strictly, and every error told with its file and line."""

import difflib
import os
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, RootModel, ValidationError

from comity.errors import ScenarioError
from comity.schema.base import SLUG, one_line, well_formed

# Names and ids out of a file stand in what is told of it, and may be of any length.
MAX_PROBLEM_CHARACTERS = 1_000
# A suite's file is written by hand; a larger one is a mistake, and would be slow to parse.
MAX_FILE_BYTES = 4 * 1024 * 1024

SUFFIX = ".yaml"
# No file of a suite needs a tenth of it.
MAX_DEPTH = 100

# What looks like a blank or like nothing, and what YAML takes for a letter, where a blank is due.
_UNSEEN = re.compile("(?:^[ -]*|:)([\u00a0\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff])")
_MENDING = {
    "'\\t' that cannot start": "indent with blanks, not with a tab",
    "another document": "put it into a file of its own, or take out the line `---`",
    "mapping values are not allowed": (
        "put a text with a colon in it in quotes, or line the field up with its neighbours"
    ),
    "expected <block end>": (
        "line it up with its neighbours; put a text that begins with a sign in quotes, all of it"
    ),
    "could not find expected ':'": "a field is written `name: value`, with a blank",
    "could not determine a constructor": "take out the word with `!`, or put the text in quotes",
    "expected ',' or": "close the bracket, or put the text in quotes",
    "end of stream": "close the quotes or the bracket that is open",
    "cannot start any token": "put the text in quotes",
}

Path_ = tuple[str | int, ...]

W = TypeVar("W", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, so that `NO` is Norway and `12:30` is a time of day."""


class _QuickLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same by libyaml, in a tenth of the time; it lacks words for what is wrong."""


for _loader in (_Loader, _QuickLoader):
    _loader.yaml_implicit_resolvers = {}
    for _tag, _pattern, _first in (
        ("bool", r"true|false", "tf"),
        ("null", r"null|~|", ["n", "~", ""]),
        ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
        ("float", r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
    ):
        _loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
        )


@dataclass(frozen=True)
class Document:
    """A YAML file's content, and the line on which each part of it stands."""

    path: Path
    content: Any
    lines: dict[Path_, int]

    def where(self, at: Path_) -> str:
        """Return `file:line` of the innermost part of `at` that the file has."""
        for end in range(len(at), -1, -1):
            if at[:end] in self.lines:
                return f"{self.path}:{self.lines[at[:end]]}"
        return str(self.path)

    def written(self, at: Path_) -> Path_:
        """Return as much of `at` as its author wrote: a word may stand for a mapping."""
        here = self.content
        for length, part in enumerate(at):
            if not isinstance(here, dict | list):
                return at[:length]
            known = here if isinstance(here, dict) else range(len(here))
            here = here[part] if part in known else {}  # type: ignore[index]
        return at

    def problem(self, at: Path_, message: str) -> str:
        """Return one line that names file, line, field and what is wrong."""
        told = f"{self.where(at)}: {self._field(at)}{message}"
        return one_line(told, MAX_PROBLEM_CHARACTERS)

    def _field(self, at: Path_) -> str:
        """Name the part at `at` as its author knows it: by the entry's id, then the field."""
        if not at:
            return ""
        first, *rest = at
        entry = self.content
        if isinstance(first, int) and isinstance(entry, list) and first < len(entry):
            named = entry[first].get("id") if isinstance(entry[first], dict) else None
            names = [str(named) if isinstance(named, str) else f"entry {first + 1}"]
        else:
            names = [str(first)]
        dotted = ".".join(str(part) for part in rest)
        return ": ".join(filter(None, [*names, dotted])) + ": "


def named(folder: Path, root: Path, problems: list[str]) -> list[Path]:
    """Return the YAML files of a folder, in order; none, where there is no such folder.

    Hidden files are left alone: editors keep their locks in them. What was meant to be read, and
    would not be, is noted in `problems`, which name it from `root` on.
    """
    if not os.path.lexists(folder):
        return []
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        problems.append(f"{folder.relative_to(root)}: no folder that can be read: {error.strerror}")
        return []
    found = []
    for path in entries:
        if path.name.startswith("."):
            continue
        shown = path.relative_to(root)
        if path.suffix == SUFFIX:
            found.append(path)
        elif path.suffix.lower() in (SUFFIX, ".yml"):
            problems.append(f"{shown}: would not be read; call it {path.stem}{SUFFIX}")
        elif path.is_dir() and any(path.glob(f"*{SUFFIX}")):
            problems.append(f"{shown}: files in it are not read; put them into {folder.name}/")
    return found


def read_text(path: Path, shown: Path, most_bytes: int) -> str:
    """Return the text of the file `path`, which messages call `shown`.

    Raises:
        ScenarioError: the file cannot be read, is no UTF-8, or is too large.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        reason = error.strerror if isinstance(error, OSError) else error
        raise ScenarioError(f"{shown}: cannot be read: {reason}") from None
    return decoded(raw, shown, most_bytes)


def decoded(raw: bytes, shown: Path, most_bytes: int) -> str:
    """Return the text of the bytes `raw` of what messages call `shown`.

    Raises:
        ScenarioError: it is no UTF-8, or there are more bytes than `most_bytes`.
    """
    if len(raw) > most_bytes:
        raise ScenarioError(f"{shown}: larger than {most_bytes} bytes; split it")
    if b"\0" in raw[:2]:  # UTF-16 without its mark is UTF-8 of a kind, and no text
        raise ScenarioError(f"{shown}:1: not UTF-8; save the file as UTF-8")
    try:
        return raw.decode("utf-8-sig")  # some editors begin a file with a mark of their own
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ScenarioError(f"{shown}:{line}: not UTF-8; save the file as UTF-8") from None


def read(path: Path, shown: Path) -> Document:
    """Return the content of the YAML file `path`, which messages call `shown`.

    Raises:
        ScenarioError: the file cannot be read, is no UTF-8, no YAML, too large or too deep, repeats
            a key, or uses aliases (a few of which can stand for gigabytes).
    """
    text = read_text(path, shown, MAX_FILE_BYTES)
    try:
        try:
            return _read(text, shown, _QuickLoader)
        except yaml.YAMLError:
            return _read(text, shown, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        mending = _mending(text, line, error.problem or "")
        raise ScenarioError(f"{shown}:{line}: no valid YAML: {error.problem}{mending}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        sign = f"U+{ord(text[error.position]):04X}"
        raise ScenarioError(
            f"{shown}:{line}: no valid YAML: {sign} stands there; take it out"
        ) from None


def _mending(text: str, line: int, problem: str) -> str:
    """Return how to mend a problem that PyYAML has with a line, where that can be told."""
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
    for number in (line, line - 1):
        unseen = _UNSEEN.search(lines[number - 1]) if 0 < number <= len(lines) else None
        if unseen:
            return (
                f"; U+{ord(unseen[1]):04X} stands on line {number}, which is no blank: take it out"
            )
    return next((f"; {mending}" for told, mending in _MENDING.items() if told in problem), "")


def _read(text: str, shown: Path, how: type[Any]) -> Document:
    _check(text, shown, how)
    lines: dict[Path_, int] = {}
    loader = how(text)
    try:
        node = loader.get_single_node()
        content = None if node is None else _plain(loader, node, (), lines, shown)
    finally:
        loader.dispose()
    return Document(shown, content, lines)


def _check(text: str, shown: Path, how: type[Any]) -> None:
    """Refuse what must not be composed: libyaml composes by recursion, down to where it crashes."""
    depth = 0
    for event in yaml.parse(text, Loader=how):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise ScenarioError(f"{shown}:{line}: aliases (*name) are not used in suites")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ScenarioError(f"{shown}:{line}: more than {MAX_DEPTH} lists within one another")


def _plain(loader: Any, node: yaml.Node, at: Path_, lines: dict[Path_, int], shown: Path) -> Any:
    """Return the plain value of `node`, noting the line of everything in it."""
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ScenarioError(f"{shown}:{line}: a key is a word, not a list or a mapping")
            key = _well_formed(str(key_node.value), line, shown)
            if key in mapping:
                raise ScenarioError(f"{shown}:{line}: the key {key!r:.60} stands twice")
            lines[(*at, key)] = line
            mapping[key] = _plain(loader, value_node, (*at, key), lines, shown)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(loader, child, (*at, index), lines, shown)
            for index, child in enumerate(node.value)
        ]
    return _scalar(loader, node, shown)


def _scalar(loader: Any, node: yaml.Node, shown: Path) -> Any:
    line = node.start_mark.line + 1
    try:
        value = loader.construct_object(node)
        if isinstance(value, float) and not isfinite(value):
            raise ValueError("no JSON has it")
    except (ValueError, LookupError, AttributeError):  # as each tag's own reader fails
        told, kind = f"{node.value!r:.60}", node.tag.rpartition(":")[2]
        message = f"{told} is no {kind}; put it in quotes if it is a text"
        raise ScenarioError(f"{shown}:{line}: {message}") from None
    return _well_formed(value, line, shown) if isinstance(value, str) else value


def _well_formed(text: str, line: int, shown: Path) -> str:
    if text != well_formed(text):
        raise ScenarioError(f"{shown}:{line}: {text!r:.60} holds half a character; write it whole")
    return text


def entries(
    document: Document,
    word: type[W],
    problems: list[str],
    context: Mapping[str, object] | None = None,
) -> Iterator[tuple[int, W]]:
    """Yield each valid entry of a file that is a list, with its index; note the problems.

    `context` is what the word's own checks need to know beside the entry.
    """
    if not isinstance(document.content, list):
        problems.append(document.problem((), "the file is a list of entries, each begun with `-`"))
        return
    for index, content in enumerate(document.content):
        try:
            yield index, word.model_validate(content, context=dict(context or {}))
        except ValidationError as error:
            problems.extend(_told(document, (index,), word, error))


def single(document: Document, word: type[W]) -> W:
    """Return the one entry of a file that is a mapping.

    Raises:
        ScenarioError: a line for each problem.
    """
    try:
        return word.model_validate(document.content)
    except ValidationError as error:
        raise ScenarioError("\n".join(_told(document, (), word, error))) from None


def _told(
    document: Document, base: Path_, word: type[BaseModel], error: ValidationError
) -> Iterator[str]:
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "too_short" and len(details) > 1:
            continue  # its entries are there, but none is valid, and that is told already
        at: Path_ = tuple(part for part in detail["loc"] if part != "[key]")
        yield document.problem(document.written((*base, *at)), _explained(word, at, detail))


def _explained(word: type[BaseModel], at: Path_, detail: Any) -> str:
    """Return pydantic's error in words that say how to mend it."""
    match detail["type"]:
        case "extra_forbidden":
            known = sorted(_fields(word, at[:-1]))
            near = difflib.get_close_matches(str(at[-1]), known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are: {', '.join(known)}"
            return f"unknown field; {hint}"
        case "missing":
            return "is missing; add it"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"must be a mapping of fields, not {detail['input']!r:.60}"
        case "tuple_type" | "list_type":
            return f"must be a list, not {detail['input']!r:.60}"
        case _:
            return plainly(detail)


def plainly(detail: Any) -> str:
    """Return pydantic's error about one value in words that need no regular expressions."""
    given = f"{detail['input']!r:.60}"
    match detail["type"]:
        case "string_type" if isinstance(detail["input"], bool | int | float):
            return f"must be a text, not {given}; put it in quotes"
        case "string_pattern_mismatch" if detail["ctx"]["pattern"] == SLUG:
            slug = "a lower-case word of letters and digits, with hyphens in it, as gift-giving is"
            return f"must be {slug}, not {given}"
        case _:
            return f"{detail['msg']}, not {given}"


def _fields(word: type[BaseModel], at: Path_) -> set[str]:
    """Return the names of the fields that a model has at `at`."""
    here: Any = word.model_fields["root"].annotation if issubclass(word, RootModel) else word
    for part in at:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            here = next(iter(typing.get_args(here)[-1:]), None)
            if here is Ellipsis:
                here = None
        here = _unwrapped(here)
    return (
        set(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else set()
    )


def _unwrapped(annotation: Any) -> Any:
    """Strip what stands around a model in an annotation: `X | None`, `tuple[X, ...]` keeps."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next(arg for arg in typing.get_args(annotation) if arg is not type(None))
    if typing.get_origin(annotation) is tuple:
        return dict[int, typing.get_args(annotation)[0]]  # type: ignore[misc]
    return annotation
