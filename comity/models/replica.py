"""One of the equal servers that answer for a model: its calls, its places, its signs of life."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr, ValidationError

from comity.errors import ConfigurationError, InfrastructureError
from comity.models.chat import Answer, Body, CallSettings
from comity.models.flow import MAX_CALLS, Flow
from comity.schema.base import printable, well_formed

CONNECT_SECONDS = 10.0
# What a header may carry; anything else in it would be told by whoever refuses to send it.
_KEY = re.compile(r"[!-~]+")
KEYS = "COMITY_MODEL_API_KEY, or for a judge COMITY_JUDGE_API_KEY or what its panel names"
# How often a server's health is asked for. A healthy one answers within milliseconds, a busy one
# within seconds.
PROBE_SECONDS = 2.0
# One probe that fails may be an accident, or a pause of our own.
MIN_FAILED_PROBES = 2
# Servers quote whole prompts in their errors.
MAX_ERROR_CHARACTERS = 300
# Busy, restarting or broken in passing; what else a server refuses, it will refuse again. Proxies
# and clouds have numbers of their own above 500.
BUSY = frozenset({429, 503, 529})
IN_PASSING = BUSY | {408, 409, 425}
NEVER = frozenset({501, 505})

log = logging.getLogger(__name__)


class PassingError(Exception):
    """A call failed in a way that may pass."""


class RefusedError(InfrastructureError):
    """The server will not answer this request, however often it is asked."""


def ends_by_itself() -> None:
    """Say that nothing is known of a server's process."""


@dataclass
class About:
    """What a server says of itself."""

    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What it says of each model that it serves, by the name it is called by."""
    version: str | None = None
    started: str | None = None
    """When its process was started, in the server's own words."""


class Replica:
    """A server and the client of it."""

    def __init__(
        self,
        url: str,
        settings: CallSettings,
        *,
        ended: Callable[[], str | None] = ends_by_itself,
    ) -> None:
        """Take an OpenAI-compatible base URL; `ended` says why the server's process has ended."""
        self.url = checked_url(url)
        self._key = _checked_key(settings.api_key, self.url)
        self.flow = Flow()
        self.dead: str | None = None
        """Why the server is given up; None while it is not."""
        self.busy = 0
        """How often it said that it is busy."""
        self._come_back = 0.0
        self._settings = settings
        self._ended = ended
        self._health = self._root + "/health"
        self._seen = time.monotonic()
        self._failed_probes = 0
        self._attempts: set[asyncio.Timeout] = set()
        self._http = httpx2.AsyncClient(
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=MAX_CALLS),
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            # Nor proxies nor keys of the environment are for a server on one's own machines.
            trust_env=False,
            headers={"Authorization": f"Bearer {self._key}"},
        )

    @property
    def held_off(self) -> float:
        """How long the server asks to be left alone yet, in seconds."""
        return max(0.0, self._come_back - time.monotonic())

    @property
    def _root(self) -> str:
        return self.url.removesuffix("/v1")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def about(self) -> About:
        """Return what the server says of itself.

        Raises:
            ConfigurationError: nothing answers there, or it does not speak this protocol.
        """
        try:
            listed = await self._get(f"{self.url}/models")
            if listed.status_code in (401, 403):
                raise ConfigurationError(
                    f"the model server at {self.url} wants another key; set {KEYS}"
                )
            listed.raise_for_status()
            data = _json(listed.content)["data"]
            about = About({printable(str(one["id"]), MAX_ERROR_CHARACTERS): one for one in data})
        except (httpx2.HTTPError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ConfigurationError(
                f"no OpenAI-compatible server answers at {self.url} "
                f"({one_line(error)}); start one with `comity serve`, or correct --model-url"
            ) from None
        if await self._says_ok(self._health):
            about.version = await self._version()
            about.started = await self._started()
        else:
            self._health = f"{self.url}/models"  # not a vLLM; it answers this at least
        return about

    async def _get(self, url: str, seconds: float = CONNECT_SECONDS) -> httpx2.Response:
        try:
            async with asyncio.timeout(seconds):
                return await self._http.get(url)
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no answer within {seconds:g} s") from None

    async def _says_ok(self, url: str) -> bool:
        try:
            return (await self._get(url)).status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            return False

    async def _version(self) -> str | None:
        try:
            return str(_json((await self._get(f"{self._root}/version")).content)["version"])
        except (httpx2.HTTPError, KeyError, TypeError, ValueError, RecursionError):
            return None

    async def _started(self) -> str | None:
        """Return when the server's process was started, from vLLM's metrics."""
        try:
            metrics = _text(await self._get(f"{self._root}/metrics"))
        except httpx2.HTTPError:
            return None
        named = (line.split() for line in metrics.splitlines() if line.startswith("process_start_"))
        return next((words[-1] for words in named if len(words) > 1), None)

    async def ask(self, body: Body, check: Callable[[], None]) -> Answer:
        """Send one chat request, once, when there is a place for it and `check` raises nothing.

        Raises:
            PassingError: it failed in a way that may pass; another try may help.
            RefusedError: the server will not answer this request.
        """
        async with self.flow.place() as since:
            # Much may have happened while it waited for the place.
            check()
            if self.dead:
                raise PassingError(self.dead)
            try:
                async with asyncio.timeout(self._settings.call_timeout) as attempt:
                    self._attempts.add(attempt)
                    try:
                        response = await self._http.post(f"{self.url}/chat/completions", json=body)
                    finally:
                        self._attempts.discard(attempt)
            except TimeoutError:
                if self.dead:
                    raise PassingError(self.dead) from None
                # It may have more under way than it can answer in time.
                self.flow.busy(since)
                within = f"{self._settings.call_timeout:g} s (--call-timeout)"
                raise PassingError(f"no answer within {within}") from None
            except httpx2.HTTPError as error:
                raise PassingError(self._told(error)) from None
            answer = self._answer(response, since)
            self._is_alive()
            self.flow.went_well()
            return answer

    def _answer(self, response: httpx2.Response, since: float) -> Answer:
        """Return the answer in a response.

        Raises:
            PassingError: there is none, but there may be another time.
            RefusedError: there is none.
        """
        if not response.is_success:
            return self._refusal(response, response.status_code, since)
        try:
            answer = Answer(payload=_json(response.content))
            _ = answer.completion  # read here, so that one that is none fails here
            return answer
        except ValidationError as error:
            within = _error_in(response)
            if within is not None:  # gateways tell of errors under 200
                code = within.get("code")
                if not isinstance(code, int) or code not in range(400, 600):
                    code = 502
                return self._refusal(response, code, since)
            first = error.errors(include_url=False, include_input=False)[0]
            at = ".".join(map(str, first["loc"]))
            told = self._told(f"{at}: {first['msg']}")
        except RecursionError as error:
            told = one_line(error)
        except ValueError as error:  # no JSON: a proxy's page, or cut off on its way
            raise PassingError(f"what was answered is no JSON: {self._told(error)}") from None
        raise RefusedError(f"no chat completion was answered: {told}")

    def _refusal(self, response: httpx2.Response, status: int, since: float) -> Answer:
        if status < httpx2.codes.INTERNAL_SERVER_ERROR:
            self._is_alive()
        if status in BUSY:
            self.busy += 1
            self.flow.busy(since)
            log.info("busy", extra={"server": self.url, "status": status, "limit": self.flow.limit})
        text = _text(response)
        told = self._told(f"{status} {(_error_in(response) or {}).get('message') or text}")
        broken = status >= httpx2.codes.INTERNAL_SERVER_ERROR and status not in NEVER
        if broken or status in IN_PASSING:
            asked = _retry_after(response.headers) or 0.0
            self._come_back = max(self._come_back, time.monotonic() + asked)
            raise PassingError(told)
        too_long = "context length" in text or "context_length_exceeded" in text
        if status == httpx2.codes.BAD_REQUEST and too_long:
            return Answer(kind="context_exceeded", payload={"message": told})
        raise RefusedError(f"the model server at {self.url} refuses: {told}")

    def _told(self, error: object) -> str:
        """Return what a server said; some repeat the key that they were given."""
        is_secret = self._key != CallSettings().api_key.get_secret_value()
        return one_line(str(error).replace(self._key, "[key]") if is_secret else error)

    def _is_alive(self) -> None:
        self._seen = time.monotonic()
        self._failed_probes = 0

    async def watch(self) -> None:
        """Return when the server is dead: its process has ended, or it gives no sign of life."""
        self._is_alive()
        while self.dead is None:
            why = self._ended() or await self._silence()
            if why is not None:
                self._die(why)
            else:
                await asyncio.sleep(PROBE_SECONDS)

    async def _silence(self) -> str | None:
        """Ask for the server's health; return what to say if it has been silent for too long."""
        limit = self._settings.server_timeout
        try:
            response = await self._get(self._health, min(limit, CONNECT_SECONDS))
            response.raise_for_status()
            self._is_alive()
            return None
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            if status < httpx2.codes.INTERNAL_SERVER_ERROR:  # it lives, and has had enough of us
                self._is_alive()
                return None
            last = f"its health endpoint answers {status}"
        except httpx2.HTTPError as error:
            last = f"its health endpoint does not answer: {one_line(error)}"
        self._failed_probes += 1
        silent = time.monotonic() - self._seen
        if silent < limit or self._failed_probes < MIN_FAILED_PROBES:
            return None
        return f"it has given no sign of life for {silent:.0f} s ({last})"

    def _die(self, why: str) -> None:
        self.dead = why
        log.error("dead", extra={"server": self.url, "reason": why})
        for attempt in self._attempts:
            if not attempt.expired():
                attempt.reschedule(asyncio.get_running_loop().time())


def _checked_key(key: SecretStr, url: str) -> str:
    """Return the key as it can be sent.

    A line end behind it, as files have one, is left out; a variable that is empty holds none.

    Raises:
        ConfigurationError: it cannot be; what it is is not said.
    """
    text = key.get_secret_value().strip() or CallSettings().api_key.get_secret_value()
    if not _KEY.fullmatch(text):
        raise ConfigurationError(
            f"the key for the model server at {url} cannot be one: that is ASCII without blanks; "
            f"correct {KEYS}"
        )
    return text


def checked_url(url: str) -> str:
    """Return the base URL of a server.

    Raises:
        ConfigurationError: it is none, or it carries what must not stand in reports.
    """
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(httpx2.URL(url).host)
    except (ValueError, httpx2.InvalidURL):
        is_one = False
    if not is_one:
        # What stands before an @ may be a password.
        told = printable(url.rpartition("@")[2], 100)
        raise ConfigurationError(
            f"--model-url: a base URL such as http://host:8000/v1, not {told!r}"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"--model-url: host, port and path alone, as in {parts.scheme}://{parts.hostname}/v1; "
            "a key belongs into COMITY_MODEL_API_KEY, where no report shows it"
        )
    return url.rstrip("/")


def _json(content: bytes) -> Any:
    """Return what JSON says, fit to be kept.

    Models write lone surrogates when they break off within a character.

    Raises:
        ValueError, RecursionError: it is none, or too deep.
    """
    return json.loads(well_formed(json.dumps(json.loads(content), ensure_ascii=False)))


def _text(response: httpx2.Response) -> str:
    """Return a response's text, whatever it says that its encoding is."""
    return response.content.decode(errors="replace")


def _error_in(response: httpx2.Response) -> dict[str, Any] | None:
    """Return what a response says of an error, its `message` at least; None where it has none."""
    try:
        told = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    error = told.get("error") if isinstance(told, dict) else None
    if error is None or isinstance(error, dict):
        return error
    return {"message": error}


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds that a `Retry-After` asks for, as a number or as a date."""
    text = headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def one_line(error: object) -> str:
    """Return what an error says, in one line and no longer than a report can bear."""
    return printable(" ".join(str(error).split()) or type(error).__name__, MAX_ERROR_CHARACTERS)
