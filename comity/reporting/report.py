"""`comity report`: a stored run as a page that people look at."""

import argparse
import webbrowser
from pathlib import Path

from rich.console import Console

from comity import disk
from comity.errors import ConfigurationError
from comity.reporting import allure_report
from comity.run import finding

FILE = "report.html"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the commands."""
    parser = subparsers.add_parser(
        "report",
        help="show a stored run as a page",
        description="Write a stored run as one page of HTML that needs nothing beside it: the "
        "verdict, the rates, where the norms hold, and a replay of every case.",
    )
    finding.add_run(parser)
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        help=f"default: {FILE}, or {allure_report.FILE}, in the run's folder",
    )
    allure_report.add_options(parser)
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page; return the exit code.

    Raises:
        ConfigurationError: it cannot be written.
        InfrastructureError: the run cannot be read, or Allure cannot be had or fails.
    """
    folder = finding.find(arguments.run_name)
    into = arguments.into or folder / (allure_report.FILE if arguments.allure else FILE)
    console = Console(highlight=False, markup=False, emoji=False)
    if arguments.allure:
        allure_report.write(folder, into, arguments.history, console)
    else:
        # Late, since the page's parts take a while to import, and other commands need none of them.
        from comity.reporting.html.page import page

        write(into, page(folder))
    console.print(str(into), soft_wrap=True)
    if arguments.open:
        webbrowser.open(into.resolve().as_uri())
    return 0


def write(path: Path, content: bytes) -> None:
    """Write the page to `path`, whole or not at all.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        disk.replace(path, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path} cannot be written (--into): {reason}") from None
