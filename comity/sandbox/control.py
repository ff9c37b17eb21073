"""A site that speaks the control protocol: it is asked for sandboxes, and for what they hold.

It is started with the secret of the control protocol in `COMITY_SITE_TOKEN`. It binds to
loopback, and says on its first line of output where: `{"listening": "http://127.0.0.1:8123"}`.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from playwright.async_api import BrowserContext
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from comity.errors import ConfigurationError, InfrastructureError
from comity.sandbox.process import SiteProcess
from comity.sandbox.running import Health, RunningSite, Sandbox, Served
from comity.sandbox.specs import SiteSpec
from comity.schema import EndState, Item
from comity.schema.base import printable
from comity.schema.scenario import BASKET_BY_TAG, POSTS_BY_TAG

PROTOCOL = 1
TOKEN_HEADER = "X-Comity-Token"  # noqa: S105 - the header's name, not a token
# A sandbox is removed in milliseconds. One that is not goes with its site, at the latest.
DELETE_SECONDS = 5.0

_ADDRESS = re.compile(r"http://(?:[a-z0-9.-]+|\[[0-9a-f:]+\]):\d+/?")

W = TypeVar("W", bound=BaseModel)


class _Catalogue(BaseModel):
    items: tuple[Item, ...]


_UNKNOWN = Health(name="", version="", protocol=0, sites={"": Served(host="")}, hosts=("",))


class ControlledSite(RunningSite):
    """One process of sites, and the client of its control protocol."""

    def __init__(
        self, name: str, process: SiteProcess, address: str, token: str, patience: float
    ) -> None:
        client = httpx2.AsyncClient(
            base_url=address,
            headers={TOKEN_HEADER: token},
            timeout=None,
            # A connection on loopback costs nothing; a kept one may be closed just as it is used.
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=False,
        )
        super().__init__(name, _UNKNOWN, (), process=process, client=client, patience=patience)
        self.address = address

    @classmethod
    async def start(
        cls,
        spec: SiteSpec,
        root: Path,
        *,
        log: Path,
        temporary: Path,
        within: float,
        patience: float,
    ) -> Self:
        """Start a site's process and wait until it answers.

        Args:
            spec: what `sites.yaml` says of it.
            root: the directory that it is run in.
            log: the file for what it writes.
            temporary: where a directory is made for its temporary files, and removed at its end.
            within: how long it may take to say where it listens, in seconds.
            patience: how long it may take for an answer, in seconds.

        Raises:
            InfrastructureError: it ended, stayed silent, or does not speak the protocol.
        """
        token = secrets.token_urlsafe(32)
        process = await SiteProcess.start(
            spec.command or (),
            root,
            log=log,
            temporary=temporary,
            environment={"COMITY_SITE_TOKEN": token},
            says_where=True,
        )
        try:
            address = _address(await process.first_line(within))
            site = cls(spec.id, process, address, token, patience)
            await site._introduce()
        except BaseException:
            await process.stop()
            raise
        return site

    async def _introduce(self) -> None:
        self.health = await self._ask("GET", "health", Health)
        if self.health.protocol != PROTOCOL:
            raise InfrastructureError(
                f"the site {self.name} speaks version {self.health.protocol} of the control "
                f"protocol; this Comity speaks {PROTOCOL}"
            )
        self.catalogue = (await self._ask("GET", "catalogue", _Catalogue)).items

    @property
    def addresses(self) -> Mapping[str, str]:
        """The one address where the process listens, for each of its hosts."""
        return dict.fromkeys(self.health.hosts, urlsplit(self.address).netloc)

    def capabilities(self, site: str) -> frozenset[str]:
        """Return what the site says, and that the protocol tells the tags of all that it tells."""
        return super().capabilities(site) | {BASKET_BY_TAG, POSTS_BY_TAG}

    async def create(
        self, site: str, stage: dict[str, JsonValue], language: str, *, member: bool = False
    ) -> Sandbox:
        """Ask the site for a sandbox."""
        body = {"site": site, "stage": stage, "language": language, "member": member}
        return await self._ask("POST", "sandboxes", Sandbox, body)

    async def prepare(self, sandbox: Sandbox, context: BrowserContext | None = None) -> None:
        """Do nothing: the site compares with the sandbox as it handed it out."""

    async def state(self, sandbox: Sandbox, context: BrowserContext | None = None) -> EndState:
        """Return what the sandbox's database holds, and all that changed in it."""
        return await self._ask("GET", f"sandboxes/{sandbox.id}/state", EndState)

    async def delete(self, sandbox: Sandbox) -> None:
        """Have the site remove the sandbox."""
        if self.lost is None:
            with suppress(httpx2.HTTPError, TimeoutError):
                async with asyncio.timeout(DELETE_SECONDS):
                    await self._request("DELETE", f"sandboxes/{sandbox.id}")

    async def _greet(self) -> str | None:
        await self._request("GET", "health")
        return None

    async def _ask(self, method: str, path: str, word: type[W], body: object = None) -> W:
        response = await self._send(method, path, body)
        try:
            return TypeAdapter(word).validate_json(response.content)
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in detail["loc"])
            raise InfrastructureError(
                f"the site {self.name} breaks the control protocol in its answer to "
                f"{method} {path}: {where}: {detail['msg']}"
            ) from None

    async def _request(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """Return the whole answer, which must be there in time."""
        async with asyncio.timeout(self._patience):
            return await self._client.request(method, f"/_control/{path}", json=body)

    async def _send(self, method: str, path: str, body: object) -> httpx2.Response:
        if self.lost is not None:
            raise InfrastructureError(self.obituary())
        try:
            response = await self._request(method, path, body)
        except (httpx2.HTTPError, TimeoutError) as error:
            if await self.examine():
                raise InfrastructureError(self.obituary()) from None
            raise InfrastructureError(
                f"the site {self.name} did not answer {method} {path} ({type(error).__name__})"
            ) from None
        if response.status_code == httpx2.codes.BAD_REQUEST:
            raise ConfigurationError(
                f"the site {self.name} refuses {method} {path}: {printable(response.text, 500)}"
            )
        if response.is_error:
            raise InfrastructureError(
                f"the site {self.name} answered {response.status_code} to {method} {path}"
            )
        return response


def _address(line: str) -> str:
    """Return the address in a site's first line."""
    try:
        address = TypeAdapter(dict[str, str]).validate_json(line)["listening"]
        if not _ADDRESS.fullmatch(address) or not urlsplit(address).port:
            raise ValueError("no address")
        return address
    except (ValueError, KeyError):
        raise InfrastructureError(
            'a site\'s first line of output is {"listening": "http://127.0.0.1:PORT"}, '
            f"not {printable(line, 200)!r}"
        ) from None
