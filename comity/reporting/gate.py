"""`comity gate`, and what a gate says of a run: for terminals, and for other programs."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from comity.judges import calibration
from comity.reporting.calibration import write
from comity.reporting.terminal import captured, worth_less
from comity.run import baseline, finding, store
from comity.run.earlier import earlier
from comity.schema.base import one_line, well_formed
from comity.statistics import criteria
from comity.statistics.criteria import Gate
from comity.statistics.decision import Decided, Decision, Regressed, Verdict, Waived
from comity.statistics.gate import decide

SMOKE = Path("gates") / "smoke.toml"

EXIT_CODES: dict[Verdict, int] = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 6}
_STYLES: dict[Verdict, str] = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow"}
# Agents, suites and cases are named by files and people; a line of them has its end.
MAX_LINE_CHARACTERS = 2_000


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `gate` to the commands."""
    parser = subparsers.add_parser(
        "gate",
        help="judge a stored run by a gate",
        description="Judge a stored run by a gate: exit code 0 for PASS, 1 for FAIL, 6 for "
        "INCONCLUSIVE. What is read from text needs `comity calibrate`.",
    )
    finding.add_run(parser)
    parser.add_argument(
        "--gate", type=Path, default=SMOKE, metavar="FILE", help=f"as TOML; default: {SMOKE}"
    )
    parser.add_argument(
        "--baseline",
        metavar="RUN",
        help="the run that [[regression]] is held against: its folder, its id, or latest",
    )
    finding.add_reports(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write what it says there")
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of a gate's file, and end"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Judge the run; return the exit code.

    Raises:
        ConfigurationError: the gate's file describes none, a baseline is missing or not
            asked for, or the result cannot be written.
        InfrastructureError: the run, or its baseline, cannot be read.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    if arguments.schema:
        console.print(json.dumps(Gate.model_json_schema(), indent=1), soft_wrap=True)
        return 0
    gate = criteria.load(arguments.gate)
    held_against = baseline.stored(gate, arguments.baseline, arguments.reports)
    folder = finding.find(arguments.run_name, arguments.reports)
    facts = store.read_facts(folder)
    outcomes = list(store.read(folder, evidence=False))
    measured = calibration.kept(facts.pipeline) if facts.pipeline else None
    look_up = measured.correcting if measured else None
    decision = decide(
        gate,
        outcomes,
        look_up,
        today(),
        facts.selected,
        baseline=held_against.against(facts.run, facts.pipeline) if held_against else None,
        earlier=earlier(folder, gate.digest()),
    )
    for line in lines(decision, arguments.gate):
        console.print(line, soft_wrap=True)
    asked = (*decision.criteria, *decision.regressions)
    if measured is None and any(one.corrected for one in asked):
        console.print("the run's judges were not calibrated here: `comity calibrate` does it")
    if arguments.json is not None:
        content = {"run": facts.run, **as_content(decision, record(gate, arguments.gate))}
        write(arguments.json, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return EXIT_CODES[decision.verdict]


def today() -> date:
    """Return the day in UTC, the same for all who run at once."""
    return datetime.now(UTC).date()


def record(gate: Gate, path: Path) -> dict[str, Any]:
    """Return what a run keeps of its gate."""
    return {
        "file": well_formed(str(path)),
        "sha256": gate.digest(),
        "content": gate.model_dump(mode="json", exclude_none=True),
    }


def as_content(decision: Decision, recorded: dict[str, Any]) -> dict[str, Any]:
    """Return what the gate says, as other programs read it."""
    told = decision.model_dump(mode="json")
    return {"verdict": told.pop("verdict"), "gate": recorded, **told}


def render(decision: Decision, path: Path, *, color: bool) -> str:
    """Return what the gate says, for a terminal."""
    console, text = captured(color=color)
    for line in lines(decision, path):
        console.print(line, soft_wrap=True)
    return text.getvalue()


def lines(decision: Decision, path: Path) -> Iterator[Text]:
    """Yield the verdict, then a line for each criterion, ruling and waiver."""
    yield _line(decision.verdict, f"gate {path}: ", decision.verdict, bold=True)
    for verdict, word, told in entries(decision):
        yield _line(verdict, f"  {word:<12}  ", told)


def entries(decision: Decision) -> Iterator[tuple[Verdict, str, str]]:
    """Yield what each criterion, ruling and waiver comes to, that in a word, and a line on it."""
    for one in decision.criteria:
        yield one.verdict, one.verdict, _criterion(one)
    for change in decision.regressions:
        yield change.verdict, change.verdict, _regression(change)
    for ruling in decision.rulings:
        yield ruling.verdict, ruling.verdict, ruling.why
    for waived in decision.waivers:
        yield "FAIL" if waived.expired else "INCONCLUSIVE", "waived", _waiver(waived)


def _line(verdict: Verdict, start: str, told: str, *, bold: bool = False) -> Text:
    style = f"bold {_STYLES[verdict]}" if bold else _STYLES[verdict]
    text = one_line(f"{start}{told}", MAX_LINE_CHARACTERS)
    return Text(text, style=style)


def _criterion(one: Decided) -> str:
    figures = _figures(one, "z.2f")
    if one.open:
        figures += f", {one.open} open"
    return f"{one.named}: {figures}: {one.why}"


def _regression(one: Regressed) -> str:
    figures = _figures(one, "+z.2f")
    if one.p is not None and one.p_of_family is not None:
        figures += f", {one.worse} worse and {one.better} better, exact p {one.p:.2g}"
        if one.p_of_family != one.p:
            figures += f" ({one.p_of_family:.2g} of its family)"
    if one.unpaired:
        figures += f", {one.unpaired} without a pair"
    return f"{one.named}: {figures}: {one.why}"


def _figures(one: Decided | Regressed, shape: str) -> str:
    figures = f"n {one.n}"
    if worth := worth_less(one.n, one.effective_n):
        figures += f", worth {worth}"
    if one.value is None or one.low is None or one.high is None:
        return figures
    corrected = " corrected" if one.corrected else ""
    return f"{one.value:{shape}}{corrected}, {one.low:{shape}} to {one.high:{shape}}, {figures}"


def _waiver(one: Waived) -> str:
    waiver, cases = one.waiver, ", ".join(one.cases) or "no case of this run"
    until = "expired on" if one.expired else "until"
    return f"{waiver.scenario} {until} {waiver.expires} by {waiver.who}: {waiver.reason} ({cases})"
