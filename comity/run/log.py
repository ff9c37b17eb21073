"""The log of a run: an event a line, as JSON, with the secrets taken out.

Every room writes to the logger of its own name; what belongs to a case carries the case's id.
"""

import json
import logging
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

from comity.errors import ConfigurationError

CASE: ContextVar[str | None] = ContextVar("case", default=None)
"""The id of the case that runs in this context."""

# A variable of this name holds what no log may show; shorter values would blot out plain words.
_SECRET_NAME = re.compile("KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
MIN_SECRET_CHARACTERS = 8
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"\\]+")
HIDDEN = "[hidden]"


class _Redacting(JsonFormatter):
    """JSON in which no secret stands."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "message": "event"},
            timestamp="at",
            json_ensure_ascii=False,
        )
        known = {one for one in secrets if one}
        # They are looked for in JSON, which writes quotes and backslashes in its own way.
        known |= {json.dumps(one, ensure_ascii=False)[1:-1] for one in known}
        found = sorted(known, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, found))) if found else None

    def format(self, record: logging.LogRecord) -> str:
        line = _BEARER.sub(rf"\1{HIDDEN}", super().format(record))
        return line if self._secrets is None else self._secrets.sub(HIDDEN, line)


class _File(logging.FileHandler):
    """A log that never stops a run: where the disk refuses, it ends."""

    trouble: str | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        record.case = CASE.get()
        return self.trouble is None

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        self.trouble = f"the log {self.baseFilename} cannot be written, and ends early"


class Log:
    """The log of one run; without a file the events go nowhere.

    They never go to pytest's own log: it would file what happens on the event loop under whichever
    test is waiting.
    """

    def __init__(self, file: Path | None, secrets: Iterable[str] = ()) -> None:
        """Begin the log, anew where there is one.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        self._logger = logging.getLogger("comity")
        self._before = (self._logger.propagate, self._logger.level)
        self._logger.propagate = False
        self._handler: logging.Handler = logging.NullHandler()
        if file is not None:
            try:
                self._handler = _File(file, mode="w", encoding="utf-8", errors="backslashreplace")
            except OSError as error:
                self._logger.propagate = self._before[0]
                raise ConfigurationError(
                    f"--log-json: {file} cannot be written: {error.strerror}"
                ) from None
            self._handler.setFormatter(_Redacting([*secrets, *_secrets_around()]))
            self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self._handler)

    @property
    def trouble(self) -> str | None:
        """Why the log ended early; None where it did not."""
        return self._handler.trouble if isinstance(self._handler, _File) else None

    def close(self) -> None:
        """End the log; a second call does nothing."""
        self._logger.removeHandler(self._handler)
        self._logger.propagate, level = self._before
        self._logger.setLevel(level)
        with suppress(OSError):  # a full disk also refuses the end
            self._handler.close()


def _secrets_around() -> list[str]:
    """Return the secrets in the environment."""
    return [
        value
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and len(value) >= MIN_SECRET_CHARACTERS
    ]
