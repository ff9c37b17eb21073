"""What a command has to say, in parts: for a terminal, and in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.reporting import markdown
from comity.schema.base import one_line, well_formed

# Names are those of files, and values those of settings: a line of them has its end.
MAX_CHARACTERS = 200


@dataclass(frozen=True)
class Line:
    """A line of ours, around what others have named."""

    told: str
    named: tuple[str, ...] = ()
    style: str = ""


@dataclass(frozen=True)
class Rows:
    """A table; `words` of its columns are names, all others figures."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    styles: list[str]
    words: int


@dataclass(frozen=True)
class Part:
    """A heading with what stands below it."""

    title: Line
    below: tuple[Line | Rows, ...]


def show(console: Console, found: Sequence[Part]) -> None:
    """Print the parts on a terminal."""
    for index, part in enumerate(found):
        if index:
            console.print()
        console.print(_text(part.title, bold=True), soft_wrap=True)
        for below in part.below:
            if isinstance(below, Rows):
                console.print(_table(below))
            else:
                console.print(Text("  ").append_text(_text(below)), soft_wrap=True)


def _text(line: Line, *, bold: bool = False) -> Text:
    told = " ".join(filter(None, (line.told, ", ".join(map(_safe, line.named)))))
    return Text(told, style=line.style or ("bold" if bold else ""))


def _safe(name: str) -> str:
    return one_line(well_formed(name), MAX_CHARACTERS)


def _table(rows: Rows) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(rows.head):
        table.add_column(column, justify="left" if index < rows.words else "right", overflow="fold")
    for cells, style in zip(rows.rows, rows.styles, strict=True):
        table.add_row(*(Text(_safe(cell)) for cell in cells), style=style)
    return table


def as_markdown(found: Sequence[Part]) -> str:
    """Return the parts in Markdown, in which nothing that others named acts."""
    blocks = []
    for index, part in enumerate(found):
        level = "###" if index else "##"
        blocks.append(f"{level} {_marked(part.title)}")
        lines = [below for below in part.below if isinstance(below, Line)]
        blocks += [_marked_table(below) for below in part.below if isinstance(below, Rows)]
        if lines:
            blocks.append("\n".join(f"- {_marked(line)}" for line in lines))
    return "\n\n".join(blocks) + "\n"


def _marked(line: Line) -> str:
    told = f"**{line.told}**" if "bold" in line.style else line.told
    return " ".join(filter(None, (told, _codes(line.named))))


def _codes(names: Sequence[str]) -> str:
    return ", ".join(markdown.code(name, MAX_CHARACTERS) for name in names)


def _marked_table(rows: Rows) -> str:
    cells = [
        [
            markdown.code(cell, MAX_CHARACTERS) if index < rows.words and cell else cell
            for index, cell in enumerate(row)
        ]
        for row in rows.rows
    ]
    return markdown.table(rows.head, cells, words=rows.words)
