"""The control protocol: one running process of a site, and the sandboxes that it is asked for.

A site is started with the secret of the control protocol in `COMITY_SITE_TOKEN`. It binds to
loopback, and says on its first line of output where: `{"listening": "http://127.0.0.1:8123"}`.
"""

import asyncio
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from comity.errors import ConfigurationError, InfrastructureError
from comity.places import cache_directory
from comity.processes import ChildProcess, ending
from comity.schema import EndState, Item
from comity.schema.base import printable

PROTOCOL = 1
TOKEN_HEADER = "X-Comity-Token"  # noqa: S105 - the header's name, not a token
# What is in our environment and no business of a site's.
SECRETS = frozenset({"COMITY_MODEL_API_KEY"})
# A sandbox is removed in milliseconds. One that is not goes with its site, at the latest.
DELETE_SECONDS = 5.0
# Connections to a killed process fail a little before its supervisor has seen it end.
ENDING_SECONDS = 2.0
ENDING_CHECK_SECONDS = 0.05
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
    """What a site's process says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    version: str
    protocol: int
    sites: dict[str, Served] = Field(min_length=1)
    """The sites that it serves, by the ids that `sites.yaml` gives them."""
    hosts: tuple[str, ...] = Field(min_length=1)
    """The names that its pages' addresses use; the browser finds them at the site's port."""


W = TypeVar("W", bound=BaseModel)


class _Catalogue(BaseModel):
    items: tuple[Item, ...]


class RunningSite:
    """One process of sites, from its start to its end, and the client of its control protocol."""

    def __init__(
        self,
        name: str,
        process: ChildProcess,
        address: str,
        token: str,
        *,
        log: Path,
        temporary: Path,
        patience: float,
    ) -> None:
        self.name = name
        self.address = address
        self.log = log
        self.health = Health(
            name="", version="", protocol=0, sites={"": Served(host="")}, hosts=("",)
        )
        self.catalogue: tuple[Item, ...] = ()
        self._process = process
        self._temporary = temporary
        self._patience = patience
        self._lost: str | None = None
        self._examining = asyncio.Lock()
        self._client = httpx2.AsyncClient(
            base_url=address,
            headers={TOKEN_HEADER: token},
            timeout=None,
            # A connection on loopback costs nothing; a kept one may be closed just as it is used.
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=False,
        )

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        root: Path,
        *,
        log: Path,
        temporary: Path,
        within: float,
        patience: float,
    ) -> Self:
        """Start a site's process and wait until it answers.

        Args:
            name: the site's id.
            command: what is run; `{python}` stands for the interpreter that runs Comity.
            root: the directory that it is run in.
            log: the file for what it writes.
            temporary: where a directory is made for its temporary files, and removed at its end.
            within: how long it may take to say where it listens, in seconds.
            patience: how long it may take for an answer, in seconds.

        Raises:
            InfrastructureError: it ended, stayed silent, or does not speak the protocol.
        """
        token = secrets.token_urlsafe(32)
        try:
            await asyncio.to_thread(temporary.mkdir, parents=True)
        except OSError as error:
            raise InfrastructureError(f"{temporary} cannot be made: {error.strerror}") from None
        environment = {
            **{key: value for key, value in os.environ.items() if key not in SECRETS},
            "COMITY_SITE_TOKEN": token,
            "COMITY_CACHE_DIR": str(cache_directory()),
            "TMPDIR": str(temporary),
        }
        process = ChildProcess.start(
            [part.replace("{python}", sys.executable) for part in command],
            env=environment,
            cwd=root,
            log=log,
            capture_first_line=True,
        )
        try:
            line = await asyncio.to_thread(process.first_line, within)
            site = cls(
                name,
                process,
                _address(line),
                token,
                log=log,
                temporary=temporary,
                patience=patience,
            )
            await site._introduce()
        except BaseException:
            await asyncio.to_thread(process.stop)
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
    def lost(self) -> str | None:
        """How the site was lost, in words that follow its name; None where it serves."""
        if self._lost is None and (status := self._process.poll()) is not None:
            self._lost = ending(status)
        return self._lost

    async def examine(self) -> str | None:
        """Find out whether the site still serves; return how it was lost, None where it was not.

        A site that does not even tell its health within its patience will serve no case any more.
        """
        async with self._examining:
            if self.lost is None:
                try:
                    await self._request("GET", "health")
                except TimeoutError:
                    self._lost = f"did not answer for {self._patience:g} s"
                except httpx2.HTTPError as error:
                    if not await self._ended():
                        self._lost = f"takes no requests ({type(error).__name__})"
            return self.lost

    async def _ended(self) -> bool:
        for _ in range(round(ENDING_SECONDS / ENDING_CHECK_SECONDS)):
            if self.lost is not None:
                return True
            await asyncio.sleep(ENDING_CHECK_SECONDS)
        return False

    def obituary(self) -> str:
        """What to say of a site that was lost: how, and what it wrote last."""
        tail = self._process.log_tail()
        said = f"the end of its log ({self.log}):\n{tail}" if tail else f"its log is {self.log}"
        return f"the site {self.name} {self.lost}; {said}"

    def items(self, site: str) -> tuple[Item, ...]:
        """Return what can be handled on one of the sites."""
        return tuple(item for item in self.catalogue if item.site in (None, site))

    async def create(
        self, site: str, stage: dict[str, JsonValue], language: str, *, member: bool = False
    ) -> Sandbox:
        """Return a fresh sandbox that starts on `site`, with its stage set.

        `member` has the visitor signed in; `language` is what the pages should speak.

        Raises:
            ConfigurationError: the site cannot set this stage.
            InfrastructureError: the site failed.
        """
        body = {"site": site, "stage": stage, "language": language, "member": member}
        return await self._ask("POST", "sandboxes", Sandbox, body)

    async def state(self, sandbox: Sandbox) -> EndState:
        """Return what the sandbox's database holds, and all that changed in it.

        Raises:
            InfrastructureError: the site failed.
        """
        return await self._ask("GET", f"sandboxes/{sandbox.id}/state", EndState)

    async def delete(self, sandbox: Sandbox) -> None:
        """Remove the sandbox; where the site does not do so, it goes with the site itself."""
        if self.lost is None:
            with suppress(httpx2.HTTPError, TimeoutError):
                async with asyncio.timeout(DELETE_SECONDS):
                    await self._request("DELETE", f"sandboxes/{sandbox.id}")

    async def stop(self) -> None:
        """End the process, all its sandboxes and its temporary files."""
        grace = None if self.lost is None else LOST_GRACE_SECONDS
        await asyncio.to_thread(self._process.stop, grace)
        await self._client.aclose()
        await asyncio.to_thread(shutil.rmtree, self._temporary, ignore_errors=True)

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
        return TypeAdapter(dict[str, str]).validate_json(line)["listening"]
    except (ValidationError, KeyError):
        raise InfrastructureError(
            'a site\'s first line of output is {"listening": "http://127.0.0.1:PORT"}, '
            f"not {printable(line, 200)!r}"
        ) from None
