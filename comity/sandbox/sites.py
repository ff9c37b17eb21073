"""The sites that agents act on: processes that speak the control protocol.

A site is started with the secret of the control protocol in `COMITY_SITE_TOKEN`. It binds to
loopback, and says on its first line of output where: `{"listening": "http://127.0.0.1:8123"}`.
"""

import asyncio
import os
import secrets
import sys
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from comity.errors import ConfigurationError, InfrastructureError, ScenarioError
from comity.places import cache_directory
from comity.processes import ChildProcess
from comity.schema import EndState, Item, Word, files
from comity.schema.base import Prose, Slug, printable

PROTOCOL = 1
TOKEN_HEADER = "X-Comity-Token"  # noqa: S105 - the header's name, not a token
# What is in our environment and no business of a site's.
SECRETS = frozenset({"COMITY_MODEL_API_KEY"})
# The first start of a site builds its template database: half a minute on two quiet cores.
START_SECONDS = 300.0
# A site answers in milliseconds; one that needs longer than this hangs.
ANSWER_SECONDS = 30.0


class SiteSpec(Word):
    """How a site is started."""

    id: Slug
    title: Prose
    command: tuple[str, ...] = Field(min_length=1)
    """Run in the project's root; `{python}` stands for the interpreter that runs Comity."""


class Sandbox(BaseModel):
    """One isolated copy of a site's data, for one case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    start_url: str
    headers: dict[str, str]
    """What the browser must send so that the site serves this sandbox."""
    cookies: tuple[dict[str, JsonValue], ...] = ()

    @property
    def host(self) -> str:
        """The name of the only host that belongs to the case."""
        return urlsplit(self.start_url).hostname or ""


class Health(BaseModel):
    """What a site says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    version: str
    protocol: int
    capabilities: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = Field(min_length=1)
    """The names that its pages' addresses use; the browser finds them at the site's port."""


W = TypeVar("W", bound=BaseModel)


class _Catalogue(BaseModel):
    items: tuple[Item, ...]


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
    """A running site and the client of its control protocol."""

    def __init__(self, spec: SiteSpec, process: ChildProcess, address: str, token: str) -> None:
        self.spec = spec
        self.address = address
        self.catalogue: tuple[Item, ...] = ()
        self._process = process
        self._client = httpx2.AsyncClient(
            base_url=address,
            headers={TOKEN_HEADER: token},
            timeout=ANSWER_SECONDS,
            # A connection on loopback costs nothing; a kept one may be closed just as it is used.
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=False,
        )
        self.health = Health(name="", version="", protocol=0, hosts=("",))

    @classmethod
    async def start(cls, spec: SiteSpec, root: Path, log: Path) -> Self:
        """Start the site's process in `root` and wait until it answers.

        Raises:
            InfrastructureError: it ended, stayed silent, or does not speak the protocol.
        """
        token = secrets.token_urlsafe(32)
        environment = {
            **{name: value for name, value in os.environ.items() if name not in SECRETS},
            "COMITY_SITE_TOKEN": token,
            "COMITY_CACHE_DIR": str(cache_directory()),
        }
        command = [part.replace("{python}", sys.executable) for part in spec.command]
        process = ChildProcess.start(
            command, env=environment, cwd=root, log=log, capture_first_line=True
        )
        try:
            line = await asyncio.to_thread(process.first_line, START_SECONDS)
            site = cls(spec, process, _address(line), token)
            await site._introduce()
        except BaseException:
            await asyncio.to_thread(process.stop)
            raise
        return site

    async def _introduce(self) -> None:
        self.health = await self._ask("GET", "health", Health)
        if self.health.protocol != PROTOCOL:
            raise InfrastructureError(
                f"the site {self.spec.id} speaks version {self.health.protocol} of the control "
                f"protocol; this Comity speaks {PROTOCOL}"
            )
        self.catalogue = (await self._ask("GET", "catalogue", _Catalogue)).items

    async def create(self, stage: dict[str, JsonValue], language: str) -> Sandbox:
        """Return a fresh sandbox, with its stage set.

        Raises:
            ConfigurationError: the site cannot set this stage.
            InfrastructureError: the site failed.
        """
        body = {"stage": stage, "language": language}
        return await self._ask("POST", "sandboxes", Sandbox, body)

    async def state(self, sandbox: Sandbox) -> EndState:
        """Return what the sandbox's database holds, and all that changed in it."""
        return await self._ask("GET", f"sandboxes/{sandbox.id}/state", EndState)

    async def delete(self, sandbox: Sandbox) -> None:
        """Remove the sandbox from the site's disk."""
        await self._send("DELETE", f"sandboxes/{sandbox.id}", None)

    async def stop(self) -> None:
        """End the process, and with it all its sandboxes."""
        await self._client.aclose()
        await asyncio.to_thread(self._process.stop)

    async def _ask(self, method: str, path: str, word: type[W], body: object = None) -> W:
        response = await self._send(method, path, body)
        try:
            return TypeAdapter(word).validate_json(response.content)
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in detail["loc"])
            raise InfrastructureError(
                f"the site {self.spec.id} breaks the control protocol in its answer to "
                f"{method} {path}: {where}: {detail['msg']}"
            ) from None

    async def _send(self, method: str, path: str, body: object) -> httpx2.Response:
        try:
            response = await self._client.request(method, f"/_control/{path}", json=body)
        except httpx2.HTTPError as error:
            ended = self._process.poll()
            state = "does not answer" if ended is None else f"ended with exit code {ended}"
            raise InfrastructureError(
                f"the site {self.spec.id} {state} ({type(error).__name__}); "
                f"its log: {self._process.log_tail()}"
            ) from None
        if response.status_code == httpx2.codes.BAD_REQUEST:
            raise ConfigurationError(
                f"the site {self.spec.id} refuses {method} {path}: {printable(response.text, 500)}"
            )
        if response.is_error:
            raise InfrastructureError(
                f"the site {self.spec.id} answered {response.status_code} to {method} {path}"
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
