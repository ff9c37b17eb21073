"""The sites that agents act on: how each is started, and started anew where it was lost."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Self

from comity.errors import InfrastructureError
from comity.sandbox.control import ControlledSite
from comity.sandbox.paged import PagedSite
from comity.sandbox.running import Health, RunningSite
from comity.sandbox.specs import SiteSpec
from comity.schema import Item, Request

# The first start of a site builds its template database: half a minute on two quiet cores.
START_SECONDS = 300.0
# Whatever a site builds is there when it is started anew, and all its cases wait for it.
RESTART_SECONDS = 60.0
# An accident happens once; what ends again and again has a cause that no restart mends.
MAX_RESTARTS = 3
# A site answers in milliseconds, a page of it in tenths of a second, or in seconds where sixteen
# share two busy cores; what takes this long hangs.
PATIENCE_SECONDS = 30.0


class Site:
    """A process of sites in the run. It is started anew, a few times, where it was lost.

    That is safe since a sandbox lives and dies with the process that made it, or with the case's
    browser context: cases that were under way are lost, and say so, and no later case takes
    anything of theirs for its own. One that runs elsewhere is not started, but looked for.
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
        self._turn = asyncio.Lock()

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
        """Start the site's process in `root`, if it has one, and wait until the site answers.

        Its logs are written to the folder `logs`, its temporary files to a directory in `scratch`,
        which the caller removes. `patience` is how long it may take for an answer, in seconds.

        Raises:
            ConfigurationError: it is not where it is said to be.
            InfrastructureError: it ended, stayed silent, or does not speak the protocol.
        """
        site = cls(spec, root, logs, scratch, patience)
        # What runs elsewhere is there or not; nothing is built for us.
        site._running = await site._start(START_SECONDS if spec.command else 0.0)
        return site

    async def _start(self, within: float) -> RunningSite:
        name = f"{self.spec.id}-{self._restarts + 1}" if self._restarts else self.spec.id
        kind = ControlledSite if self.spec.url is None else PagedSite
        return await kind.start(
            self.spec,
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
    def addresses(self) -> Mapping[str, str]:
        """Where the browser finds the site's names; elsewhere once it was started anew."""
        return self._latest.addresses

    @property
    def health(self) -> Health:
        """What is known of the site."""
        return self._latest.health

    def items(self, site: str) -> tuple[Item, ...]:
        """Return what can be handled on one of the sites."""
        return self._latest.items(site)

    def lacks(self, site: str, request: Request) -> list[str]:
        """Return what `request` needs and `site` does not have: capabilities, and items.

        A tag that nothing has, mostly misspelt, would be a breach that nobody can commit.
        """
        items = self.items(site)  # of a site that lists none it is not known what is there
        unknown = (
            str(one)
            for one in request.decides
            if items and not any(one.picks(item.id, item.tags) for item in items)
        )
        return [*sorted(request.needs - self._latest.capabilities(site)), *sorted(unknown)]

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Return what a case holds while it is on the site: on most, many are at once."""
        return self._turn if self.spec.is_alone else nullcontext()

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
                    f"the site {self.spec.id} came back {MAX_RESTARTS} times in this run and was "
                    f"lost again: {lost.obituary()}"
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
