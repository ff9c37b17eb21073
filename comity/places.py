"""Where Comity keeps what it can make again: environments, models, caches."""

import os
from pathlib import Path

import platformdirs

from comity.errors import InfrastructureError

CACHE_VARIABLE = "COMITY_CACHE_DIR"


def cache_directory(part: str = "") -> Path:
    """The directory for what can be made again, or a part of it; created if it is not there.

    `COMITY_CACHE_DIR` names it, else it is the user's cache directory for "comity".

    Raises:
        InfrastructureError: it cannot be created or written to.
    """
    named = os.environ.get(CACHE_VARIABLE)
    directory = (
        Path(named).expanduser().absolute() if named else platformdirs.user_cache_path("comity")
    )
    directory /= part
    fix = f"Set {CACHE_VARIABLE} to a directory that you may write to."
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InfrastructureError(
            f"The cache directory {directory} cannot be created: {reason}. {fix}"
        ) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise InfrastructureError(f"The cache directory {directory} cannot be written to. {fix}")
    return directory
