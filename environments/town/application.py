"""The WSGI application: assets for all, control for the engine, pages for a sandbox's visitor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from town import language, tenancy
from town.control import PREFIX, SANDBOX_HEADER, Control, StartResponse
from town.presentation import presenting

_SANDBOX_KEY = "HTTP_" + SANDBOX_HEADER.upper().replace("-", "_")


class Application:
    """Answers every request. `visitor` is the sandbox of requests without a header, if any."""

    def __init__(
        self,
        pages: WSGIHandler,
        control: Control,
        sandboxes: tenancy.Sandboxes,
        pictures: dict[str, bytes],
        visitor: str | None = None,
    ) -> None:
        self._pages = pages
        self._control = control
        self._sandboxes = sandboxes
        self._visitor = visitor
        self._pictures = pictures

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request with its whole body, so that no sandbox is held by a slow reader."""
        body = self._answer(environ, start_response)
        # waitress sends what it is given, also after HEAD: the next answer would begin with it.
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(PREFIX):
            if self._control.allows(environ):
                return self._control(environ, start_response)
            return _not_found(start_response)
        picture = self._pictures.get(path)
        if picture is not None:
            return _svg(picture, start_response)
        try:
            wanted = environ.get(_SANDBOX_KEY) or self._visitor or ""
            with self._sandboxes.entered(wanted) as sandbox:
                environ[language.ENVIRON_KEY] = sandbox.language
                with presenting(sandbox.presentation):
                    answer = self._pages(environ, start_response)
                    try:
                        return [b"".join(answer)]
                    finally:
                        answer.close()
        except tenancy.UnknownSandboxError:
            return _not_found(start_response)


def _not_found(start_response: StartResponse) -> Iterable[bytes]:
    body = b"Not found\n"
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("404 Not Found", headers)
    return [body]


def _svg(picture: bytes, start_response: StartResponse) -> Iterable[bytes]:
    headers = [
        ("Content-Type", "image/svg+xml"),
        ("Content-Length", str(len(picture))),
        ("Cache-Control", "max-age=86400"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response("200 OK", headers)
    return [picture]
