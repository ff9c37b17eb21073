"""What a running site is to the cases of a run, in whatever way it is spoken to."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2
from playwright.async_api import BrowserContext
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from comity.sandbox.process import SiteProcess
from comity.schema import EndState, Item

# What answers nothing will not use a long grace either.
LOST_GRACE_SECONDS = 1.0


class Sandbox(BaseModel):
    """One isolated copy of a site's data, for one case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    start_url: str
    headers: dict[str, str]
    """What the browser must send so that the site serves this sandbox."""
    cookies: tuple[dict[str, JsonValue], ...] = ()
    """What makes the visitor a member of the site, where that was asked for."""

    @property
    def host(self) -> str:
        """The name of the only host that belongs to the case."""
        return urlsplit(self.start_url).hostname or ""


class Served(BaseModel):
    """One of the sites that a process serves."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    capabilities: frozenset[str] = frozenset()


class Health(BaseModel):
    """What is known of a site's process: by its own word, or else by its configuration."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    version: str | None
    protocol: int | None
    """The version of the control protocol; None where it speaks none."""
    sites: dict[str, Served] = Field(min_length=1)
    """The sites that it serves, by the ids that `sites.yaml` gives them."""
    hosts: tuple[str, ...] = Field(min_length=1)
    """The names that its pages' addresses use."""


class RunningSite(ABC):
    """A process of sites, or a site that runs elsewhere: what it gives to a case.

    One that does not even show a sign of life within its patience is lost: it will serve no case
    any more.
    """

    def __init__(
        self,
        name: str,
        health: Health,
        catalogue: tuple[Item, ...],
        *,
        process: SiteProcess | None,
        client: httpx2.AsyncClient,
        patience: float,
    ) -> None:
        self.name = name
        self.health = health
        self.catalogue = catalogue
        self._process = process
        self._client = client
        self._patience = patience
        self._lost: str | None = None
        self._examining = asyncio.Lock()

    @property
    @abstractmethod
    def addresses(self) -> Mapping[str, str]:
        """Where the browser finds each name, or `name:port`, that the site's pages use."""

    @abstractmethod
    async def create(
        self, site: str, stage: dict[str, JsonValue], language: str, *, member: bool = False
    ) -> Sandbox:
        """Return a fresh sandbox that starts on `site`, with its stage set.

        `member` has the visitor signed in; `language` is what the pages should speak.

        Raises:
            ConfigurationError: the site cannot set this stage.
            InfrastructureError: the site failed.
        """

    @abstractmethod
    async def prepare(self, sandbox: Sandbox, context: BrowserContext) -> None:
        """Note what `state` must know of the time before the agent comes.

        `context` is the case's own; no page of the agent's is open in it yet.

        Raises:
            InfrastructureError: the site failed.
        """

    @abstractmethod
    async def state(self, sandbox: Sandbox, context: BrowserContext) -> EndState:
        """Return what the agent left behind; `context` is the one that it acted in.

        Raises:
            InfrastructureError: the site failed.
        """

    @abstractmethod
    async def delete(self, sandbox: Sandbox) -> None:
        """Remove the sandbox; where the site does not do so, it goes with the site itself."""

    @abstractmethod
    async def _greet(self) -> str | None:
        """Ask for a sign of life; return what is wrong with it.

        Raises:
            httpx2.HTTPError, TimeoutError: there is none.
        """

    def items(self, site: str) -> tuple[Item, ...]:
        """Return what can be handled on one of the sites."""
        return tuple(item for item in self.catalogue if item.site in (None, site))

    def capabilities(self, site: str) -> frozenset[str]:
        """Return what one of the sites can do and show."""
        return self.health.sites[site].capabilities

    @property
    def lost(self) -> str | None:
        """How the site was lost, in words that follow its name; None where it serves."""
        if self._lost is None and self._process is not None:
            self._lost = self._process.ended
        return self._lost

    async def examine(self) -> str | None:
        """Find out whether the site still serves; return how it was lost, None where it was not."""
        async with self._examining:
            if self.lost is None:
                try:
                    self._lost = await self._greet()
                except TimeoutError:
                    self._lost = f"did not answer for {self._patience:g} s"
                except httpx2.HTTPError as error:
                    if self._process is None or not await self._process.ends_soon():
                        self._lost = f"takes no requests ({type(error).__name__})"
            return self.lost

    def obituary(self) -> str:
        """What to say of a site that was lost: how, and what it wrote last."""
        where = f"it is sought at {', '.join(self.addresses)}"
        said = where if self._process is None else self._process.said_last()
        return f"the site {self.name} {self.lost}; {said}"

    async def stop(self) -> None:
        """End the process, all its sandboxes and its temporary files."""
        if self._process is not None:
            await self._process.stop(None if self.lost is None else LOST_GRACE_SECONDS)
        await self._client.aclose()
