"""Ctrl-C once: finish nothing more, clear up, keep what is done. Twice: now."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

# To say what is done takes tenths of a second, on a busy machine one; what hangs gets no more.
NOW_SECONDS = 2.5


class Interrupts:
    """Listens for Ctrl-C, and for the SIGTERM that CI systems send, from now until `restore`.

    The first raises KeyboardInterrupt, as in any Python program. The next calls `hurry`, cuts
    what stands in `cuttable`, and ends the process even where something hangs.
    """

    def __init__(self, hurry: Callable[[], None]) -> None:
        self._hurry = hurry
        self._told = 0
        self._cuttable = False
        self._end = threading.Timer(NOW_SECONDS, os._exit, [int(pytest.ExitCode.INTERRUPTED)])
        self._end.daemon = True
        self._before: dict[int, object] = {}
        if threading.current_thread() is not threading.main_thread():
            return
        # A signal that is ignored, as in a shell's background jobs, or somebody else's, stays so.
        for number, default in (
            (signal.SIGINT, signal.default_int_handler),
            (signal.SIGTERM, signal.SIG_DFL),
        ):
            if signal.getsignal(number) == default:
                self._before[number] = signal.signal(number, self._interrupted)

    def _interrupted(self, number: int, _frame: FrameType | None) -> None:
        self._told += 1
        if self._told == 1:
            raise KeyboardInterrupt(signal.Signals(number).name)
        if self._told == 2:
            self._end.start()
        self._hurry()
        if self._cuttable:
            raise KeyboardInterrupt(signal.Signals(number).name)

    @contextmanager
    def cuttable(self) -> Iterator[None]:
        """Within this a second Ctrl-C raises as well; elsewhere it would hit pytest's own work."""
        self._cuttable = True
        try:
            yield
        finally:
            self._cuttable = False

    def restore(self) -> None:
        """Listen no more."""
        self._end.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()
