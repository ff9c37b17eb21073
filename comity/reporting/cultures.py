"""What an agent does by culture, drawn towards what it does elsewhere: it decides nothing."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table

from comity.statistics.metrics import Metric
from comity.statistics.shrinkage import Shrunken, shrunken


def table(rows: Sequence[Metric]) -> Iterator[RenderableType]:
    """Yield the shares by culture of one agent's metrics on one suite; none of too few cultures.

    Cultures stand by their names, in no order of merit, and each share with its n.
    """
    found = shrunken(rows)
    columns = list(dict.fromkeys(_column(one) for one in found))
    cells = {(one.slice["culture"], _column(one)): one for one in found}
    if not cells:
        return
    yield "by culture, drawn to what the agent does elsewhere: for a look, not for a verdict"
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("culture")
    for column in columns:
        shown.add_column(column, justify="right")
    for culture in sorted({culture for culture, _ in cells}):
        shown.add_row(culture, *(_cell(cells.get((culture, column))) for column in columns))
    yield shown


def _column(one: Shrunken) -> str:
    return "\n".join(filter(None, (one.metric, one.slice.get("mode"))))


def _cell(one: Shrunken | None) -> str:
    return "" if one is None else f"{one.value:.2f} of {one.n}"
