"""`comity summary`: a stored run in Markdown."""

import argparse
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from rich.console import Console

from comity.errors import ConfigurationError
from comity.judges import calibration
from comity.reporting import robustness
from comity.reporting.gate import LATEST
from comity.reporting.markdown_summary import Judged, Told, render
from comity.run import store
from comity.run.results import Result

_Model = TypeVar("_Model", bound=BaseModel)


class _Tried(BaseModel):
    """What is read of a run's `robustness.json`."""

    relations: tuple[Result, ...] = ()


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `summary` to the commands."""
    parser = subparsers.add_parser(
        "summary",
        help="print a stored run as Markdown",
        description="Print a stored run as Markdown, for a page of GitHub or GitLab.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=LATEST,
        metavar="RUN",
        help=f"the folder of a run; default: {LATEST}",
    )
    parser.add_argument(
        "--verdict",
        type=Path,
        metavar="FILE",
        help="what `comity gate --json FILE` said of it; by default what the run's own gate said",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the run; return the exit code.

    Raises:
        ConfigurationError: the file of the verdict holds none, or that of another run.
        InfrastructureError: the run cannot be read.
    """
    folder = arguments.folder.resolve()
    facts = store.read_facts(folder)
    outcomes = list(store.read(folder, evidence=False))
    kept = folder / store.SUMMARY_FILE
    told = _read(kept, Told) if kept.exists() else Told()
    tried = folder / robustness.FILE
    results = _read(tried, _Tried).relations if tried.exists() else ()
    if arguments.verdict is not None:
        found = _read(arguments.verdict, Judged)
        if found.run != facts.run:
            raise ConfigurationError(f"{arguments.verdict} is of another run than {facts.run}")
        told = Told(verdict=found, voices=told.voices)
    measured = calibration.kept(facts.pipeline) if facts.pipeline else None
    here = Path.cwd()
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    text = render(told, outcomes, shown, facts.selected, measured, results)
    Console(highlight=False, markup=False, emoji=False).print(text, soft_wrap=True, end="")
    return 0


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = "".join(f"{part}: " for part in detail["loc"])
        raise ConfigurationError(f"{path} cannot be read: {field}{detail['msg']}") from None
