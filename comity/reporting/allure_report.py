"""`comity report --allure`: Allure 3's report of a stored run, as one page, with its history."""

import argparse
from pathlib import Path

from rich.console import Console

from comity import disk
from comity.errors import ConfigurationError, InfrastructureError
from comity.models.progress import Progress
from comity.models.showing import shown
from comity.models.steps import locked, run_step
from comity.reporting import allure_cli, allure_history, allure_results
from comity.run import store
from comity.scratch import Scratch

FILE = "allure.html"
_MAKE_SECONDS = 5.0

_TAG_MANAGER = b'<script async src="https://www.googletagmanager.com/'
_SCRIPT_END = b"</script>"
_HEAD = b'<meta charset="utf-8">'
_POLICY = (
    b"default-src 'none'; form-action 'none'; "
    b"script-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    b"style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data: blob:; "
    b"media-src data: blob:; connect-src data: blob:; frame-src data: blob:; worker-src data: blob:"
)
"""What the page may load: what it carries, and nothing from anywhere else."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `comity report` that are about Allure."""
    parser.add_argument("--allure", action="store_true", help="as Allure 3 shows runs")
    parser.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help=f"Allure's history; default: {allure_history.FILE} beside the runs",
    )


def write(run: Path, into: Path, history: Path | None, console: Console) -> None:
    """Write Allure's page of the run to `into`, and say how far that is.

    Raises:
        ConfigurationError: a file cannot be written.
        InfrastructureError: the run cannot be read, or Allure cannot be had or fails.
    """
    with shown(console) as progress:
        cut = make(run, into, history or allure_history.place(run), progress)
    if cut:
        told = f"{cut} cases have their story alone, so that the page can be opened"
        console.print(f"{told}; all else is in {run}", soft_wrap=True)


def make(run: Path, into: Path, history: Path, progress: Progress) -> int:
    """Write Allure's page of the run to `into`, and its line to `history`.

    Return how many cases have no more than their story there.

    Raises:
        ConfigurationError: a file cannot be written.
        InfrastructureError: the run cannot be read, or Allure cannot be had or fails.
    """
    name = f"Comity {store.read_facts(run).run}"
    node = allure_cli.find_node()
    program = allure_cli.ensure_allure(node, progress)
    scratch = Scratch.make()
    try:
        cut, ended = allure_results.write(run, _folder(scratch.path / "results"))
        if not ended:
            raise InfrastructureError(f"{run} has no outcome yet: there is nothing to show")
        # Two reports at once would each forget the other's line.
        waiting = history.with_name(f".{history.name}.lock")
        with locked(waiting, "making a report", progress):
            entries = allure_history.read(history)
            trend = scratch.path / allure_history.FILE
            allure_history.write(trend, allure_history.before(entries, name, ended))
            made = scratch.path / "made"
            run_step(
                "Making Allure's report",
                [
                    *(*node.node, str(program), "awesome", str(scratch.path / "results")),
                    *("--cwd", str(scratch.path), "--output", str(made), "--single-file"),
                    *("--report-name", name, "--history-path", str(trend)),
                ],
                progress=progress,
                expected_seconds=_MAKE_SECONDS,
                fix="This is a fault of Allure's or ours: the run itself is whole.",
            )
            disk.replace(into, without_network((made / "index.html").read_bytes()))
            [*_, new] = allure_history.read(trend)
            allure_history.keep(history, entries, new, ended)
    except OSError as error:
        where = error.filename2 or error.filename or into
        raise ConfigurationError(f"{where} cannot be written: {error.strerror}") from None
    finally:
        scratch.remove()
    return cut


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def without_network(page: bytes) -> bytes:
    """Return Allure's page without its tag manager, and forbidden to load anything at all.

    Raises:
        InfrastructureError: the page is not as this version of Allure writes it.
    """
    before, tag, rest = page.partition(_TAG_MANAGER)
    # One script loads the tag manager, and the next sets it going.
    after = rest.partition(_SCRIPT_END)[2].partition(_SCRIPT_END)[2]
    start, head, end = (before + after).partition(_HEAD)
    if not (tag and head) or b"googletagmanager" in start + end:
        raise InfrastructureError("Allure's page is not as it was known: it might call home")
    policy = b'<meta http-equiv="Content-Security-Policy" content="' + _POLICY + b'">'
    return start + head + policy + end
