"""The browser's accessibility snapshot, read as a tree.

It looks like YAML and is read line by line, as it was written: a page may hold what no YAML may
(a stray control character, a name of nothing but quotation marks), and is to be read all the same.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

# What a hostile page could make unbounded: an agent sees some thousand characters at once, and the
# longest page that a person would scroll through has a tenth of this.
MAX_CHARACTERS = 1_000_000
INDENT = 2

_KEY = re.compile(
    r'(?P<role>/?[a-z]+)(?: (?P<name>"(?:[^"\\]|\\.)*"))?(?P<attributes>(?: \[[^\[\]]*\])*)'
)
_ATTRIBUTE = re.compile(r"\[([a-z-]+)(?:=([^\]]*))?\]")
_LINE = re.compile(r"( *)- (?:'((?:[^']|'')*)'|(.*?))(?::(?: (.*))?)?", re.DOTALL)
_ESCAPED = re.compile(r"\\(?:x([0-9a-f]{2})|(.))", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass
class Node:
    """An element of the page, or a text in one, whose role then is `text`."""

    role: str
    name: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Self] = field(default_factory=list)

    def descendants(self) -> Iterator[Self]:
        """Yield all that stands in it, in document order."""
        for child in self.children:
            yield child
            yield from child.descendants()

    def property(self, name: str) -> str:
        """Return what the snapshot says of it in a line of its own, such as its `url`."""
        return next((child.text for child in self.children if child.role == f"/{name}"), "")


def parse(snapshot: str) -> list[Node]:
    """Return the outermost nodes of a snapshot; what exceeds `MAX_CHARACTERS` is left out."""
    if len(snapshot) > MAX_CHARACTERS:
        snapshot = snapshot[:MAX_CHARACTERS].rpartition("\n")[0]
    root = Node("")
    within = [root]
    for line in snapshot.split("\n"):
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        spaces, quoted, plain, text = found.groups()
        depth = len(spaces) // INDENT + 1
        node = _node(plain if quoted is None else quoted.replace("''", "'"), _value(text or ""))
        del within[depth:]
        within[-1].children.append(node)
        within.append(node)
    return root.children


def _node(key: str, text: str) -> Node:
    match = _KEY.fullmatch(key)
    if match is None:
        return Node("text", text=key)
    name = json.loads(match["name"], strict=False) if match["name"] else ""
    return Node(match["role"], name, dict(_ATTRIBUTE.findall(match["attributes"])), text)


def _value(written: str) -> str:
    """Return a text as it stands on the page: one in quotation marks has some signs escaped."""
    if len(written) < len('""') or written[0] != '"' or written[-1] != '"':
        return written
    return _ESCAPED.sub(_unescaped, written[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    code, sign = match.groups()
    return chr(int(code, 16)) if code else _CONTROLS.get(sign, sign)
