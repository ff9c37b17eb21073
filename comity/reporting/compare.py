"""`comity compare`: what got better and what got worse since another run."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from comity.errors import ConfigurationError
from comity.reporting import compared, parts
from comity.reporting.calibration import NARROWEST, write
from comity.reporting.compared import Against, Ran
from comity.reporting.differing import agents, differed, same_rulers
from comity.run import finding, store
from comity.schema import AnyOutcome, Outcome
from comity.schema.base import well_formed
from comity.statistics.comparison import compare


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `compare` to the commands."""
    parser = subparsers.add_parser(
        "compare",
        help="say what got better or worse between runs",
        description="Hold runs against another, paired case by case. The exit code is 0 whatever "
        "is found, and 4 where the runs cannot be read or have no case in common: what decides is "
        "a gate (`comity gate`).",
    )
    parser.add_argument("base", metavar="BASE", help="a run: its folder, its id, or `latest`")
    parser.add_argument("new", nargs="+", metavar="NEW", help="those held against it")
    finding.add_reports(parser)
    parser.add_argument("--slices", action="store_true", help="show every finer slice")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what it says there")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare the runs; return the exit code.

    Raises:
        ConfigurationError: there is no such run, it has no case in common with the first, or the
            result cannot be written.
        InfrastructureError: a run cannot be read.
    """
    base_folder, *folders = (
        finding.find(name, arguments.reports) for name in (arguments.base, *arguments.new)
    )
    base, base_origin, base_outcomes = _read(base_folder)
    news = [_read(folder) for folder in folders]
    rulers = [same_rulers(base_origin, origin) for _, origin, _ in news]
    found = compare(
        base_outcomes, [outcomes for *_, outcomes in news], [not same for same in rulers]
    )
    against = []
    for (new, origin, _), comparison, same in zip(news, found, rulers, strict=True):
        if not comparison.pairs and not comparison.asked_otherwise:
            raise ConfigurationError(_apart(base, new, base_origin, origin))
        against.append(Against(new, comparison, same, differed(base_origin, origin)))
    said = list(compared.parts(base, against, arguments.slices))
    console = Console(highlight=False, markup=False, emoji=False)
    if arguments.markdown:
        console.print(parts.as_markdown(said), soft_wrap=True, end="")
    else:
        if not console.is_terminal:
            console.width = max(console.width, NARROWEST)
        parts.show(console, said)
    if arguments.json is not None:
        content = compared.as_content(base, against)
        write(arguments.json, well_formed(json.dumps(content, ensure_ascii=False, indent=1)) + "\n")
    return 0


def _read(folder: Path) -> tuple[Ran, dict[str, Any], list[AnyOutcome]]:
    """Return a run, what explains it, and its outcomes."""
    facts, origin = store.read_facts(folder), finding.origin(folder)
    outcomes = list(store.read(folder, evidence=False))
    about_norms = [outcome for outcome in outcomes if isinstance(outcome, Outcome)]
    models = sorted({outcome.case.model for outcome in outcomes if outcome.case.model})
    ran = Ran(
        run=facts.run,
        model=", ".join(models) or None,
        outcomes=len(about_norms),
        left_out=len(outcomes) - len(about_norms),
    )
    return ran, origin, outcomes


def _apart(base: Ran, new: Ran, base_origin: dict[str, Any], origin: dict[str, Any]) -> str:
    names = [", ".join(agents(of)) or "no agent" for of in (base_origin, origin)]
    return (
        f"{base.run} ({base.outcomes} cases about norms, of {names[0]}) and {new.run} "
        f"({new.outcomes}, of {names[1]}) have no case in common: cases pair by their ids, of "
        "scenario, mode, agent and trial, so that runs of other agents or suites cannot be compared"
    )
