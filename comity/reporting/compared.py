"""What `comity compare` says, part by part, and as other programs read it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from comity.reporting.differing import Differed
from comity.reporting.parts import Line, Part, Rows
from comity.statistics.changes import ALPHA
from comity.statistics.comparison import Change, Comparison, Course

# So many cases are named; JSON has them all.
MAX_NAMED = 12
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
        yield Line(f"{what}: {_counted(run.outcomes)} in", (run.run, *model))
    yield Line(f"{_counted(one.comparison.pairs)} in both")


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
            f"{_counted(len(asked))} of the same id, but asked otherwise; they do not pair:",
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
        of = "of what is decided about, " if any(row.adjusted is None for row in rows) else ""
        yield Line(f"{of}nothing changed that chance could not have done", style="bold")


def _tables(comparison: Comparison, every: bool) -> Iterator[Part]:
    finer = [row for row in comparison.finer if every or row.course]
    rows = (*comparison.headline, *comparison.finer)
    for agent in dict.fromkeys(row.slice["agent"] for row in rows):
        for what, part in (("Metrics of", comparison.headline), ("Finer slices of", finer)):
            if own := [row for row in part if row.slice["agent"] == agent]:
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
            f"{_counted(len(ended.cases))} ended {ended.base.replace('_', ' ')} in base, "
            f"{ended.new.replace('_', ' ')} in new:",
            _some(ended.cases),
        )
        for ended in found.ended
    ]
    for what, cases in (("base", found.only_base), ("new", found.only_new)):
        if cases:
            lines.append(Line(f"{_counted(len(cases))} in {what} only:", _some(cases)))
    if left_out := max(base.left_out, one.new.left_out):
        told = f"{_counted(left_out)} left out: of open questions, or of varied requests"
        lines.append(Line(told))
    if lines:
        yield Part(Line("Cases that do not pair, or ended otherwise"), tuple(lines))


def _counted(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


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
