"""Runs of pytest that begin where their imports are done: one process has them, and forks itself.

Imports are a second of a processor in every run, and the tests make hundreds of runs. A fork is a
process as any other, with a folder, an environment, signals and an end of its own; only others who
look at /proc see the environment and the command line that it was forked from.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from _pytest.config import default_plugins

# What runs import. Not the plugin itself: its asserts are rewritten when pytest imports it.
IMPORTED = [
    *(f"_pytest.{name}" for name in default_plugins),
    "anyio._backends._asyncio",
    "comity.cultural",
    "comity.run.trying",
    "comity.run.varying",
    "comity.variation.drawing",
    "httpcore2",
    "xml.etree.ElementTree",
]
LARGEST = 1 << 18


class Forks:
    """The process that has the imports, as the tests see it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # It ends when our end is closed, which it is when we end, however we do.
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def run(
        self, arguments: list[str], folder: Path, environment: dict[str, str], seconds: float
    ) -> tuple[int, str]:
        """Run `python -m ARGUMENTS` in `folder`; return its exit code and its output, errors last.

        Raises:
            TimeoutError: it has not ended after so many seconds, and was killed.
        """
        request = {"arguments": arguments, "folder": str(folder), "environment": environment}
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours:
                with theirs:
                    handed = [output.fileno(), errors.fileno(), theirs.fileno()]
                    socket.send_fds(self._requests, [json.dumps(request).encode()], handed)
                pid = int(ours.recv(100))
                ours.settimeout(seconds)
                try:
                    code = int(ours.recv(100))
                except TimeoutError:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    raise
            return code, _whole(output) + _whole(errors)


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _serve(requests: socket.socket) -> str:
    """Fork for each request; return the module to be run, in the fork alone."""
    while True:
        message, handed, _, _ = socket.recv_fds(requests, LARGEST, 3)
        if not message:
            sys.exit()
        if not os.fork():
            break
        for descriptor in handed:
            os.close(descriptor)
    requests.close()
    output, errors, line = handed
    # This one waits for the run and tells of it, so that the server can go on.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        reply = socket.socket(fileno=line)
        reply.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(BrokenPipeError):  # who asked waits no longer
            reply.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(line)
    for descriptor, place in ((output, 1), (errors, 2)):
        os.dup2(descriptor, place)
        os.close(descriptor)
    request = json.loads(message)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[0] = request["folder"]
    module: str
    module, *sys.argv[1:] = request["arguments"]
    return module


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    # What is here before the fork stays shared: the collector need not look at it, and so write.
    gc.collect()
    gc.freeze()
    # Whoever waits for a run is nobody's to be waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    runpy.run_module(
        _serve(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__", alter_sys=True
    )
