"""A directory for temporary files, which goes with this process, however that ends."""

import secrets
import tempfile
from pathlib import Path
from typing import Self

from comity import leash
from comity.errors import InfrastructureError
from comity.processes import ChildProcess

PREFIX = "comity-"
# It does nothing; its supervisor is what is wanted, and sees the end of this process.
KEEPER = ("sleep", "infinity")


class Scratch:
    """A directory in the system's temporary one, readable by this user alone.

    It is to be removed when all that writes into it has ended. Where this process is killed before
    that, at whatever moment, the supervisor of a keeper removes it.
    """

    def __init__(self, path: Path, keeper: ChildProcess) -> None:
        self.path = path
        self._keeper = keeper

    @classmethod
    def make(cls) -> Self:
        """Return a fresh one.

        Raises:
            InfrastructureError: there is no room for it, or for its keeper.
        """
        try:
            path = Path(tempfile.gettempdir(), f"{PREFIX}{secrets.token_hex(8)}")
            # It comes first: there is no moment at which the directory has no keeper.
            keeper = ChildProcess.start(KEEPER, scratch=path)
        except (OSError, InfrastructureError) as error:
            raise _not_made(error) from None
        try:
            path.mkdir(0o700)
        except OSError as error:
            keeper.stop()
            raise _not_made(error) from None
        return cls(path, keeper)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        leash.remove(str(self.path))
        self._keeper.stop()


def _not_made(error: Exception) -> InfrastructureError:
    return InfrastructureError(f"no temporary directory can be made: {error}")
