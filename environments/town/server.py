"""The process: from the command line to the line that says where it listens."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import fernhill.catalogue
import mulberry.content
from fernhill.catalogue import Catalogue
from mulberry.content import Threads

from town.content import ContentError
from town.site import Site

ENVIRONMENTS = Path(__file__).resolve().parent.parent
CATALOGUE, THREADS = ENVIRONMENTS / "catalogue", ENVIRONMENTS / "threads"
# Cases run some sixteen at once and a page takes 20-60 ms of one core; more than this
# would only wait for each other.
WORKERS = 8
# Beyond what waitress reads into memory at all. What pages and the control protocol take is less.
MAX_REQUEST_BYTES = 8 * 1024 * 1024
# A browser opens up to six connections for each context and keeps them; sixteen contexts at once,
# and as many that are just closing, must not lock out the engine.
CONNECTIONS = 500
# How soon a site ends after its engine was killed.
ORPHAN_CHECK_S = 1.0

EXIT_FAILED, EXIT_USAGE = 1, 2
INSTALL = "install what the sites are made of: pip install -e '.[sites]'"


def main(arguments: Sequence[str]) -> int:
    """Run the site until SIGTERM or SIGINT; return the process's exit code."""
    options = _options(arguments)
    try:
        if options.check is not None:
            return _check(options.check or [CATALOGUE, THREADS])
        catalogue = fernhill.catalogue.load(CATALOGUE)
        threads = mulberry.content.load(THREADS)
    except ContentError as error:
        return _fail(str(error), EXIT_FAILED)
    token = os.environ.get("COMITY_SITE_TOKEN", "")
    if not token:
        return _fail("COMITY_SITE_TOKEN is not set: the engine sets it", EXIT_USAGE)
    try:
        return _serve(catalogue, threads, token, browse=options.browse)
    except _Stop:
        return 0
    except OSError as error:
        return _fail(f"cannot start: {error}", EXIT_FAILED)
    except ModuleNotFoundError as error:
        return _fail(f"cannot start: {error}; {INSTALL}", EXIT_FAILED)


class _Stop(SystemExit):
    """SIGTERM, SIGINT or the engine's death. waitress ends its loop at a SystemExit."""


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="serve.py", description="A shop and a forum to test")
    parser.add_argument(
        "--browse", action="store_true", help="also serve one sandbox to any browser on loopback"
    )
    parser.add_argument(
        "--check",
        type=Path,
        nargs="*",
        metavar="DIR",
        help="check the content files in each DIR (by default those of all sites) and end",
    )
    return parser.parse_args(arguments)


def _check(directories: Sequence[Path]) -> int:
    for directory in directories:
        if (directory / mulberry.content.MEMBERS_FILE).exists():
            threads = mulberry.content.load(directory)
            posts = sum(len(topic.posts) for _, topic in threads.topics)
            print(f"{len(threads.topics)} topics, {posts} posts, {len(threads.tags)} tags")
        else:
            catalogue = fernhill.catalogue.load(directory)
            print(f"{sum(1 for _ in catalogue.products)} products, {len(catalogue.tags)} tags")
    return 0


def _serve(catalogue: Catalogue, threads: Threads, token: str, *, browse: bool) -> int:
    from town import clock
    from town.workplace import Workplace, remove_abandoned

    # Ages of files are told by the true clock, so what is left from before goes first.
    remove_abandoned()
    traveller = clock.freeze()

    def stop(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        # waitress waits for its threads by the wall clock.
        traveller.stop()
        raise _Stop

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with Workplace() as workplace:
        return _listen(catalogue, threads, token, workplace.path, browse=browse)


def _listen(
    catalogue: Catalogue, threads: Threads, token: str, directory: Path, *, browse: bool
) -> int:
    from town.messages import compile_messages

    compile_messages(ENVIRONMENTS)
    os.environ["DJANGO_SETTINGS_MODULE"] = "town.settings"
    import django

    django.setup()
    from django.core.wsgi import get_wsgi_application
    from django.db import DatabaseError
    from fernhill.site import Shop
    from mulberry.site import Forum
    from waitress.server import create_server
    from whitenoise import WhiteNoise

    from town.application import Application
    from town.control import Control
    from town.template import ready_template
    from town.tenancy import Sandboxes, using

    sites: list[Site] = [Shop(catalogue), Forum(threads)]
    try:
        template = ready_template(ENVIRONMENTS, sites)
    except DatabaseError as error:
        return _fail(f"cannot build the sites' database: {error}", EXIT_FAILED)
    with using(template):
        items = [{**item, "site": site.name} for site in sites for item in site.items()]
    sandboxes = Sandboxes(directory, template)
    visitor = sandboxes.create(lambda: False).id if browse else None
    control = Control(sandboxes, sites, items, token)
    pictures = {path: svg for site in sites for path, svg in site.pictures().items()}
    application = Application(get_wsgi_application(), control, sandboxes, pictures, visitor)
    server = create_server(
        WhiteNoise(application, root=str(ENVIRONMENTS / "static"), prefix="static/"),
        host="127.0.0.1",
        port=0,
        threads=WORKERS,
        connection_limit=CONNECTIONS,
        max_request_body_size=MAX_REQUEST_BYTES,
        asyncore_use_poll=True,
        ident=None,
    )
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    print(json.dumps({"listening": f"http://127.0.0.1:{server.effective_port}"}), flush=True)
    server.run()
    return 0


def _end_with_parent(parent: int) -> None:
    """End this process when its parent is gone: a killed engine cannot send SIGTERM."""
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _fail(message: str, code: int) -> int:
    print(f"serve.py: {message}", file=sys.stderr, flush=True)
    return code
