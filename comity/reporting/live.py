"""What is drawn while somebody waits: for a start that is slow, and for cases that run."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from comity.models.progress import Progress

# Below this many columns a live line says nothing.
MIN_COLUMNS = 30
# Off a terminal, a line this often says that a slow start goes on.
PLAIN_SECONDS = 30.0


class LiveLine:
    """A line behind pytest's dots that says how far the cases are; nothing off a terminal."""

    def __init__(self, config: pytest.Config, *, captured: bool = True) -> None:
        """Have a line; `captured` says whether pytest captures what is written just now."""
        self._capture = config.pluginmanager.get_plugin("capturemanager") if captured else None
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        self._writer = reporter._tw if reporter is not None and reporter.isatty else None
        self._shown = False

    def __enter__(self) -> "LiveLine":
        return self

    def show(self, text: str) -> None:
        """Draw the line anew."""
        writer = self._writer
        if writer is None:
            return
        room = writer.fullwidth - writer.width_of_current_line - 2
        if room < MIN_COLUMNS:
            return
        text = f" {text}"[:room]
        # Drawn behind the cursor, which goes back to where pytest left it.
        self._write(f"\x1b[K{text}\x1b[{len(text)}D")
        self._shown = True

    def __exit__(self, *_: object) -> None:
        self.hide()

    def hide(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("\x1b[K")
            self._shown = False

    @property
    def is_seen(self) -> bool:
        """Whether somebody is looking."""
        return self._writer is not None

    def _write(self, text: str) -> None:
        if self._writer is None:
            return
        if self._capture is None:
            self._draw(text)
            return
        with self._capture.global_and_fixture_disabled():
            self._draw(text)

    def _draw(self, text: str) -> None:
        # Not by the writer itself, which would count the line's width as pytest's own.
        file = self._writer._file if self._writer is not None else sys.stdout
        file.write(text)
        file.flush()


class Ticking:
    """A live line where no test waits: a thread draws it, and gets out of pytest's way."""

    def __init__(self, config: pytest.Config, text: Callable[[], str], seconds: float) -> None:
        self._line = LiveLine(config, captured=False)
        self._text = text
        self._seconds = seconds
        self._drawing = threading.RLock()
        self._ended = threading.Event()
        if self._line.is_seen:
            threading.Thread(target=self._draw, name="comity-line", daemon=True).start()

    def _draw(self) -> None:
        while not self._ended.wait(self._seconds):
            with self._drawing:
                if not self._ended.is_set():
                    self._line.show(self._text())

    @contextmanager
    def away(self) -> Iterator[None]:
        """Within this the line is not there."""
        with self._drawing:
            self._line.hide()
            yield

    def end(self) -> None:
        """Take the line away for good."""
        self._ended.set()
        with self.away():
            pass


class Starting(Progress):
    """Says how far a slow start is: one line, drawn anew, on a terminal; some lines elsewhere."""

    def __init__(self, config: pytest.Config) -> None:
        self._reporter = config.pluginmanager.get_plugin("terminalreporter")
        self._text = ""
        self._next = 0.0

    def __call__(self, text: str, *, seconds: float, fraction: float | None = None) -> None:
        """Show one state of the start."""
        if self._reporter is None:
            return
        if self._reporter.isatty:
            done = "" if fraction is None else f" {fraction:.0%}"
            self._reporter.rewrite(f"{text} ({seconds:.0f} s{done})", erase=True)
            if fraction == 1.0:
                self._reporter.write_line("")
        elif text != self._text or seconds >= self._next:
            self._reporter.write_line(f"{text} ({seconds:.0f} s)")
            self._next = seconds + PLAIN_SECONDS
        self._text = text
