"""What the pages say in other languages: `locale/*.po`, compiled into the cache for Django to read.

No compiled file stands in the repository, and gettext's own programs are not needed.
"""

import hashlib
import os
import shutil
from importlib.metadata import version
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from filelock import FileLock

from town.template import BUILD_TIMEOUT_S, cache_directory

WRITTEN = "*/LC_MESSAGES/django.po"


def directory(environments: Path) -> Path:
    """Return where the compiled messages are, or will be; a hash over the written ones names it."""
    digest = hashlib.sha256(f"babel {version('babel')}\n".encode())
    for path in _written(environments):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(environments)} {len(content)}\n".encode())
        digest.update(content)
    return cache_directory() / "sites" / f"messages-{digest.hexdigest()[:20]}"


def compile_messages(environments: Path) -> None:
    """Compile the messages if they are not in the cache.

    Two starts at once do it once; what a killed one left is begun again. Raises `OSError` where the
    cache cannot be written, `filelock.Timeout` where another start does not end.
    """
    compiled = directory(environments)
    if compiled.exists():
        return
    compiled.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(compiled.with_name("messages.lock"), timeout=BUILD_TIMEOUT_S):
        if not compiled.exists():
            _compile(environments, compiled)


def _compile(environments: Path, compiled: Path) -> None:
    unfinished = compiled.with_name("messages-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for path in _written(environments):
        target = unfinished / path.relative_to(environments / "locale").with_suffix(".mo")
        target.parent.mkdir(parents=True)
        with path.open("rb") as written, target.open("wb") as machine:
            write_mo(machine, read_po(written))
    os.replace(unfinished, compiled)


def _written(environments: Path) -> list[Path]:
    return sorted((environments / "locale").glob(WRITTEN))
