"""The browser: one a run, one context a case, nothing of the outside in reach."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from playwright.async_api import Browser as PlaywrightBrowser
from playwright.async_api import BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from comity.errors import ConfigurationError, InfrastructureError
from comity.sandbox.sites import Sandbox
from comity.schema.base import printable

OVERRIDE = "COMITY_BROWSER"
# In order of speed: the headless shell is two to four times quicker than a full browser.
SYSTEM_BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
VIEWPORT = {"width": 1280, "height": 800}

NO_BROWSER = (
    "no browser is found; install one with `apt-get install chromium-headless-shell` (Debian) or "
    f"`playwright install --with-deps --only-shell chromium`, or name one by {OVERRIDE}=/path"
)


def find_browser(playwrights_own: str | None) -> Path:
    """Return the browser to use: the override, Playwright's own, or the system's.

    Raises:
        ConfigurationError: there is none, or the override names no program.
    """
    override = os.environ.get(OVERRIDE)
    if override:
        found = shutil.which(override)
        if found is None:
            raise ConfigurationError(f"{OVERRIDE}={override} names no program that can be run")
        return Path(found)
    if playwrights_own and Path(playwrights_own).exists():
        return Path(playwrights_own)
    for name in SYSTEM_BROWSERS:
        if path := shutil.which(name):
            return Path(path)
    raise ConfigurationError(NO_BROWSER)


class Browser:
    """A headless Chromium that finds the sites' names at their ports, and nothing else."""

    def __init__(self, playwright: Playwright, path: Path) -> None:
        self.path = path
        self._playwright = playwright
        self._browser: PlaywrightBrowser | None = None

    @classmethod
    async def find(cls) -> Self:
        """Return a browser that is there, and not yet started.

        Raises:
            ConfigurationError: there is none.
        """
        playwright = await async_playwright().start()
        try:
            return cls(playwright, find_browser(playwright.chromium.executable_path))
        except BaseException:
            await playwright.stop()
            raise

    @property
    def version(self) -> str | None:
        """The browser's version, once it runs."""
        return self._browser.version if self._browser else None

    async def launch(self, hosts: Mapping[str, str]) -> None:
        """Start the browser; `hosts` gives the `address:port` of each name that it may reach.

        Raises:
            InfrastructureError: it does not start.
        """
        rules = [f"MAP {name} {address}" for name, address in hosts.items()]
        try:
            self._browser = await self._playwright.chromium.launch(
                executable_path=self.path,
                args=[f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}"],
            )
        except PlaywrightError as error:
            raise InfrastructureError(
                f"the browser {self.path} does not start: {printable(error.message, 500)}"
            ) from None

    async def context(self, sandbox: Sandbox, language: str) -> BrowserContext:
        """Return a fresh context that sees `sandbox` alone.

        Raises:
            InfrastructureError: the browser is gone.
        """
        if self._browser is None:
            raise InfrastructureError("the browser was not started")
        try:
            context = await self._browser.new_context(
                extra_http_headers=sandbox.headers,
                locale=language,
                timezone_id="UTC",
                viewport={"width": VIEWPORT["width"], "height": VIEWPORT["height"]},
                service_workers="block",
                accept_downloads=False,
            )
            if sandbox.cookies:
                await context.add_cookies([dict(cookie) for cookie in sandbox.cookies])  # type: ignore[misc]
            return context
        except PlaywrightError as error:
            raise InfrastructureError(
                f"the browser opens no page: {printable(error.message, 300)}"
            ) from None

    async def close(self) -> None:
        """End the browser."""
        with suppress(PlaywrightError):  # it may be gone already, which is all that is wanted
            if self._browser is not None:
                await self._browser.close()
        await self._playwright.stop()
