"""Progress for a person: a bar on a terminal, lines in a log."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from comity.models.progress import Progress

# Off a terminal (a log of CI), a line this often says that work goes on.
_PLAIN_SECONDS = 15.0


@contextmanager
def shown(console: Console) -> Iterator[Progress]:
    """Progress as a bar on a terminal, as lines elsewhere."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console) as bars:
        yield _Bars(bars)


class _Bars:
    """One bar for each step."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, text: str, *, seconds: float, fraction: float | None = None) -> None:
        if text not in self._tasks:
            for earlier in self._tasks.values():
                self._bars.update(earlier, total=1.0, completed=1.0)
            # Without a total the bar only moves to and fro.
            total = None if fraction is None else 1.0
            self._tasks[text] = self._bars.add_task(text, total=total)
        self._bars.update(self._tasks[text], completed=fraction)


class _Lines:
    """A line for each step, and one now and then while it lasts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._text = ""
        self._next = 0.0

    def __call__(self, text: str, *, seconds: float, fraction: float | None = None) -> None:
        if text == self._text and seconds < self._next:
            return
        said = f" ({seconds:.0f} s)" if text == self._text else ""
        self._console.print(f"{text}{said}", markup=False, soft_wrap=True)
        self._text, self._next = text, seconds + _PLAIN_SECONDS
