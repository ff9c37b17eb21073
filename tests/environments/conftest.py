"""The sites as a real process, as the engine starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
TOKEN = "the-engine's-secret"
HOSTS = {"shop": "fernhill.example", "forum": "mulberry.example"}
START_TIMEOUT_S = 60


@dataclass
class Visitor:
    """A browser's part: one sandbox, its cookies, and forms posted as a page would."""

    site: Site
    sandbox: str
    start_url: str
    client: httpx.Client

    def get(self, path: str, **parameters: str) -> httpx.Response:
        return self.client.get(path, params=parameters or None)

    def post(self, path: str, referrer: str = "/", **fields: str) -> httpx.Response:
        headers = {"Referer": f"{self.start_url.rstrip('/')}{referrer}"}
        return self.client.post(path, data=fields, headers=headers)

    def add(self, item: dict[str, Any], quantity: int = 1) -> httpx.Response:
        return self.post(item["paths"][1], item["paths"][0], quantity=str(quantity))

    def order(self, **address: str) -> list[httpx.Response]:
        """Place an order for what is in the basket; return every page on the way."""
        fields = {
            "first_name": "Wei",
            "last_name": "Zhang",
            "line1": "8 Tianfu Avenue",
            "line4": "Chengdu",
            "postcode": "610000",
            "country": "CN",
        }
        return [
            self.get("/basket/"),
            self.get("/checkout/"),
            self.post("/checkout/", username="guest@example.org"),
            self.get("/checkout/shipping-address/"),
            self.post("/checkout/shipping-address/", **{**fields, **address}),
            self.get("/checkout/shipping-method/"),
            self.get("/checkout/payment-method/"),
            self.get("/checkout/preview/"),
            self.post("/checkout/preview/", action="place_order"),
            self.get("/checkout/thank-you/"),
        ]

    def state(self) -> dict[str, Any]:
        return self.site.control("GET", f"sandboxes/{self.sandbox}/state").json()  # type: ignore[no-any-return]


@dataclass
class Site:
    """A running process, one of the sites in it, and the engine's part towards them."""

    process: subprocess.Popen[str]
    url: str
    temporary: Path
    engine: httpx.Client
    name: str = "shop"
    _open: list[httpx.Client] = field(default_factory=list)

    def control(
        self, method: str, path: str, token: str | None = TOKEN, **options: Any
    ) -> httpx.Response:
        headers = {"X-Comity-Token": token} if token is not None else {}
        return self.engine.request(method, f"/_control/{path}", headers=headers, **options)

    def visit(
        self, stage: dict[str, Any] | None = None, *, member: bool = False, language: str = "en"
    ) -> Visitor:
        """Return a visitor with a new sandbox; as a member, signed in."""
        asked = {"site": self.name, "stage": stage or {}, "language": language, "member": member}
        answer = self.control("POST", "sandboxes", json=asked)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        client = httpx.Client(
            base_url=self.url,
            headers={**made["headers"], "Host": HOSTS[self.name]},
            cookies={cookie["name"]: cookie["value"] for cookie in made["cookies"]},
            timeout=30,
            verify=False,  # plain HTTP; loading certificates would take longer than a page
        )
        self._open.append(client)
        return Visitor(self, made["id"], made["start_url"], client)

    def items(self) -> list[dict[str, Any]]:
        found = self.control("GET", "catalogue").json()["items"]
        return [item for item in found if item["site"] == self.name]

    def item(self, title: str) -> dict[str, Any]:
        return next(item for item in self.items() if item["title"] == title)

    def workplaces(self) -> list[Path]:
        """Return the directories that processes with this temporary directory have now."""
        return sorted(self.temporary.glob("comity-town-*"))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process by a signal and return its exit code."""
        for client in (self.engine, *self._open):
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()
        return code


def _variables(cache: Path, temporary: Path) -> dict[str, str]:
    return {
        **os.environ,
        "COMITY_SITE_TOKEN": TOKEN,
        "COMITY_CACHE_DIR": str(cache),
        "TMPDIR": str(temporary),
    }


def start(cache: Path, temporary: Path, environments: Path = ENVIRONMENTS, *arguments: str) -> Site:
    process = subprocess.Popen(
        [sys.executable, str(environments / "serve.py"), *arguments],
        env=_variables(cache, temporary),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    line = process.stdout.readline()
    assert line, f"the site ended with {process.wait()} before it listened"
    url = json.loads(line)["listening"]
    return Site(process, url, temporary, httpx.Client(base_url=url, timeout=30, verify=False))


StartSite = Callable[..., Site]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that the session's sites share, so that the template is built once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def shop(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One shop for all tests that do not end it."""
    site = start(cache, tmp_path_factory.mktemp("tmp"))
    yield site
    site.stop()


@pytest.fixture(scope="session")
def forum(shop: Site) -> Site:
    """The forum in the process of the session's shop."""
    return replace(shop, name="forum")


@pytest.fixture
def variables(cache: Path, tmp_path: Path) -> dict[str, str]:
    """The environment that a test's own process of the site is started with."""
    return _variables(cache, tmp_path)


@pytest.fixture
def start_site(cache: Path, tmp_path: Path) -> Iterator[StartSite]:
    """Start further processes, with the session's cache unless told otherwise."""
    with contextlib.ExitStack() as stack:

        def run(*arguments: str, cache: Path = cache, environments: Path = ENVIRONMENTS) -> Site:
            site = start(cache, tmp_path, environments, *arguments)
            stack.callback(site.stop)
            return site

        yield run


@pytest.fixture
def run_shop(variables: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `serve.py` to its end, for what ends by itself."""

    def run(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        merged = {**variables, **changes}
        return subprocess.run(
            [sys.executable, str(ENVIRONMENTS / "serve.py"), *arguments],
            env={name: value for name, value in merged.items() if value is not None},
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
            check=False,
        )

    return run
