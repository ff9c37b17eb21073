"""A page's accessibility tree, made compact for an agent.

One line an element: `[3] button "Add to basket"` can be acted on by its ref, `heading "Gifts"` and
`"In stock"` can be read. Names and texts stand in JSON's quotes, so that no page can forge a line.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from comity.sandbox.snapshot import Node, parse

# What a small model with 4,096 tokens of context can take beside its prompt and its history.
OBSERVATION_TOKENS = 900
# A text as long as this fills a page by itself, so that a page that fits shows its texts whole.
WHOLE_TEXT = 4 * OBSERVATION_TOKENS
# On a page that does not fit, texts are cut to the one length, then to the other.
LONG_TEXT = 240
SHORT_TEXT = 80
# Names of what can be acted on are never cut below this: they are what the agent chooses by.
NAME_CHARACTERS = 100
# A list of countries is longer than all the rest of a page; a label outside the list may be typed.
MAX_OPTIONS = 24

CLICKED = frozenset(
    {"button", "checkbox", "link", "menuitem", "menuitemcheckbox", "menuitemradio"}
    | {"option", "radio", "switch", "tab", "treeitem"}
)
TYPED = frozenset({"searchbox", "spinbutton", "textbox"})
CHOSEN = frozenset({"combobox", "listbox"})
CONTROLS = CLICKED | TYPED | CHOSEN
# What is told even where there is no room for texts.
KEPT = frozenset({"dialog", "heading"})
SHOWN_STATES = frozenset({"checked", "disabled", "expanded", "pressed", "selected"})

# JSON leaves these as they are, and who splits a text into lines may split at them.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


@dataclass(frozen=True)
class Element:
    """A line of an observation: something to act on, a heading or a text."""

    role: str
    name: str = ""
    value: str = ""
    states: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    url: str = ""
    browser_ref: str | None = None
    """The ref under which the browser knows it; None where it cannot be acted on."""
    ref: str | None = None
    """The ref under which the agent knows it: its place among all that can be acted on."""

    @property
    def actionable(self) -> bool:
        """Whether it can be acted on."""
        return self.browser_ref is not None

    def takes(self, action: str) -> bool:
        """Whether `click`, `type` or `select` can be done on it."""
        # One that shows no options is a script's: a click opens them, or words find them.
        opens = self.role == "combobox" and not self.options
        match action:
            case "type":
                return self.role in TYPED or opens
            case "select":
                return self.role in CHOSEN and bool(self.options)
            case _:
                return self.role in CLICKED or opens

    def line(self, longest: int) -> str:
        """Return the element as the agent sees it, texts cut to `longest` characters."""
        limit = max(longest, NAME_CHARACTERS) if self.actionable else longest
        parts = [f"[{self.ref}]"] if self.ref else []
        if self.role != "text":
            parts.append(self.role)
        parts.append(quoted(self.name, limit))
        parts += [f"({state})" for state in self.states]
        if self.value:
            parts += ["=", quoted(self.value, limit)]
        if self.options:
            more = len(self.options) - MAX_OPTIONS
            shown = " | ".join(quoted(option, longest) for option in self.options[:MAX_OPTIONS])
            parts.append(f"of {shown}" + (f" and {more} more" if more > 0 else ""))
        return " ".join(parts)


@dataclass(frozen=True)
class View:
    """The part of a page that fits into the budget, and what can be acted on anywhere on it."""

    text: str
    elements: dict[str, Element]
    """By ref, those that the view shows."""
    shown: int
    """How many lines of the page the view shows."""
    above: int = 0
    below: int = 0
    """How many lines of the page lie before and after the view."""
    dropped: int = 0
    """How many texts were left out so that all that can be acted on has its place."""


def tokens(text: str) -> int:
    """Estimate the tokens of `text`: four ASCII characters, or one other, to a token."""
    narrow = sum(character < "\x80" for character in text)
    return -(-narrow // 4) + len(text) - narrow


def elements(snapshot: str) -> list[Element]:
    """Return what can be read and acted on in an accessibility snapshot, in document order."""
    found = _merged(_walk(parse(snapshot)))
    refs = iter(range(1, len(found) + 1))
    return [replace(e, ref=str(next(refs))) if e.actionable else e for e in found]


def view(found: Sequence[Element], offset: int = 0, budget: int = OBSERVATION_TOKENS) -> View:
    """Return what fits of `found`, `offset` elements scrolled down.

    Where not all fits: long texts are cut first, then texts are left out, and only then is what
    can be acted on left to scrolling.
    """
    kept = list(found)
    for longest in (WHOLE_TEXT, LONG_TEXT, SHORT_TEXT):
        if _cost(kept, longest) <= budget:
            return _view(kept, longest, 0, len(kept), 0)
    kept = [element for element in found if element.actionable or element.role in KEPT]
    dropped = len(found) - len(kept)
    offset = max(0, min(offset, len(kept) - 1))
    end, spent = offset, 0
    while end < len(kept):
        spent += tokens(kept[end].line(SHORT_TEXT)) + 1
        if spent > budget and end > offset:
            break
        end += 1
    return _view(kept, SHORT_TEXT, offset, end, dropped)


def _view(kept: Sequence[Element], longest: int, start: int, end: int, dropped: int) -> View:
    shown = kept[start:end]
    lines = [element.line(longest) for element in shown]
    below = len(kept) - end
    if start:
        lines.insert(0, f"({start} more above: scroll up)")
    if below:
        lines.append(f"({below} more below: scroll down)")
    by_ref = {element.ref: element for element in shown if element.ref is not None}
    return View("\n".join(lines), by_ref, len(shown), start, below, dropped)


def _cost(found: Sequence[Element], longest: int) -> int:
    return sum(tokens(element.line(longest)) + 1 for element in found)


def quoted(text: str, limit: int) -> str:
    """Return `text` in JSON's quotes, cut to `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return json.dumps(cut, ensure_ascii=False).translate(_LINE_ENDS)


def _walk(nodes: Sequence[Node]) -> Iterator[Element]:
    for node in nodes:
        if node.role in CONTROLS:
            yield _control(node)
        elif _is_button(node):
            yield Element("button", _spoken(node), browser_ref=node.attributes["ref"])
        elif node.role == "heading":
            links = [child for child in node.descendants() if child.role == "link"]
            if links:
                yield from _walk(node.children)
            else:
                yield Element("heading", _spoken(node))
        elif node.role in ("img", "iframe") and node.name:
            yield Element(node.role, node.name)
            yield from _walk(node.children)
        elif _is_disclosed(node):
            summary, *inside = node.children
            yield Element("button", summary.name, browser_ref=summary.attributes["ref"])
            yield from _walk(inside)
        elif not node.role.startswith("/"):
            # Of a cell or a term, whose name is all that stands in it, only the name is told.
            if text := node.text or ("" if node.children else node.name):
                yield Element("text", text)
            yield from _walk(node.children)


def _is_button(node: Node) -> bool:
    """Return whether a script makes a button of an element that says nothing of it.

    The pointer that the page shows over it is all that people know it by.
    """
    return (
        node.attributes.get("cursor") == "pointer"
        and "ref" in node.attributes
        and _spoken(node) != ""
        and not any(child.role in CONTROLS for child in node.descendants())
    )


def _is_disclosed(node: Node) -> bool:
    """Return whether a node is `details`, whose first line opens and closes it."""
    if node.role != "group" or node.name or not node.children:
        return False
    first = node.children[0]
    return first.role == "generic" and bool(first.name) and "ref" in first.attributes


def _control(node: Node) -> Element:
    disabled = "disabled" in node.attributes
    options = [child for child in node.descendants() if child.role == "option"]
    chosen = [child.name for child in options if "selected" in child.attributes]
    writes = node.role in TYPED | CHOSEN
    return Element(
        role=node.role,
        name=node.name or ("" if writes else _spoken(node)),
        value=(", ".join(chosen) or node.text) if writes else "",
        states=tuple(state for state in node.attributes if state in SHOWN_STATES),
        options=tuple(option.name for option in options) if node.role in CHOSEN else (),
        url=node.property("url"),
        browser_ref=None if disabled else node.attributes.get("ref"),
    )


def _spoken(node: Node) -> str:
    """Return what a reader would hear of a node: its name, else all that stands in it."""
    inner = (child.name or child.text for child in node.descendants() if child.role[0] != "/")
    return node.name or " ".join(filter(None, [node.text, *inner]))


def _merged(found: Iterator[Element]) -> list[Element]:
    """Join neighbouring texts; drop the lesser of two neighbouring links that are one."""
    merged: list[Element] = []
    for are_texts, run in groupby(found, lambda element: element.role == "text"):
        if are_texts:
            merged.append(Element("text", " ".join(element.name for element in run)))
            continue
        for element in run:
            last = merged[-1] if merged else None
            if last is not None and _are_one(last, element):
                merged[-1] = max(last, element, key=lambda link: len(link.name))
            else:
                merged.append(element)
    return merged


def _are_one(link: Element, other: Element) -> bool:
    """Return whether two links lead to one page and one says no more than the other.

    A picture and the title below it are one. Those whose address is no page (`#`) are a script's
    buttons, and what a script does with two of one address may be twofold: show it, delete it.
    """
    if not link.url or link.url != other.url or link.url.startswith(("#", "javascript:")):
        return False
    name, other_name = link.name.casefold(), other.name.casefold()
    return name in other_name or other_name in name
