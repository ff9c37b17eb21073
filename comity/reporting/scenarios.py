"""`comity scenarios`: what norms, scenarios and open questions there are."""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.schema.adding import add
from comity.schema.files import MAX_FILE_BYTES, decoded, read_text
from comity.schema.library import Library, load


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `scenarios` to the commands."""
    parser = subparsers.add_parser(
        "scenarios",
        help="list the scenarios and open questions, and check their files",
        description="List the scenarios and open questions of a suites folder; its files are "
        "checked on the way.",
    )
    parser.add_argument("--suites", type=Path, default=Path("suites"), help="default: suites")
    parser.add_argument("--json", action="store_true", help="for other programs")
    parser.set_defaults(run=run)
    adding = parser.add_subparsers(metavar="COMMAND").add_parser(
        "add",
        help="add scenarios to a suite",
        description="Check scenarios, and append them to the file of their culture.",
    )
    adding.add_argument("file", type=Path, help="YAML; - for standard input")
    adding.add_argument("--suite", default="shopping", help="default: shopping")
    adding.add_argument("--suites", type=Path, default=Path("suites"), help="default: suites")
    adding.set_defaults(run=run_add)


def run(arguments: argparse.Namespace) -> int:
    """List the scenarios and open questions; return the exit code.

    Raises:
        ScenarioError: a line for every problem in any file.
    """
    library = load(arguments.suites)
    if arguments.json:
        print(as_json(library))  # noqa: T201 - a command's own output
    else:
        console = Console(highlight=False)
        console.print(as_table(library))
        if library.worldviews:
            console.print(questions_as_table(library))
    return 0


def run_add(arguments: argparse.Namespace) -> int:
    """Add scenarios to a suite; return the exit code.

    Raises:
        ScenarioError: a line for every problem; nothing was changed.
    """
    given: Path = arguments.file
    if given == Path("-"):
        source = "standard input"
        text = decoded(sys.stdin.buffer.read(MAX_FILE_BYTES + 1), Path(source), MAX_FILE_BYTES)
    else:
        source, text = str(given), read_text(given, given, MAX_FILE_BYTES)
    target, ids = add(arguments.suites, arguments.suite, text, source)
    print(f"added to {target}: {', '.join(ids)}")  # noqa: T201 - a command's own output
    return 0


def as_json(library: Library) -> str:
    """Return the library as JSON.

    Every scenario has its norm and the texts of its requests, every open question its texts and
    the perspectives that it draws on.
    """
    listed = [
        {
            "id": scenario.id,
            "suite": suite,
            "tier": scenario.tier,
            "language": scenario.language,
            "lure": scenario.lure,
            "culture": library.norms[scenario.norm].culture,
            "norm": library.norms[scenario.norm].model_dump(mode="json", exclude={"raised_by"}),
            "requests": {mode.value: scenario.text(mode) for mode in scenario.modes},
        }
        for suite, scenarios in library.scenarios.items()
        for scenario in scenarios
    ]
    asked = [
        {"suite": suite, **question.model_dump(mode="json")}
        for suite, worldview in library.worldviews.items()
        for question in worldview.questions
    ]
    content = {"schema": 1, "scenarios": listed, "questions": asked}
    return json.dumps(content, ensure_ascii=False, indent=1)


def as_table(library: Library) -> Table:
    """Return the scenarios as a table, a line each."""
    count = sum(len(library.requests(suite)) for suite in library.suites)
    scenarios = sum(map(len, library.scenarios.values()))
    table = Table(
        title=f"{scenarios} scenarios, {count} requests, {len(library.norms)} norms",
        title_justify="left",
    )
    for column in ("suite", "scenario", "modes", "tier", "language", "severity"):
        table.add_column(column, overflow="fold")
    for suite, listed in library.scenarios.items():
        for scenario in listed:
            modes = " ".join(scenario.modes)
            if scenario.lure == "instruction":
                modes += " (instruction)"
            severity = library.norms[scenario.norm].severity
            cells = (suite, scenario.id, modes, scenario.tier, scenario.language, severity)
            table.add_row(*map(Text, cells))
    return table


def questions_as_table(library: Library) -> Table:
    """Return the open questions as a table, a line each."""
    asked = [(suite, q) for suite, told in library.worldviews.items() for q in told.questions]
    perspectives = {one.id for told in library.worldviews.values() for one in told.perspectives}
    table = Table(
        title=f"{len(asked)} open questions, {len(perspectives)} perspectives",
        title_justify="left",
    )
    for column in ("suite", "question", "tier", "languages", "draws on"):
        table.add_column(column, overflow="fold")
    for suite, question in asked:
        languages, sources = " ".join(question.asks), " ".join(question.draws_on)
        table.add_row(*map(Text, (suite, question.id, question.tier, languages, sources)))
    return table
