"""What relations were tried, which are charged, and by which smallest examples."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from comity.reporting.terminal import captured
from comity.run.results import Result

if TYPE_CHECKING:
    from comity.run.robustness import Robustness
    from comity.variation.drawing import Coverage

FILE = "robustness.json"
SCHEMA = 1

HEAD = ("relation", "n", "of", "broken", "worst", "chance", "beyond", "95 % interval", "p", "")
# A summary names so many examples; the file has all of them.
MAX_EXAMPLES = 12
# How strongly a cell of the heatmap is drawn, by how often a law was broken in it.
_SHADES = ((0.0, ""), (0.25, "yellow"), (0.5, "bold yellow"), (1.01, "bold red"))


def content(found: "Robustness") -> dict[str, Any]:
    """Return the content of `robustness.json`.

    `relations` has a row for each relation tried on an agent; `coverage` what was drawn of each.
    """
    return {
        "schema": SCHEMA,
        "relations": [result.model_dump(mode="json") for result in found.results],
        "coverage": [_row(row) for row in _covered(found.coverage)],
    }


def render(found: "Robustness", width: int, *, color: bool, verbose: bool = False) -> str:
    """Return the part of the terminal summary on robustness; `verbose` adds what was drawn."""
    console, text = captured(color=color, width=width)
    by_agent: dict[str, list[Result]] = {}
    for result in found.results:
        by_agent.setdefault(result.agent.reference, []).append(result)
    for agent, results in by_agent.items():
        charged = sum(result.charged for result in results)
        title = f"{agent}: {charged} of {len(results)} relations broken beyond chance"
        console.print(Text(title, style="bold"), soft_wrap=True)
        console.print(_figures(results))
        for table in _heatmap(results, width):
            console.print(table)
    for line in examples(found.results):
        console.print(line, soft_wrap=True, markup=False)
    if by_agent and verbose:
        console.print(_coverage(found.coverage))
    return text.getvalue()


def _figures(results: Iterable[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    first, *others = HEAD
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, justify="right", no_wrap=True)
    for result in results:
        *figures, charged = cells(result)
        table.add_row(*figures, Text(charged, style="bold red" if result.charged else "dim"))
    return table


def cells(result: Result) -> list[str]:
    """Return what a relation tried on an agent came to, under the columns of `HEAD`."""
    of = result.charge
    beyond = "-" if of.difference is None else f"{of.difference:+.2f}"
    interval = "-" if of.low is None else f"{of.low:+.2f} to {of.high:+.2f}"
    rates = (_rate(of.broken), _rate(of.worst), _rate(of.noise))
    p = "-" if of.p is None else f"{of.p:.3f}"
    charged = "charged" if result.charged else "too few" if of.has_few else ""
    counts = (str(of.n), str(of.scenarios))
    return [result.relation, *counts, *rates, beyond, interval, p, charged]


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _heatmap(results: Sequence[Result], width: int) -> Iterator[Table]:
    """Yield how often each law was broken, relation by culture, as many as stand abreast."""
    cultures = sorted({culture for result in results for culture in result.cultures})
    # The box itself takes a column on either side, and one between two cells.
    room = width - max(len(result.relation) for result in results) - 2
    while cultures:
        reach = list(accumulate(map(_column, cultures)))
        abreast = max(1, sum(used <= room for used in reach))
        shown, cultures = cultures[:abreast], cultures[abreast:]
        table = Table(box=box.SIMPLE_HEAD, padding=0)
        table.add_column("", no_wrap=True)
        for culture in shown:
            table.add_column(culture, justify="right", no_wrap=True)
        for result in results:
            cells = [_cell(result.cultures.get(culture)) for culture in shown]
            table.add_row(result.relation, *cells)
        yield table


def _column(culture: str) -> int:
    """Return how wide the column of a culture is."""
    return max(len(culture), len("0.0")) + 1


def _cell(found: tuple[float, int] | None) -> Text:
    if found is None:
        return Text("")
    value, _ = found
    if not value:
        return Text("·", style="dim")
    style = next(style for most, style in _SHADES if value <= most)
    return Text(f"{value:.1f}", style=style)


def examples(results: Iterable[Result]) -> Iterator[str]:
    """Yield the smallest example of each relation that is broken, those charged first."""
    told = sorted(
        (result for result in results if result.smallest is not None),
        key=lambda result: not result.charged,
    )
    for result in told[:MAX_EXAMPLES]:
        smallest = result.smallest
        assert smallest is not None
        by = " + ".join(smallest.relations)
        sure = (
            "seen once, which chance may do"
            if smallest.confirmed is None
            else f"again in {smallest.confirmed} of {smallest.trials} fresh trials"
        )
        named = f"{result.relation} of {result.agent.name}"
        yield f"{named}, smallest: {by} on {smallest.cases[-1]} ({sure})"
    if len(told) > MAX_EXAMPLES:
        yield f"and {len(told) - MAX_EXAMPLES} more in {FILE}"


Covered = tuple[str, int, Counter[str], Counter[str], Counter[str]]
"""A relation; how many examples; languages, cultures, and why it did not apply."""


def _covered(coverage: Iterable["Coverage"]) -> Iterator[Covered]:
    plans = list(coverage)
    names = dict.fromkeys(name for plan in plans for name in (*plan.drawn, *plan.not_applied))
    for name in names:
        yield (
            name,
            sum(plan.drawn[name] for plan in plans),
            _sum(plan.languages.get(name) for plan in plans),
            _sum(plan.cultures.get(name) for plan in plans),
            _sum(plan.not_applied.get(name) for plan in plans),
        )


def _sum(counters: Iterable[Counter[str] | None]) -> Counter[str]:
    return sum(filter(None, counters), Counter[str]())


def _row(covered: Covered) -> dict[str, Any]:
    name, drawn, languages, cultures, lacking = covered
    return {
        "relation": name,
        "examples": drawn,
        "languages": languages,
        "cultures": cultures,
        "not_applied": lacking,
    }


def _coverage(coverage: Iterable["Coverage"]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tried")
    for column in ("examples", "languages", "cultures", "not applied"):
        table.add_column(column, justify="right")
    table.add_column("mostly since")
    for name, drawn, languages, cultures, lacking in _covered(coverage):
        why = lacking.most_common(1)
        counts = (drawn, len(languages), len(cultures), lacking.total())
        table.add_row(name, *map(str, counts), why[0][0] if why else "")
    return table
