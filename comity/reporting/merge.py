"""`comity merge`: the shards of a run, put together into one."""

import argparse
from pathlib import Path

from rich.console import Console

from comity.judges import calibration
from comity.reporting.summary import summary
from comity.run import merging, store
from comity.run.store import RUNS, SUMMARY_FILE, Store

REPORTS = Path("reports")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `merge` to the commands."""
    parser = subparsers.add_parser(
        "merge",
        help="put the shards of a run together",
        description="Put the runs of all shards (pytest --shard K/N) together into one, which is "
        "judged, labelled and reported like any other.",
    )
    parser.add_argument(
        "folders", nargs="+", type=Path, metavar="RUN", help="the folder of a shard's run"
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help=f"the folder to make; default: a new one in {REPORTS / RUNS}, the latest",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="merge what there is where a shard is missing; a gate will not pass it",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Put the shards together; return the exit code.

    Raises:
        ConfigurationError: they do not belong together, or one is missing.
        InfrastructureError: one cannot be read, or the whole cannot be written.
    """
    name = store.new_id()
    into = arguments.into or REPORTS / RUNS / name
    folders = [folder.resolve() for folder in arguments.folders]
    with merging.gathered(folders, partial=arguments.partial) as whole:
        merging.put_together(whole, name, into, _sum_up)
    if arguments.into is None:
        Store(into).point_latest()
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(f"{len(whole.parts)} shards, {len(whole.cases)} outcomes: {into}", soft_wrap=True)
    for shard in whole.missing:
        console.print(f"the shard {shard} is missing", soft_wrap=True)
    if left := len(set(whole.selected) - {case.line.case_id for case in whole.cases}):
        console.print(
            f"{left} of the selected cases have no outcome, so that no gate passes; "
            f"pytest with --resume={into} runs them",
            soft_wrap=True,
        )
    return 0


def _sum_up(folder: Path) -> None:
    """Write the summary of a whole run."""
    facts = store.read_facts(folder)
    outcomes = list(store.read(folder, evidence=False))
    measured = calibration.kept(facts.pipeline) if facts.pipeline else None
    content = summary(facts.run, outcomes, measured, None, facts.perspectives)
    Store(folder).write(SUMMARY_FILE, content)
