"""One of the equal servers that answer for a model: its calls, its places, its signs of life."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr

from comity.errors import ConfigurationError, InfrastructureError
from comity.models.chat import Answer, Body, CallSettings
from comity.models.flow import MAX_CALLS, Flow
from comity.schema.base import printable, well_formed

if TYPE_CHECKING:
    # At run time imported when a server is used: it takes a second, which all others are spared.
    import openai

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
# Busy, restarting or broken in passing; what else a server refuses, it will refuse again.
BUSY = frozenset({429, 503})
IN_PASSING = BUSY | {408, 409, 425, 500, 502, 504}

log = logging.getLogger(__name__)


class PassingError(Exception):
    """A call failed in a way that may pass; `retry_after` is what the server asks for, in s."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


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
        import openai

        self.url = checked_url(url)
        self._key = _checked_key(settings.api_key, self.url)
        self.flow = Flow()
        self.dead: str | None = None
        """Why the server is given up; None while it is not."""
        self.busy = 0
        """How often it said that it is busy."""
        self._settings = settings
        self._ended = ended
        self._health = self._root + "/health"
        self._seen = time.monotonic()
        self._failed_probes = 0
        self._attempts: set[asyncio.Timeout] = set()
        self._http = httpx2.AsyncClient(
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=MAX_CALLS),
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            # The environment's proxies are not for a server on one's own machines.
            trust_env=False,
        )
        self._client = openai.AsyncOpenAI(
            base_url=self.url,
            api_key=self._key,
            max_retries=0,  # the model tries again, at the next replica
            http_client=self._http,
        )

    @property
    def _root(self) -> str:
        return self.url.removesuffix("/v1")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

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
            data = _json(listed.text)["data"]
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
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            async with asyncio.timeout(seconds):
                return await self._http.get(url, headers=headers)
        except TimeoutError:
            raise httpx2.ReadTimeout(f"no answer within {seconds:g} s") from None

    async def _says_ok(self, url: str) -> bool:
        try:
            return (await self._get(url)).status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            return False

    async def _version(self) -> str | None:
        try:
            return str(_json((await self._get(f"{self._root}/version")).text)["version"])
        except (httpx2.HTTPError, KeyError, TypeError, ValueError, RecursionError):
            return None

    async def _started(self) -> str | None:
        """Return when the server's process was started, from vLLM's metrics."""
        try:
            metrics = (await self._get(f"{self._root}/metrics")).text
        except httpx2.HTTPError:
            return None
        named = (line.split() for line in metrics.splitlines() if line.startswith("process_start_"))
        return next((words[-1] for words in named if len(words) > 1), None)

    async def ask(self, body: Body) -> Answer:
        """Send one chat request, once, when there is a place for it.

        Raises:
            PassingError: it failed in a way that may pass; another try may help.
            RefusedError: the server will not answer this request.
        """
        import openai

        async with self.flow.place() as since:
            try:
                async with asyncio.timeout(self._settings.call_timeout) as attempt:
                    self._attempts.add(attempt)
                    try:
                        raw = await self._client.chat.completions.with_raw_response.create(**body)
                    finally:
                        self._attempts.discard(attempt)
                answer = _answer(raw.text)
            except TimeoutError:
                if self.dead:
                    raise PassingError(self.dead) from None
                # It may have more under way than it can answer in time.
                self.flow.busy(since)
                raise PassingError(f"no answer within {self._settings.call_timeout:g} s") from None
            except openai.APIStatusError as error:
                return self._answered_by(error, since)
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise PassingError(self._told(error.__cause__ or error)) from None
            self._is_alive()
            self.flow.went_well()
            return answer

    def _answered_by(self, error: "openai.APIStatusError", since: float) -> Answer:
        status = error.status_code
        if status < httpx2.codes.INTERNAL_SERVER_ERROR:
            self._is_alive()
        if status in BUSY:
            self.busy += 1
            self.flow.busy(since)
            log.info("busy", extra={"server": self.url, "status": status, "limit": self.flow.limit})
        if status in IN_PASSING:
            raise PassingError(self._told(error), _retry_after(error.response.headers))
        too_long = "context length" in str(error) or error.code == "context_length_exceeded"
        if status == httpx2.codes.BAD_REQUEST and too_long:
            return Answer(kind="context_exceeded", payload={"message": self._told(error)})
        raise RefusedError(f"the model server at {self.url} refuses: {self._told(error)}")

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
            last = f"its health endpoint answers {error.response.status_code}"
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
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"--model-url: a base URL such as http://host:8000/v1, not {printable(url, 100)!r}"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"--model-url: host, port and path alone, as in {parts.scheme}://{parts.hostname}/v1; "
            "a key belongs into COMITY_MODEL_API_KEY, where no report shows it"
        )
    return url.rstrip("/")


def _answer(text: str) -> Answer:
    """Return the answer in a response's text.

    Raises:
        RefusedError: it is no chat completion.
    """
    try:
        answer = Answer(payload=_json(text))
        _ = answer.completion  # read here, so that one that is none fails here
        return answer
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"no chat completion was answered: {one_line(error)}") from None


def _json(text: str) -> Any:
    """Return what JSON says, fit to be kept.

    Models write lone surrogates when they break off within a character.

    Raises:
        ValueError, RecursionError: it is none, or too deep.
    """
    return json.loads(well_formed(json.dumps(json.loads(text), ensure_ascii=False)))


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
