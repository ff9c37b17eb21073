"""Single keys from a terminal, here or at the other end of ssh."""

import os
import signal
import sys
import termios
import tty
from types import FrameType
from typing import Self

_ESCAPE = "\x1b"
# No key sends as much at once; a text that is pasted may.
_CHUNK_BYTES = 1_024


class Keyboard:
    """Reads keys as they are pressed; the terminal is afterwards as it was, whatever happens."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._typed: list[str] = []

    def __enter__(self) -> Self:
        self._terminal = termios.tcgetattr(self._fd)
        self._continued = signal.signal(signal.SIGCONT, self._again)
        tty.setcbreak(self._fd)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGCONT, self._continued)
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._terminal)

    def _again(self, _signal: int, _frame: FrameType | None) -> None:
        """Read keys again after Ctrl-Z, under which a shell takes the terminal for itself."""
        tty.setcbreak(self._fd)

    def key(self) -> str:
        """Wait for a key and return it in lower case; empty where the terminal has gone."""
        while not self._typed:
            data = os.read(self._fd, _CHUNK_BYTES)
            if not data:
                return ""
            # What an arrow or a function key sends begins so, and goes on with letters.
            self._typed += data.decode("utf-8", "ignore").partition(_ESCAPE)[0].lower()
        return self._typed.pop(0)

    def forget(self) -> None:
        """Drop what was typed ahead: it answers nothing that has been read."""
        self._typed.clear()
        termios.tcflush(self._fd, termios.TCIFLUSH)
