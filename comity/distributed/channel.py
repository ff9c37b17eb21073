"""How workers ask their controller: a question a connection, in JSON, over a socket of the user's.

The socket has a name in Linux's abstract space: no file is left of it however the controller
ends. Both ends ask the kernel whose process the other is, and speak to their own user's alone.
"""

import os
import secrets
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

from comity.errors import InfrastructureError
from comity.marks import Selected
from comity.run.results import Result
from comity.schema import AnyOutcome, Word

ADDRESS = "comity_controller"
"""In a worker's input: where its controller answers."""

_CREDENTIALS = struct.Struct("3i")
"""A process id, a user id and a group id, as SO_PEERCRED has them."""

GONE = InfrastructureError(
    "the controller of pytest-xdist, which runs the cases, is gone or does not answer"
)


class Collected(Word):
    """What a worker found."""

    selected: Selected
    problems: tuple[str, ...]


class Wanted(Word):
    """A worker's question for the outcome of a case."""

    case_id: str


class Tried(Word):
    """A worker's question for what came of a relation tried on an agent."""

    tried_id: str


class Answer(Word):
    """What the controller says: an outcome and the folder of its run, or why there is none.

    To a question for a relation, what came of it.
    """

    outcome: AnyOutcome | None = None
    result: Result | None = None
    folder: str = ""
    error: str = ""


class Server:
    """Answers each question by `answer`, on a thread of its own."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.address = f"\0comity-{secrets.token_hex(16)}"
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        threading.Thread(target=self._serve, name="comity-channel", daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):  # that is how `close` ends it
            while True:
                peer, _ = self._listener.accept()
                threading.Thread(target=self._answer_to, args=(peer,), daemon=True).start()

    def _answer_to(self, peer: socket.socket) -> None:
        with peer, suppress(ConnectionError):  # a worker may end before it has its answer
            if _is_ours(peer):
                with peer.makefile("rb") as file:
                    question = file.readline()
                peer.sendall(self._answer(question) + b"\n")

    def close(self) -> None:
        """Answer no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def ask(address: str, question: Word) -> Answer:
    """Return the answer to a question; wait for it as long as it takes.

    Raises:
        InfrastructureError: the controller is gone.
    """
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(address)
            if not _is_ours(server):
                raise GONE
            server.sendall(question.model_dump_json().encode() + b"\n")
            with server.makefile("rb") as file:
                answer = file.read()
    except OSError:
        raise GONE from None
    if not answer.endswith(b"\n"):
        raise GONE
    return Answer.model_validate_json(answer)


def _is_ours(peer: socket.socket) -> bool:
    """Whether the other end is a process of the user that we run as."""
    told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(told)[1] == os.geteuid())
