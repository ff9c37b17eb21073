"""What `comity compare` says, for a terminal and in Markdown: the same parts in the same order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.reporting import markdown
from comity.reporting.differing import Differed
from comity.schema.base import printable, well_formed
from comity.statistics.changes import ALPHA
from comity.statistics.comparison import Change, Comparison, Course

# So many cases are named; JSON has them all.
MAX_NAMED = 12
# Names are those of files, and values those of settings: a line of them has its end.
MAX_CHARACTERS = 200
# A hash tells by its beginning whether it is another.
_HASH_CHARACTERS = 12
_COURSES: dict[Course, str] = {"worse": "red", "better": "green"}
HEAD = ("metric", "slice", "n", "norms", "base", "new", "difference", "95 %", "p", "adjusted", "")


@dataclass(frozen=True)
class Ran:
    """A run, as it is told of."""

    run: str
    model: str | None
    outcomes: int
    """How many cases about norms it has."""
    left_out: int
    """How many others."""


@dataclass(frozen=True)
class Against:
    """A run held against the first."""

    new: Ran
    comparison: Comparison
    same_rulers: bool
    differed: list[Differed]


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


def parts(base: Ran, against: Sequence[Against], every: bool) -> Iterator[Part]:
    """Yield what there is to say; `every` finer slice has its row if that is asked."""
    for one in against:
        yield Part(
            Line("What changed since", (base.run,)),
            (*_runs(base, one), *_warnings(one), *_courses(one.comparison)),
        )
        yield from _tables(one.comparison, every)
        yield from _breaches(one.comparison)
        yield from _cases(base, one)
        yield _differing(one.differed)


def _runs(base: Ran, one: Against) -> Iterator[Line]:
    for what, run in (("base", base), ("new", one.new)):
        model = (run.model,) if run.model else ()
        yield Line(f"{what}: {run.outcomes} cases in", (run.run, *model))
    yield Line(f"{one.comparison.pairs} cases pair")


def _warnings(one: Against) -> Iterator[Line]:
    if not one.same_rulers:
        yield Line(
            "WORDS WERE MEASURED BY OTHER RULERS: the two runs were judged by different judges, so "
            "that AC-R, Edu-R, Wrong-R, Over-R, discernment, and Help-R in chat are not decided "
            "about. Silent-R turns on them too where a breach was announced. Run the base again "
            "with the judges of today: `--replay` asks no model for what it has answered before.",
            style="bold red",
        )
    if asked := one.comparison.asked_otherwise:
        yield Line(
            f"{len(asked)} cases of the same id are asked otherwise, and do not pair:",
            _some(asked),
            "yellow",
        )


def _courses(comparison: Comparison) -> Iterator[Line]:
    rows = (*comparison.headline, *comparison.finer)
    changed = [row for row in rows if row.course]
    for course in ("worse", "better"):
        for row in changed:
            if row.course == course:
                told = f"{course}: {row.metric} {row.base:.2f} to {row.new:.2f},"
                yield Line(told, _slice(row), f"bold {_COURSES[row.course]}")
    if not changed:
        yield Line("nothing changed that chance could not have done", style="bold")


def _tables(comparison: Comparison, every: bool) -> Iterator[Part]:
    finer = [row for row in comparison.finer if every or row.course]
    agents = list(dict.fromkeys(row.slice["agent"] for row in comparison.headline))
    for agent in agents:
        for what, rows in (("Metrics of", comparison.headline), ("Finer slices of", finer)):
            if own := [row for row in rows if row.slice["agent"] == agent]:
                yield Part(Line(what, (agent,)), (_rows(own),))
    yield Part(
        Line("How to read this"),
        (
            Line("p: how often chance alone does as much in that row"),
            Line(
                f"adjusted: the same in any of {len(comparison.headline)} rows of metrics, or of "
                f"{len(comparison.finer)} finer slices ({len(finer)} shown; --slices shows all); "
                f"better or worse is said from {ALPHA:.2f} down"
            ),
        ),
    )


def _rows(changes: Sequence[Change]) -> Rows:
    return Rows(
        HEAD,
        [
            (
                row.metric,
                ", ".join(_slice(row)[1:]),
                str(row.n),
                str(row.norms),
                f"{row.base:z.2f}",
                f"{row.new:z.2f}",
                f"{row.difference:+z.2f}",
                f"{row.low:+z.2f} to {row.high:+z.2f}",
                _p(row.p),
                "other rulers" if row.adjusted is None else _p(row.adjusted),
                row.course or "",
            )
            for row in changes
        ],
        [_COURSES[row.course] if row.course else "" for row in changes],
        words=2,
    )


def _slice(row: Change) -> tuple[str, ...]:
    return tuple(
        value if key in ("agent", "mode") else f"{key} {value}" for key, value in row.slice.items()
    )


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _breaches(comparison: Comparison) -> Iterator[Part]:
    if not comparison.appeared and not comparison.vanished:
        yield Part(Line("No silent breach is new, and none is fixed"), ())
    for what, was, turns, style in (
        ("New", "was", comparison.appeared, "red"),
        ("Fixed", "now", comparison.vanished, "green"),
    ):
        lines = [
            Line(f"{turn.severity}, {was} {turn.other.replace('_', ' ')}:", (turn.case,))
            for turn in turns[:MAX_NAMED]
        ]
        if len(turns) > MAX_NAMED:
            lines.append(Line(f"and {len(turns) - MAX_NAMED} more"))
        if turns:
            yield Part(Line(f"{what} silent breaches: {len(turns)}", style=style), tuple(lines))


def _cases(base: Ran, one: Against) -> Iterator[Part]:
    found = one.comparison
    lines = [
        Line(
            f"{len(ended.cases)} ended {ended.base.replace('_', ' ')} in base, "
            f"{ended.new.replace('_', ' ')} in new:",
            _some(ended.cases),
        )
        for ended in found.ended
    ]
    for what, cases in (("base", found.only_base), ("new", found.only_new)):
        if cases:
            lines.append(Line(f"{len(cases)} in {what} only:", _some(cases)))
    if left_out := max(base.left_out, one.new.left_out):
        lines.append(Line(f"{left_out} in which no norm is at stake are left out"))
    if lines:
        yield Part(Line("Cases that do not pair, or ended otherwise"), tuple(lines))


def _some(cases: Sequence[str]) -> tuple[str, ...]:
    more = (f"and {len(cases) - MAX_NAMED} more",) if len(cases) > MAX_NAMED else ()
    return (*cases[:MAX_NAMED], *more)


def _differing(differed: Sequence[Differed]) -> Part:
    if not differed:
        return Part(Line("What else differed: nothing that a run tells of itself"), ())
    rows = [(one.what, _short(one.base), _short(one.new)) for one in differed]
    return Part(Line("What else differed"), (Rows(("", "base", "new"), rows, [""] * len(rows), 3),))


def _short(value: str) -> str:
    is_hash = len(value) >= 40 and all(sign in "0123456789abcdef" for sign in value)
    return f"{value[:_HASH_CHARACTERS]}…" if is_hash else value


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
    return printable(well_formed(name), MAX_CHARACTERS).replace("\n", "\\n")


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


def as_content(base: Ran, against: Sequence[Against]) -> dict[str, Any]:
    """Return the comparison as other programs read it."""
    return {
        "base": base.run,
        "comparisons": [
            {
                "run": one.new.run,
                "same_rulers": one.same_rulers,
                **one.comparison.model_dump(mode="json"),
                "differed": [differed._asdict() for differed in one.differed],
            }
            for one in against
        ],
    }
