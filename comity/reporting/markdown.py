"""Markdown that says what others wrote, and does nothing that they would have it do.

Whatever comes from files, models and pages is put into a code span. GitHub and GitLab take neither
markup, HTML, images and links in it, nor names and numbers that would call people or name issues.
"""

import re
from collections.abc import Iterable, Sequence

from comity.schema.base import printable, well_formed

_BREAKS = re.compile(r"\s+")
_TICKS = re.compile("`+")
BAR = r"\|"


def code(text: str, limit: int) -> str:
    """Return `text` as one code span on one line, at most `limit` characters of it.

    It stands in a line of ours, never at its start, and may stand in a cell of a table.
    """
    line = _BREAKS.sub(" ", printable(well_formed(text), limit)).strip()
    if not line:
        return "(nothing)"
    fence = "`" * (max(map(len, _TICKS.findall(line)), default=0) + 1)
    return f"{fence} {line} {fence}" if len(fence) > 1 else f"`{line}`"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a table; all but its first `words` columns hold figures, and are set to the right."""
    rule = ["---" if column < words else "---:" for column in range(len(head))]
    return "\n".join(map(row, (head, rule, *rows)))


def row(cells: Iterable[str]) -> str:
    """Return a row of a table."""
    # A bar ends a cell, in a code span too, unless a backslash stands before it.
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"
