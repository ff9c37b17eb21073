"""A site's process: started in the project's root, on the leash, with a log of its own."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from comity.errors import InfrastructureError
from comity.places import cache_directory
from comity.processes import ChildProcess, ending

# What is in our environment and no business of a site's.
SECRETS = frozenset({"COMITY_MODEL_API_KEY", "COMITY_JUDGE_API_KEY"})
# Connections to a killed process fail a little before its supervisor has seen it end.
ENDING_SECONDS = 2.0
ENDING_CHECK_SECONDS = 0.05


class SiteProcess:
    """The process that serves a site, and the directory of its temporary files."""

    def __init__(self, child: ChildProcess, log: Path, temporary: Path) -> None:
        self.log = log
        self._child = child
        self._temporary = temporary

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        root: Path,
        *,
        log: Path,
        temporary: Path,
        environment: Mapping[str, str] | None = None,
        says_where: bool = False,
    ) -> Self:
        """Start `command` in the directory `root`.

        Args:
            command: what is run; `{python}` stands for the interpreter that runs Comity.
            root: the directory that it is run in.
            log: the file for what it writes.
            temporary: where a directory is made for its temporary files, and removed at its end.
            environment: what it is told beside our own environment.
            says_where: whether its first line of output is for `first_line`.

        Raises:
            InfrastructureError: the directory, the log or the process cannot be made.
        """
        try:
            await asyncio.to_thread(temporary.mkdir, parents=True)
        except OSError as error:
            raise InfrastructureError(f"{temporary} cannot be made: {error.strerror}") from None
        child = ChildProcess.start(
            [part.replace("{python}", sys.executable) for part in command],
            env={
                **{key: value for key, value in os.environ.items() if key not in SECRETS},
                "COMITY_CACHE_DIR": str(cache_directory()),
                "TMPDIR": str(temporary),
                **(environment or {}),
            },
            cwd=root,
            log=log,
            capture_first_line=says_where,
        )
        return cls(child, log, temporary)

    @property
    def pid(self) -> int:
        """The id of its supervisor."""
        return self._child.pid

    @property
    def ended(self) -> str | None:
        """How it ended, in words that follow its name; None while it runs."""
        status = self._child.poll()
        return None if status is None else ending(status)

    async def ends_soon(self) -> bool:
        """Wait a moment for its end; return whether it came."""
        for _ in range(round(ENDING_SECONDS / ENDING_CHECK_SECONDS)):
            if self.ended is not None:
                return True
            await asyncio.sleep(ENDING_CHECK_SECONDS)
        return False

    async def first_line(self, within: float) -> str:
        """Return the first line of its output.

        Raises:
            InfrastructureError: it ended before it wrote one, or did not within so many seconds.
        """
        return await asyncio.to_thread(self._child.first_line, within)

    def said_last(self) -> str:
        """What to say of its log."""
        tail = self._child.log_tail()
        return f"the end of its log ({self.log}):\n{tail}" if tail else f"its log is {self.log}"

    async def stop(self, grace: float | None = None) -> None:
        """End it, and remove its temporary files."""
        await asyncio.to_thread(self._child.stop, grace)
        await asyncio.to_thread(shutil.rmtree, self._temporary, ignore_errors=True)
