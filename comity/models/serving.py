"""Finding, starting and stopping the server of the model under test."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from comity.errors import ConfigurationError, InfrastructureError
from comity.models import registry
from comity.models.launch import ServerSpec, prepare
from comity.models.progress import Progress, silent
from comity.processes import ChildProcess
from comity.scratch import Scratch

# On two CPUs the embedded model takes one minute, one of 1.5 billion parameters four; a model that
# must first be fetched from a hub takes as long as the network does.
START_SECONDS = 1200.0
# What the embedded model takes, from which the shown fraction is guessed.
_EXPECTED_SECONDS = 60.0
_POLL_SECONDS = 0.25
# A server that is busy with long prompts may answer late.
_ANSWER_SECONDS = 10.0
# vLLM ends its engine processes itself when it is given the time.
_GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Server:
    """A model server that answers. As a context manager it is stopped at the end."""

    base_url: str
    """For OpenAI clients; ends with /v1."""
    model: str
    """What to call the model in requests."""
    context_length: int | None
    """Tokens of prompt and answer together; None if the server does not say."""
    version: str | None
    """vLLM's; None if the server does not say."""
    _process: ChildProcess | None = field(default=None, repr=False)
    _scratch: Scratch | None = field(default=None, repr=False)

    @property
    def owned(self) -> bool:
        """Whether it was started here, and ends with us; else it is only used."""
        return self._process is not None

    def failure(self) -> str | None:
        """Why a server that was started here no longer runs; None while it does."""
        if self._process is None or self._process.poll() is None:
            return None
        return f"The model server {self._process.obituary()}"

    def stop(self) -> None:
        """Stop it, if it was started here. Again: does nothing."""
        if self._process is not None:
            self._process.stop()
        if self._scratch is not None:
            self._scratch.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def ensure_server(
    spec: ServerSpec,
    *,
    progress: Progress = silent,
    reuse: bool = True,
    start_timeout: float = START_SECONDS,
    log: Path | None = None,
) -> Server:
    """Use the server that `comity serve` runs for this spec, or prepare and start one.

    What is started belongs to this process: it ends with it, and no other run uses it.

    Args:
        spec: what to serve, and how.
        progress: told what is being done, several times a second.
        reuse: whether a running server may be used.
        start_timeout: seconds from the server's start until it must answer; preparing is apart.
        log: the file for what the server writes; a nameless one if None.

    Raises:
        ConfigurationError: what the spec names is not there.
        InfrastructureError: preparing or starting failed.
    """
    if reuse and (running := find_server(spec)):
        return running
    launch = prepare(spec, progress)
    with _reserved_port(spec) as port, ExitStack() as undoing:
        # vLLM leaves sockets and files of its own in the system's directory.
        scratch = Scratch.make()
        undoing.callback(scratch.remove)
        process = ChildProcess.start(
            [*launch.command, "--port", str(port)],
            env=launch.env | {"TMPDIR": str(scratch.path)},
            log=log,
            grace=_GRACE_SECONDS,
        )
        undoing.callback(process.stop)
        _wait(spec, port, process, progress, start_timeout, log)
        answer = _ask(spec.address(port), spec.served_name)
        undoing.pop_all()
        return Server(**answer, _process=process, _scratch=scratch)


def find_server(spec: ServerSpec) -> Server | None:
    """The server that `comity serve` runs for this spec, if it answers and serves the model.

    A port in the spec must be that server's too.
    """
    for entry in registry.entries():
        wanted = spec.port == 0 or entry.url == spec.address(spec.port)
        if entry.key == spec.key and wanted and _is_healthy(entry.url):
            try:
                return Server(**_ask(entry.url, spec.served_name))
            except InfrastructureError:
                continue
    return None


def _wait(
    spec: ServerSpec,
    port: int,
    process: ChildProcess,
    progress: Progress,
    timeout: float,
    log: Path | None,
) -> None:
    started = time.monotonic()
    where = f"\nIts whole log: {log}" if log else ""
    while not _is_healthy(spec.address(port)):
        seconds = time.monotonic() - started
        if process.poll() is not None:
            raise InfrastructureError(
                f"The server of {spec.served_name} did not start: {process.obituary()}{where}"
            )
        if seconds > timeout:
            raise InfrastructureError(
                f"The server of {spec.served_name} does not answer after {timeout:g} s. The end of"
                f" its log:\n{process.log_tail()}{where}"
            )
        progress(
            f"Starting the server of {spec.served_name}",
            seconds=seconds,
            fraction=min(seconds / _EXPECTED_SECONDS, 0.99),
        )
        process.wait(_POLL_SECONDS)
    progress(f"{spec.served_name} is served", seconds=time.monotonic() - started, fraction=1.0)


def _is_healthy(base_url: str) -> bool:
    try:
        return _get(base_url.removesuffix("/v1") + "/health").status_code == 200
    except httpx2.HTTPError:
        return False


def _ask(base_url: str, model: str) -> Mapping[str, Any]:
    """What the server says of itself.

    Raises:
        InfrastructureError: it does not serve the model, or does not answer as such a server does.
    """
    try:
        listed = _get(f"{base_url}/models").raise_for_status().json()
        served = {one["id"]: one.get("max_model_len") for one in listed["data"]}
        version = _get(base_url.removesuffix("/v1") + "/version")
        said = version.json().get("version") if version.status_code == 200 else None
    except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InfrastructureError(
            f"{base_url} does not answer as an OpenAI-compatible server does: {error!r}"
        ) from error
    if model not in served:
        names = ", ".join(map(repr, served)) or "no model"
        raise InfrastructureError(f"{base_url} serves {names}, not {model!r}.")
    return {"base_url": base_url, "model": model, "context_length": served[model], "version": said}


def _get(url: str) -> httpx2.Response:
    # A proxy of the machine's must not see what stays on it. It is plain HTTP: loading certificates
    # would only take time.
    return httpx2.get(url, timeout=_ANSWER_SECONDS, trust_env=False, verify=False)


@contextmanager
def _reserved_port(spec: ServerSpec) -> Iterator[int]:
    """Hold a port that nobody else is given while the server is starting.

    The socket is bound and never listens: with SO_REUSEADDR on both, as vLLM sets it, Linux lets
    the server bind and listen on the same port, and gives it to nobody who asks for any free one.
    """
    with socket.socket(socket.AF_INET6 if ":" in spec.host else socket.AF_INET) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((spec.host, spec.port))
        except OSError as error:
            raise ConfigurationError(
                f"Port {spec.port} of {spec.host} cannot be used: {error.strerror or error}."
            ) from error
        port: int = held.getsockname()[1]
        yield port
