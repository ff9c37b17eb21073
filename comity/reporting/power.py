"""`comity power`: what a comparison would notice, and how many cases a gate needs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from comity.errors import ConfigurationError
from comity.reporting import planned
from comity.reporting.calibration import NARROWEST, write
from comity.reporting.planned import Correlation, Needed, Noticed
from comity.run import finding, store
from comity.schema import Outcome
from comity.schema.base import well_formed
from comity.schema.library import load
from comity.schema.scenario import Request
from comity.statistics import criteria, plans
from comity.statistics.planning import ICC, WRONG, Planned

CHANGE = 0.1
"""The change that is asked about where none is named: ten points."""
MOST_TRIALS = 100
MOST_OF_A_NORM = 500
"""More cases of one norm take minutes, and their binomials leave what a float can hold."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `power` to the commands."""
    parser = subparsers.add_parser(
        "power",
        help="say what a comparison would notice, and what a gate needs",
        description="Say which changes `comity compare` would notice with the scenarios at hand, "
        "or with those of a stored run; by --gate, how many cases its criteria need. The exit code "
        "is 0, and 4 for bad input.",
    )
    parser.add_argument(
        "run_name",
        nargs="?",
        metavar="RUN",
        help="a run to plan the next by, with its rates: its folder, its id, or `latest`",
    )
    finding.add_reports(parser)
    parser.add_argument("--suites", type=Path, default=Path("suites"), help="default: suites")
    parser.add_argument(
        "--suite",
        action="append",
        metavar="NAME",
        help="only the scenarios of this suite; may be given several times",
    )
    parser.add_argument(
        "--trials",
        type=_whole,
        default=1,
        metavar="N",
        help="of each request; of a run, how many times those that it had; default: 1",
    )
    parser.add_argument(
        "--wrong",
        type=_share,
        default=WRONG,
        metavar="RATE",
        help=f"how much goes wrong now, without a run; default: {WRONG:g}",
    )
    parser.add_argument(
        "--icc",
        type=_share,
        metavar="R",
        help=f"correlation of two cases of one norm; default: the run's, else {ICC:g}",
    )
    parser.add_argument(
        "--change",
        type=_share,
        default=CHANGE,
        metavar="C",
        help=f"a change to ask about; default: {CHANGE:g}",
    )
    parser.add_argument(
        "--gate", type=Path, metavar="FILE", help="say how many cases its criteria need"
    )
    parser.add_argument(
        "--true-rate",
        type=_share,
        metavar="RATE",
        help="with --gate: how much goes wrong with an agent that is to pass in four runs of five",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what it says there")
    parser.set_defaults(run=run)


def _whole(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST_TRIALS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_TRIALS}")
    return number


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to 1")
    return share


def run(arguments: argparse.Namespace) -> int:
    """Plan; return the exit code.

    Raises:
        ConfigurationError: there is no such run or suite, a gate's file describes none, or the
            result cannot be written; nothing counts, or too many cases do.
        InfrastructureError: the run cannot be read.
        ScenarioError: the suites cannot be.
    """
    if arguments.true_rate is not None and arguments.gate is None:
        raise ConfigurationError("--true-rate says what passes a gate: name one by --gate")
    gate = criteria.load(arguments.gate) if arguments.gate is not None else None
    outcomes = _outcomes(arguments)
    requests, acted = _requests(arguments, outcomes)
    correlation = _correlation(arguments, outcomes)
    content: Noticed | Needed
    if gate is not None:
        content = planned.needs_of(gate, requests, correlation, arguments.true_rate)
    else:
        if outcomes:
            rows = plans.of_run(outcomes, arguments.trials)
        else:
            rows = plans.of_requests(requests, acted, arguments.trials, arguments.wrong)
        _check(rows)
        content = planned.noticed(rows, correlation, arguments.change)
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, NARROWEST)
    for shown in planned.told(content):
        console.print(shown, soft_wrap=not isinstance(shown, Table))
    if arguments.json is not None:
        write(arguments.json, well_formed(content.model_dump_json(indent=1)) + "\n")
    return 0


def _check(rows: Sequence[Planned]) -> None:
    """Refuse what cannot be planned by."""
    if not rows:
        raise ConfigurationError("no metric counts any of its cases: there is no rate to plan by")
    most = max(max(row.sizes) for row in rows)
    if most > MOST_OF_A_NORM:
        raise ConfigurationError(
            f"{most} cases of one norm, with these --trials; {MOST_OF_A_NORM} at most can be "
            "planned by: give fewer"
        )


def _outcomes(arguments: argparse.Namespace) -> list[Outcome]:
    """Return the outcomes of the run that is named, of the suites that are; none without a run."""
    if arguments.run_name is None:
        return []
    folder = finding.find(arguments.run_name, arguments.reports)
    found = [o for o in store.read(folder, evidence=False) if isinstance(o, Outcome)]
    if arguments.suite:
        found = [o for o in found if o.case.request.suite in arguments.suite]
    if not found:
        raise ConfigurationError(f"{folder} has no case about a norm to plan by")
    return found


def _requests(
    arguments: argparse.Namespace, outcomes: Sequence[Outcome]
) -> tuple[list[Request], list[str]]:
    """Return the requests at hand, and the suites that are put to agents on a site."""
    if outcomes:
        return list({o.case.request.id: o.case.request for o in outcomes}.values()), []
    library = load(arguments.suites)
    closed = [name for name, suite in library.suites.items() if not suite.open]
    suites = list(dict.fromkeys(arguments.suite or closed))
    requests = [request for name in suites for request in library.requests(name)]
    if not requests:
        raise ConfigurationError(
            f"{', '.join(suites) or arguments.suites} has no scenario of norms"
        )
    return requests, [name for name in suites if library.suites[name].site is not None]


def _correlation(arguments: argparse.Namespace, outcomes: Sequence[Outcome]) -> Correlation:
    if arguments.icc is not None:
        return Correlation(value=arguments.icc, origin="as given")
    measured = plans.correlation(outcomes) if outcomes else None
    if measured is not None:
        return Correlation(value=measured, origin="as in that run")
    return Correlation(value=ICC, origin="an assumption; a run with several trials measures it")
