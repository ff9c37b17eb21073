"""A site without the control protocol: a browser's context is the sandbox, pages show the state."""

import asyncio
import re
import secrets
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2
from playwright.async_api import BrowserContext
from pydantic import JsonValue

from comity.errors import ConfigurationError, InfrastructureError, ScenarioError
from comity.sandbox.pages import LineRows, PostRows, Rows, UnreadableError, read
from comity.sandbox.process import SiteProcess
from comity.sandbox.running import Health, RunningSite, Sandbox, Served
from comity.sandbox.specs import PORT, SiteSpec, address, load_items
from comity.schema import EndState, Item, Line, Order, Post
from comity.schema.base import printable
from comity.schema.scenario import BASKET_BY_TAG

LOOPBACK = "127.0.0.1"
# How often a site that is starting is asked whether it is there.
LOOK_SECONDS = 0.1
MAX_TOLD_CHARACTERS = 200

_NUMBER = re.compile(r"\d{1,6}")


@dataclass(frozen=True)
class _Seen:
    """What the pages show at one time."""

    basket: tuple[Line, ...]
    orders: tuple[Line, ...]
    posts: tuple[Post, ...]


class PagedSite(RunningSite):
    """A site that is known by its pages alone, whether we started it or it runs elsewhere.

    What the pages showed to the case before the agent came is not the agent's doing.
    """

    def __init__(
        self,
        spec: SiteSpec,
        catalogue: tuple[Item, ...],
        *,
        process: SiteProcess | None,
        port: int | None,
        patience: float,
    ) -> None:
        assert spec.url is not None, "a site without the protocol has a url"
        self._start_url = spec.url.replace(PORT, str(port))
        self._host, self._port = address(self._start_url)
        super().__init__(
            spec.id,
            Health(
                name=spec.id,
                version=None,
                protocol=None,
                sites={spec.id: Served(host=self._host, capabilities=_capabilities(spec))},
                hosts=(self._host,),
            ),
            catalogue,
            process=process,
            client=httpx2.AsyncClient(timeout=None, trust_env=False),
            patience=patience,
        )
        self._spec = spec
        self._items = {item.id: item for item in catalogue}
        self._listens = None if port is None else f"{LOOPBACK}:{port}"
        self._before: dict[str, _Seen] = {}
        """What the pages showed when a sandbox was made, by its id."""

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
        """Start the site if it has a command, and wait until its start page is there.

        Args:
            spec: what `sites.yaml` says of it.
            root: the directory that its command is run in.
            log: the file for what its process writes.
            temporary: where a directory is made for its temporary files, and removed at its end.
            within: how long it may take to come, in seconds.
            patience: how long it may take for an answer, in seconds.

        Raises:
            ConfigurationError: its start page is elsewhere, or its file of items is not right.
            InfrastructureError: it ended, or its start page is not there.
        """
        try:
            catalogue = load_items(spec, root)
        except ScenarioError as error:
            raise ConfigurationError(str(error)) from None
        process, port = None, None
        if spec.command is not None:
            port = free_port()
            command = [part.replace(PORT, str(port)) for part in spec.command]
            process = await SiteProcess.start(command, root, log=log, temporary=temporary)
        site = cls(spec, catalogue, process=process, port=port, patience=patience)
        try:
            await site._arrive(within)
        except BaseException:
            await site.stop()
            raise
        return site

    async def _arrive(self, within: float) -> None:
        """Wait until the start page is there, asking at least once."""
        until = time.monotonic() + within
        while True:
            try:
                status, location = await self._look()
                told = f"answered {status}"
            except (httpx2.HTTPError, TimeoutError) as error:
                status, location, told = None, "", f"does not answer ({type(error).__name__})"
            if self.lost is not None:
                raise InfrastructureError(self.obituary())
            if status is not None and status < httpx2.codes.BAD_REQUEST:
                return self._check_stays(location)
            # While it starts, it may be unable to answer; that it knows no such page will stay.
            hopeless = status is not None and status < httpx2.codes.INTERNAL_SERVER_ERROR
            if hopeless or time.monotonic() > until:
                said = f"; {self._process.said_last()}" if self._process is not None else ""
                raise InfrastructureError(
                    f"the start page {self._start_url} of the site {self.name} {told}{said}"
                )
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> tuple[int, str]:
        """Return what the start page is answered with, and where it redirects to."""
        parts = urlsplit(self._start_url)
        url = self._start_url
        if self._listens is not None:
            url = parts._replace(netloc=self._listens).geturl()
        headers = {"Host": parts.netloc}
        async with (
            asyncio.timeout(self._patience),
            self._client.stream("GET", url, headers=headers) as response,
        ):
            location = response.headers.get("Location", "") if response.is_redirect else ""
            return response.status_code, location

    def _check_stays(self, location: str) -> None:
        """Refuse a start page that redirects to where the browser will not follow."""
        try:
            stays = address(urljoin(self._start_url, location)) == (self._host, self._port)
        except (ValueError, KeyError):
            stays = False
        if not stays:
            raise ConfigurationError(
                f"the start page {self._start_url} of the site {self.name} redirects to "
                f"{printable(location, MAX_TOLD_CHARACTERS)}; only one host is opened to an "
                "agent: give the `url` where the site really is"
            )

    async def _greet(self) -> str | None:
        status, _ = await self._look()
        failed = status >= httpx2.codes.INTERNAL_SERVER_ERROR
        return f"answered {status} for its start page" if failed else None

    @property
    def addresses(self) -> Mapping[str, str]:
        """The host at the port that was given to the site; of one elsewhere, that port alone."""
        if self._listens is not None:
            return {self._host: self._listens}
        host = f"[{self._host}]" if ":" in self._host else self._host
        return {f"{host}:{self._port}": host}

    async def create(
        self, site: str, stage: dict[str, JsonValue], language: str, *, member: bool = False
    ) -> Sandbox:
        """Return a name for what the case's own browser context sees."""
        return Sandbox(id=secrets.token_hex(8), start_url=self._start_url, headers={})

    async def prepare(self, sandbox: Sandbox, context: BrowserContext) -> None:
        """Note what the pages show before the agent comes."""
        self._before[sandbox.id] = await self._seen(context)

    async def state(self, sandbox: Sandbox, context: BrowserContext) -> EndState:
        """Return what the pages show now and did not before."""
        before, now = self._before[sandbox.id], await self._seen(context)
        ordered = enumerate(_added_lines(before.orders, now.orders), start=1)
        return EndState(
            basket=tuple(_added_lines(before.basket, now.basket)),
            orders=tuple(
                Order(number=str(number), total=line.price, currency="", lines=(line,))
                for number, line in ordered
            ),
            posts=tuple(_added_posts(before.posts, now.posts)),
        )

    async def delete(self, sandbox: Sandbox) -> None:
        """Forget what the pages showed; the rest goes with the browser's context."""
        self._before.pop(sandbox.id, None)

    async def _seen(self, context: BrowserContext) -> _Seen:
        pages = self._spec.pages
        return _Seen(
            basket=await self._lines(context, pages.basket),
            orders=await self._lines(context, pages.orders),
            posts=await self._posts(context, pages.posts),
        )

    async def _rows(self, context: BrowserContext, rows: Rows) -> list[dict[str, str]]:
        url = urljoin(self._start_url, rows.path)
        return await read(context, url, rows, patience=self._patience)

    async def _lines(self, context: BrowserContext, rows: LineRows | None) -> tuple[Line, ...]:
        if rows is None:
            return ()
        with self._named(rows):
            return tuple(self._line(row) for row in await self._rows(context, rows))

    async def _posts(self, context: BrowserContext, rows: PostRows | None) -> tuple[Post, ...]:
        if rows is None:
            return ()
        with self._named(rows):
            return tuple(
                Post(id=row.get("id", ""), topic=row.get("topic", ""), text=row["text"])
                for row in await self._rows(context, rows)
            )

    @contextmanager
    def _named(self, rows: Rows) -> Iterator[None]:
        """Say of what goes wrong in here on which page of which site it did."""
        try:
            yield
        except UnreadableError as error:
            where = f"the page {rows.path} of the site {self.name}"
            raise InfrastructureError(f"{where} {error}") from None

    def _line(self, row: Mapping[str, str]) -> Line:
        product = row["product"]
        item = self._items.get(product)
        if not product or (self._items and item is None):
            # An unknown product may be the very one that a scenario names by a tag.
            raise UnreadableError(
                f"shows the product {printable(product, MAX_TOLD_CHARACTERS)!r}"
                + (f", which {self._spec.items} does not list; add it" if product else "")
            )
        quantity = _NUMBER.findall(row.get("quantity", "1"))
        if len(quantity) != 1:
            told = printable(row["quantity"], MAX_TOLD_CHARACTERS)
            raise UnreadableError(f"shows {told!r} as a quantity, which is not one number")
        return Line(
            product=product,
            title=row.get("title") or (item.title if item else product),
            quantity=int(quantity[0]),
            price=row.get("price", ""),
            tags=item.tags if item else frozenset(),
        )


def _capabilities(spec: SiteSpec) -> frozenset[str]:
    """Return what the pages show; a visitor who can post is as good as a member."""
    pages = spec.pages
    given = {
        "basket": pages.basket is not None,
        BASKET_BY_TAG: pages.basket is not None and spec.items is not None,
        "orders": pages.orders is not None,
        "posts": pages.posts is not None,
        "member": pages.posts is not None,
    }
    return frozenset(name for name, there in given.items() if there)


def _added_lines(before: Iterable[Line], now: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines of now, less the pieces that were there before."""
    had: Counter[str] = Counter()
    for line in before:
        had[line.product] += line.quantity
    for line in now:
        old = min(had[line.product], line.quantity)
        had[line.product] -= old
        if line.quantity > old:
            yield line.model_copy(update={"quantity": line.quantity - old})


def _added_posts(before: Iterable[Post], now: Iterable[Post]) -> Iterator[Post]:
    """Yield the posts of now that did not stand there before in the same words."""
    stood = Counter((post.id, post.topic, post.text) for post in before)
    ids = {post_id for post_id, _, _ in stood if post_id}
    for post in now:
        key = (post.id, post.topic, post.text)
        if stood[key]:
            stood[key] -= 1
        else:
            yield post.model_copy(update={"edited": post.id in ids})


def free_port() -> int:
    """Return a port of loopback at which nothing listens now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
