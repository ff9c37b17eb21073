"""`comity serve`: prepare, run and stop the server of the model under test."""

import argparse
import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pydantic import ValidationError
from rich.console import Console

from comity.errors import ConfigurationError, InfrastructureError
from comity.models import registry
from comity.models.launch import DEFAULT_MODEL, VLLM_VARIABLE, ServerSpec, prepare
from comity.models.serving import Server, ensure_server, find_server
from comity.models.showing import shown
from comity.places import cache_directory

# What OpenAI-compatible servers use by habit, so that it is easily typed.
DEFAULT_PORT = 8000
# The server's own grace, the supervisor's kill, and some room.
_STOP_SECONDS = 40.0
_WATCH_SECONDS = 0.5
# What shells give a command that Ctrl-C ended.
_INTERRUPTED = 130


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve` to the commands; its `run` default takes the parsed arguments."""
    parser = subparsers.add_parser(
        "serve",
        help="run the server of the model under test",
        description="Prepare (once) and run a vLLM server for the model under test, until Ctrl-C."
        " Flags after -- go to vLLM: comity serve -- --max-model-len 8192",
    )
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help="a directory, or a name on the model hub; by default the small embedded model",
    )
    parser.add_argument("--name", help="what clients call the model; by default its own name")
    parser.add_argument("--port", type=int, help=f"0: any that is free; by default {DEFAULT_PORT}")
    parser.add_argument(
        "--vllm",
        metavar="COMMAND",
        help=f"the vllm command to use (also {VLLM_VARIABLE}); by default one on PATH, else an"
        " environment for CPU that is built in the cache directory",
    )
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument(
        "--prepare-only", action="store_true", help="build what is needed, start nothing"
    )
    doing.add_argument(
        "--stop",
        action="store_true",
        help="stop what `comity serve` runs: all, or that of --model, --name or --port",
    )
    parser.add_argument("flags", nargs="*", metavar="-- FLAGS", help="flags for vLLM")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments of `comity serve` say; returns the exit code.

    Raises:
        ConfigurationError, InfrastructureError: as `ensure_server` does.
    """
    console = Console(highlight=False)
    if arguments.stop:
        return stop(arguments.model, arguments.name, arguments.port, console)
    if arguments.flags and not arguments.flags[0].startswith("-"):
        raise ConfigurationError(
            f"What is {arguments.flags[0]!r}? Name a model with --model, flags for vLLM after --."
        )
    try:
        spec = ServerSpec(
            model=arguments.model,
            name=arguments.name,
            port=DEFAULT_PORT if arguments.port is None else arguments.port,
            flags=tuple(arguments.flags),
            vllm=arguments.vllm,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(f"--{first['loc'][0]}: {first['msg']}") from error
    try:
        with _signals_interrupt():
            if arguments.prepare_only:
                with shown(console) as progress:
                    prepare(spec, progress)
                console.print("Prepared: comity serve, or pytest -m cultural, can start.")
                return 0
            return serve(spec, console, any_port=arguments.port is None)
    except KeyboardInterrupt:
        return _INTERRUPTED


def serve(spec: ServerSpec, console: Console, *, any_port: bool) -> int:
    """Run the server until a signal ends it; returns the exit code.

    Args:
        spec: what to serve.
        console: where to say how far it is.
        any_port: whether a server of this spec that runs on another port will do.

    Raises:
        ConfigurationError, InfrastructureError: as `ensure_server` does; also when it dies.
    """
    running = find_server(spec.model_copy(update={"port": 0}))
    if running is not None:
        if not any_port and spec.port and running.base_url != spec.address(spec.port):
            raise ConfigurationError(
                f"{running.model} is served at {running.base_url} already. Stop that server with"
                " comity serve --stop, or leave out --port."
            )
        _say(running, console, "runs already")
        return 0
    log = cache_directory("servers") / f"{spec.key}.log"
    with shown(console) as progress:
        server = ensure_server(spec, progress=progress, reuse=False, log=log)
    try:
        with server, registry.registered(spec.key, server.base_url, server.model):
            _say(server, console, "runs until Ctrl-C")
            while (failure := server.failure()) is None:
                time.sleep(_WATCH_SECONDS)
    except KeyboardInterrupt:
        console.print("The server is stopped.")
        return 0
    raise InfrastructureError(f"{failure}\nIts whole log: {log}")


def stop(model: str, name: str | None, port: int | None, console: Console) -> int:
    """Stop the servers that `comity serve` runs; returns 0, also when there is none.

    Args:
        model: only that of this model; all if it is the default one and no name is given.
        name: only that with this name.
        port: only that on this port.
        console: where to say what was stopped.

    Raises:
        InfrastructureError: one does not end.
    """
    named = name or (None if model == DEFAULT_MODEL else ServerSpec(model=model).served_name)
    stopped = [
        entry
        for entry in registry.entries()
        if named in (None, entry.model) and (port is None or f":{port}/" in entry.url)
    ]
    for entry in stopped:
        registry.end(entry, _STOP_SECONDS)
        registry.remove(entry)
        console.print(f"Stopped {entry.model} at {entry.url}.", markup=False)
    if not stopped:
        console.print("No such server runs.")
    return 0


def _say(server: Server, console: Console, what: str) -> None:
    tokens = f", {server.context_length} tokens" if server.context_length else ""
    version = f", vLLM {server.version}" if server.version else ""
    console.print(f"{server.model}{tokens}{version} {what}. To use it:", markup=False)
    console.print(
        f"  pytest -m cultural --model-url {server.base_url} --model {shlex.quote(server.model)}",
        markup=False,
        soft_wrap=True,
    )


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Have SIGTERM and a closed terminal end us as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    # Under nohup a closed terminal is ignored, and stays so.
    heeded = [one for one in _ENDING_SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
