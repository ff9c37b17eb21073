"""The sites that agents act on: how each is started, and started anew where it was lost."""

import asyncio
from pathlib import Path
from typing import Self

from pydantic import Field

from comity.errors import InfrastructureError, ScenarioError
from comity.sandbox.control import Health, RunningSite
from comity.schema import Item, Request, Word, files
from comity.schema.base import Prose, Slug

# The first start of a site builds its template database: half a minute on two quiet cores.
START_SECONDS = 300.0
# Whatever a site builds is there when it is started anew, and all its cases wait for it.
RESTART_SECONDS = 60.0
# An accident happens once; what ends again and again has a cause that no restart mends.
MAX_RESTARTS = 3
# A site answers in milliseconds, a page of it in tenths of a second, or in seconds where sixteen
# share two busy cores; what takes this long hangs.
PATIENCE_SECONDS = 30.0


class SiteSpec(Word):
    """How a site is started."""

    id: Slug
    title: Prose
    command: tuple[str, ...] = Field(min_length=1)
    """Run in the project's root; `{python}` stands for the interpreter that runs Comity."""


def load_specs(path: Path) -> dict[str, SiteSpec]:
    """Return the sites that the file `path` describes, by id; none where there is no such file.

    Raises:
        ScenarioError: the file is not right; a line for each problem.
    """
    if not path.is_file():
        return {}
    problems: list[str] = []
    document = files.read(path, path.relative_to(path.parent.parent))
    specs = {spec.id: spec for _, spec in files.entries(document, SiteSpec, problems)}
    if problems:
        raise ScenarioError("\n".join(problems))
    return specs


class Site:
    """A process of sites in the run. It is started anew, a few times, where it was lost.

    That is safe since a sandbox lives and dies with the process that made it: cases that were
    under way are lost, and say so, and no later case sees anything of theirs.
    """

    def __init__(
        self, spec: SiteSpec, root: Path, logs: Path, scratch: Path, patience: float
    ) -> None:
        self.spec = spec
        self._root = root
        self._logs = logs
        self._scratch = scratch
        self._patience = patience
        self._restarts = 0
        self._running: RunningSite | None = None
        self._starting = asyncio.Lock()

    @classmethod
    async def start(
        cls,
        spec: SiteSpec,
        root: Path,
        *,
        logs: Path,
        scratch: Path,
        patience: float = PATIENCE_SECONDS,
    ) -> Self:
        """Start the site's process in `root` and wait until it answers.

        Its logs are written to the folder `logs`, its temporary files to a directory in `scratch`,
        which the caller removes. `patience` is how long it may take for an answer, in seconds.

        Raises:
            InfrastructureError: it ended, stayed silent, or does not speak the protocol.
        """
        site = cls(spec, root, logs, scratch, patience)
        site._running = await site._start(START_SECONDS)
        return site

    async def _start(self, within: float) -> RunningSite:
        name = f"{self.spec.id}-{self._restarts + 1}" if self._restarts else self.spec.id
        return await RunningSite.start(
            self.spec.id,
            self.spec.command,
            self._root,
            log=self._logs / f"{name}.log",
            temporary=self._scratch / name,
            within=within,
            patience=self._patience,
        )

    @property
    def _latest(self) -> RunningSite:
        assert self._running is not None, "a site is made by Site.start"
        return self._running

    @property
    def address(self) -> str:
        """Where the site listens; another address once it was started anew."""
        return self._latest.address

    @property
    def health(self) -> Health:
        """What the site says of itself."""
        return self._latest.health

    def items(self, site: str) -> tuple[Item, ...]:
        """Return what can be handled on one of the sites."""
        return self._latest.items(site)

    def lacks(self, site: str, request: Request) -> list[str]:
        """Return the capabilities that `request` needs and `site` does not have."""
        return sorted(request.needs - self.health.sites[site].capabilities)

    async def serving(self) -> RunningSite:
        """Return the site's process, started anew where the last one was lost.

        Raises:
            InfrastructureError: it was lost too often, or does not start.
        """
        async with self._starting:
            lost = self._latest
            if lost.lost is None:
                return lost
            if self._restarts == MAX_RESTARTS:
                raise InfrastructureError(
                    f"the site {self.spec.id} was started anew {MAX_RESTARTS} times in this run "
                    f"and was lost again: {lost.obituary()}"
                )
            self._restarts += 1
            await lost.stop()
            fresh = await self._start(RESTART_SECONDS)
            if (fresh.health, fresh.catalogue) != (lost.health, lost.catalogue):
                await fresh.stop()
                raise InfrastructureError(
                    f"the site {self.spec.id} was changed during the run: it came back with "
                    "another version, other hosts or another catalogue"
                )
            self._running = fresh
            return fresh

    async def stop(self) -> None:
        """End the process, and with it all its sandboxes."""
        await self._latest.stop()
