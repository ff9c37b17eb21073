"""The template database that every sandbox is copied from, built once and kept in the cache."""

import contextlib
import hashlib
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from django.core.management import call_command
from filelock import FileLock
from platformdirs import user_cache_path

from town import tenancy
from town.site import Site

# What a template's rows are made from, and by.
SOURCES = (
    "town/**/*.py",
    "fernhill/**/*.py",
    "mulberry/**/*.py",
    "catalogue/*.yaml",
    "threads/**/*.yaml",
)
PACKAGES = ("django", "django-oscar", "django-machina", "django-mptt", "babel", "pycountry")
# Long enough for the slowest build that was seen (2 s) many times over, on a loaded machine.
BUILD_TIMEOUT_S = 300


def cache_directory() -> Path:
    """Return where built templates are kept: `COMITY_CACHE_DIR`, or the user's cache."""
    configured = os.environ.get("COMITY_CACHE_DIR")
    return Path(configured) if configured else user_cache_path("comity")


def key(environments: Path) -> str:
    """Return what names a template: a hash over all that its rows are made from."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        digest.update(f"{package} {version(package)}\n".encode())
    digest.update(f"python {platform.python_version()}\n".encode())
    sources = (path for pattern in SOURCES for path in environments.glob(pattern))
    for path in sorted(sources):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(environments)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:20]


def ready_template(environments: Path, sites: Sequence[Site]) -> Path:
    """Return the template's path, built first if it is not in the cache.

    Two starts at once build it once; a build that was killed is begun again. Raises `OSError` and
    Django's `DatabaseError` where the cache cannot be written, `filelock.Timeout` where another
    build does not end.
    """
    directory = cache_directory() / "sites" / key(environments)
    template = directory / "template.sqlite3"
    if template.exists():
        return template
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "build.lock", timeout=BUILD_TIMEOUT_S):
        if not template.exists():
            print("serve.py: building the sites' database ...", file=sys.stderr, flush=True)
            _build(template, sites)
    return template


def _build(template: Path, sites: Sequence[Site]) -> None:
    unfinished = template.with_name("unfinished.sqlite3")
    unfinished.unlink(missing_ok=True)
    try:
        with tenancy.using(unfinished):
            call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
            for site in sites:
                site.seed()
        os.replace(unfinished, template)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
