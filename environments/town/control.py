"""The control protocol: how the engine makes, reads and removes sandboxes (README.md states it)."""

from __future__ import annotations

import hmac
import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.conf import settings

from town import tenancy
from town.changes import changed_rows
from town.site import Site
from town.stage import StageError

PREFIX = "/_control/"
PROTOCOL = 1
SANDBOX_HEADER = "X-Comity-Sandbox"
TOKEN_KEY = "HTTP_X_COMITY_TOKEN"
# A stage is a handful of words; what is larger is a mistake or worse.
MAX_BODY_BYTES = 64 * 1024
_KEYS = ("site", "stage", "language", "member")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_SANDBOX_PATH = re.compile(rf"{PREFIX}sandboxes/([^/]+)(/state)?")

logger = logging.getLogger("town.control")

StartResponse = Callable[[str, list[tuple[str, str]]], object]
_Answer = tuple[int, dict[str, Any] | None]


class BadRequestError(ValueError):
    """The request cannot be understood; the message is for whoever wrote the client."""


class Control:
    """Answers the paths under `/_control/`."""

    def __init__(
        self,
        sandboxes: tenancy.Sandboxes,
        sites: Sequence[Site],
        items: list[dict[str, Any]],
        token: str,
    ) -> None:
        self._sandboxes = sandboxes
        self._sites = {site.name: site for site in sites}
        self._items = items
        self._token = token.encode()

    def allows(self, environ: dict[str, Any]) -> bool:
        """Return whether the request carries the engine's token."""
        # WSGI hands header bytes over as latin-1 text.
        given = environ.get(TOKEN_KEY, "").encode("latin-1", errors="replace")
        return hmac.compare_digest(given, self._token)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, in JSON whatever happens."""
        try:
            status, body = self._answer(environ)
        except (BadRequestError, StageError) as error:
            status, body = 400, {"error": str(error)}
        except tenancy.UnknownSandboxError:
            status, body = 404, {"error": "no such sandbox"}
        except Exception:
            logger.exception("control request failed")
            status, body = 500, {"error": "the site failed; its log on stderr says why"}
        payload = b"" if body is None else json.dumps(body).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(payload)))]
        start_response(_STATUS[status], headers)
        return [payload]

    def _answer(self, environ: dict[str, Any]) -> _Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == f"{PREFIX}health":
            return _only("GET", method) or (200, self._health())
        if path == f"{PREFIX}catalogue":
            return _only("GET", method) or (200, {"items": self._items})
        if path == f"{PREFIX}sandboxes":
            return _only("POST", method) or (201, self._create(_read_json(environ)))
        match = _SANDBOX_PATH.fullmatch(path)
        if match is None:
            return 404, {"error": "no such control path"}
        sandbox_id, wants_state = match.groups()
        if wants_state:
            return _only("GET", method) or (200, self._state(sandbox_id))
        refused = _only("DELETE", method)
        if refused is None:
            self._sandboxes.delete(sandbox_id)
        return refused or (204, None)

    def _create(self, body: object) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise BadRequestError(f"expected an object, got {type(body).__name__}")
        for key in body:
            if key not in _KEYS:
                raise BadRequestError(f"unknown key {key!r}; there are: {', '.join(_KEYS)}")
        site = self._site(body.get("site", next(iter(self._sites))))
        language = body.get("language", "en")
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
            raise BadRequestError('language: expected a language tag such as "en"')
        member = body.get("member", False)
        if not isinstance(member, bool):
            raise BadRequestError("member: expected true or false")
        if member and site.sign_in is None:
            raise BadRequestError(f"member: the site {site.name} has no members")
        stage = site.read_stage(body.get("stage", {}))
        cookies: list[dict[str, str]] = []

        def prepare() -> bool:
            if member and site.sign_in is not None:
                cookies.append(_cookie(site.host, site.sign_in()))
            return stage.apply()

        sandbox = self._sandboxes.create(prepare, language, stage.presentation)
        return {
            "id": sandbox.id,
            "start_url": f"http://{site.host}/",
            "headers": {SANDBOX_HEADER: sandbox.id},
            "cookies": cookies,
        }

    def _site(self, name: object) -> Site:
        site = self._sites.get(name) if isinstance(name, str) else None
        if site is None:
            there_are = ", ".join(self._sites)
            raise BadRequestError(f"site: there is none {name!r}; there are: {there_are}")
        return site

    def _state(self, sandbox_id: str) -> dict[str, Any]:
        with self._sandboxes.entered(sandbox_id) as sandbox:
            changed = changed_rows(sandbox)
            state: dict[str, Any] = {}
            for site in self._sites.values():
                state.update(site.read_state(changed))
            return {**state, "changed": changed}

    def _health(self) -> dict[str, Any]:
        return {
            "name": "town",
            "version": "2",
            "protocol": PROTOCOL,
            "sites": {
                site.name: {"host": site.host, "capabilities": list(site.capabilities)}
                for site in self._sites.values()
            },
            "hosts": [site.host for site in self._sites.values()],
        }


def _cookie(host: str, session: str) -> dict[str, str]:
    name: str = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": session, "domain": host, "path": "/"}


def _only(allowed: str, method: str) -> _Answer | None:
    return None if method == allowed else (405, {"error": f"this path answers {allowed} only"})


def _read_json(environ: dict[str, Any]) -> object:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MAX_BODY_BYTES:
        raise BadRequestError(f"the body has {length} bytes; {MAX_BODY_BYTES} are allowed")
    raw = environ["wsgi.input"].read(length)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadRequestError(f"the body is not JSON: {reason}") from None


_STATUS = {
    200: "200 OK",
    201: "201 Created",
    204: "204 No Content",
    400: "400 Bad Request",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    500: "500 Internal Server Error",
}
