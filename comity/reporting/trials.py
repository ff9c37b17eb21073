"""How surely scenarios go well again and again, where a run repeats them."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table

from comity.statistics.repeats import Repeated


def table(rows: Sequence[Repeated]) -> Iterator[RenderableType]:
    """Yield pass^k of one agent on one suite, over as many trials as there are; none of one."""
    if not rows:
        return
    yield "good in all of k trials, by scenario"
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("metric", "mode"):
        shown.add_column(column)
    for column in ("k", "scenarios", "rate", "95 % interval"):
        shown.add_column(column, justify="right")
    most = {(row.metric, row.slice.get("mode", "")): row for row in rows}
    for (metric, mode), row in most.items():
        if row.value is not None and row.low is not None and row.high is not None:
            interval = f"{row.low:.2f} to {row.high:.2f}"
            shown.add_row(metric, mode, str(row.k), str(row.n), f"{row.value:.2f}", interval)
    yield shown
