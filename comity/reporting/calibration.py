"""`comity calibrate`: how well the judges judge, measured on labelled examples."""

import argparse
import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from comity import disk
from comity.errors import ConfigurationError, ScenarioError
from comity.judges import calibration, questions
from comity.judges.calibration import Answer, Calibration, Measured
from comity.reporting import judge_options, markdown
from comity.run import judging
from comity.run.settings import Settings
from comity.schema import example, library
from comity.schema.base import printable
from comity.schema.example import Labelled, Origin
from comity.schema.library import Library
from comity.statistics.rates import Estimate

FOLDER = "calibration"
# Of a reply, enough to find it again and to see what it is about.
SHOWN_CHARACTERS = 300
# All figures of a slice fit on one line of this; in a pipe there is no width to heed.
NARROWEST = 132

SECTION = "Measured"
ORIGINS: dict[Origin, str] = {
    "held_apart": "held apart: written without sight of the patterns, and never tuned on",
    "seen": "seen: may have been tuned on, so that these figures flatter",
    "other": "other sets, of which Comity does not know who has seen them",
}
HEAD = ("slice", "n", "labelled yes", "labelled no", "sensitivity", "specificity", "kappa")
CAPTION = """\
labelled yes, no: answered rightly / wrongly / left open. Sensitivity, specificity and kappa, with
95 % intervals, leave out what is open; "open as wrong" counts it as answered wrongly."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `calibrate` to the commands."""
    parser = subparsers.add_parser(
        "calibrate",
        help="measure the judges on labelled examples",
        description="Measure how well the judges, composed as in a run, answer labelled examples, "
        "and keep the figures for later runs by the same judges.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILES",
        help=f"labelled examples, as JSON Lines; default: all of SUITES/{FOLDER}/*.jsonl",
    )
    parser.add_argument("--suites", type=Path, default=Path("suites"), help="default: suites")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        help=f"also put the pooled figures into the section {SECTION!r} of a Markdown file",
    )
    parser.add_argument(
        "--misread",
        action="store_true",
        help="list what was answered wrongly or left open; of sets held apart, only how many: "
        "who reads them can no longer hold them apart",
    )
    judge_options.add(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and keep; return the exit code.

    Raises:
        ScenarioError: a line for every problem in the suites and in the examples.
        ConfigurationError: there are no examples, or a file cannot be written.
    """
    settings = judge_options.settings(arguments)
    norms, examples = loaded(arguments.suites, arguments.files)
    answers, measured = asyncio.run(_measured(settings, norms, examples))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = max(console.width, NARROWEST)
    try:
        for part in tables(measured):
            console.print(part)
        if failed := sum(answer.failed for answer in answers):
            console.print(f"{failed} of {len(answers)} answers are missing: a judge failed")
        if arguments.misread:
            console.print(misread(answers))
    finally:  # a reader who has had enough must not cost what took hours to measure
        kept = calibration.keep(measured)
    console.print(Text(f"kept in {printable(str(kept), len(str(kept)))}"), soft_wrap=True)
    if arguments.json is not None:
        write(arguments.json, measured.as_json())
    if arguments.into is not None:
        publish(measured, arguments.into)
    return 0


async def _measured(
    settings: Settings, norms: Library, examples: Sequence[Labelled]
) -> tuple[list[Answer], Calibration]:
    async with judging.pipeline(settings) as pipeline:
        with Progress(transient=True, console=Console(stderr=True)) as progress:
            bar = progress.add_task("judging", total=len(examples))
            answers = await calibration.answers(
                examples, pipeline, settings.concurrency, lambda: progress.advance(bar)
            )
        fingerprint = pipeline.fingerprint(norms.norms.values())
        return answers, calibration.calibrate(answers, fingerprint)


def loaded(
    suites: Path, files: Sequence[Path], more: Sequence[Path] = ()
) -> tuple[Library, list[Labelled]]:
    """Return the library and the examples; the problems of both are told at once.

    Where no `files` are named, the suites' own take their place; `more` come beside them.

    Raises:
        ScenarioError: a line for every problem.
        ConfigurationError: there are no examples.
    """
    paths = list(files) or sorted((suites / FOLDER).glob("*.jsonl"))
    if not paths:
        raise ConfigurationError(
            f"there are no labelled examples in {suites / FOLDER}; name files of them, "
            "in the format that suites/calibration/README.md describes"
        )
    problems: list[str] = []
    found: Library | None = None
    try:
        found = library.load(suites)
    except ScenarioError as error:
        problems.append(str(error))
    try:
        examples = example.load([*paths, *more], found)
    except ScenarioError as error:
        problems.append(str(error))
    if problems:
        raise ScenarioError("\n".join(problems))
    assert found is not None
    return found, examples


def tables(measured: Calibration) -> Iterator[Text | Table]:
    """Yield the figures for a terminal: a table for each question, sets apart by their origin."""
    for origin, rows in groupby(measured.measured, key=lambda row: row.origin):
        sources = [source for source in measured.sources if source.origin == origin]
        yield Text(ORIGINS[origin], style="bold")
        for source in sources:
            name = printable(source.file, SHOWN_CHARACTERS)
            yield Text(f"  {name}: {source.examples} examples")
        for question, asked in groupby(rows, key=lambda row: row.question):
            asks = questions.definitions()[question].asks
            yield Text(f"\n{question}: {asks}", style="bold")
            yield _table(asked)
    yield Text(f"{CAPTION}\n")


def _table(rows: Iterable[Measured]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(HEAD[0], overflow="fold")
    for column in HEAD[1:]:
        table.add_column(column, justify="right", overflow="fold")
    for _, alike in groupby(rows, key=lambda row: tuple(row.slice)):
        table.add_section()
        for row in alike:
            for cells in _lines(row):
                table.add_row(*map(Text, cells))
    return table


def _lines(row: Measured) -> Iterator[tuple[str, ...]]:
    """Yield a slice's line under `HEAD`; where answers are open, another that blames them."""
    found = row.agreement
    yield (
        ", ".join(f"{key} {value}" for key, value in row.slice.items()) or "all",
        str(found.n),
        f"{found.true_positives} / {found.false_negatives} / {found.open_positives}",
        f"{found.true_negatives} / {found.false_positives} / {found.open_negatives}",
        interval(found.sensitivity),
        interval(found.specificity),
        interval(found.kappa),
    )
    if found.open_positives or found.open_negatives:
        yield (
            "  open as wrong",
            "",
            _share(found.open_among_positives),
            _share(found.open_among_negatives),
            interval(found.sensitivity_open_wrong),
            interval(found.specificity_open_wrong),
            "",
        )


def _share(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.0%} open"


def interval(estimate: Estimate) -> str:
    """Return an estimate as it stands in a table."""
    if estimate.value is None:
        return "–"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:z.2f}"
    return f"{estimate.value:z.2f}  {estimate.low:z.2f} to {estimate.high:z.2f}"


def misread(answers: Sequence[Answer]) -> Table:
    """Return what was answered wrongly, or left open, with the reply and the reason for its label.

    Of sets that are held apart it says only how many there are.
    """
    wrong = [answer for answer in answers if answer.value is not answer.label]
    shown = [answer for answer in wrong if answer.labelled.origin != "held_apart"]
    held = len(wrong) - len(shown)
    table = Table(
        title=f"{len(shown)} misread or open; {held} more in sets held apart, not shown",
        title_justify="left",
    )
    for column in ("example", "question", "label", "answer", "reply, and why it is labelled so"):
        table.add_column(column, overflow="fold")
    said = {True: "yes", False: "no", None: "open"}
    for answer in shown:
        one = answer.labelled.example
        reply = printable(one.reply, SHOWN_CHARACTERS)
        why = printable(one.why, SHOWN_CHARACTERS)
        cells = (one.id, answer.question, said[answer.label], said[answer.value])
        table.add_row(*map(Text, cells), Text(f"{reply}\n({why})"))
    return table


def publish(measured: Calibration, into: Path) -> None:
    """Put the pooled figures, and those by language, into a section of the Markdown file `into`.

    Raises:
        ConfigurationError: the file cannot be read or written.
    """
    put_section(as_markdown(measured), into, "# How well the judges judge\n")


def put_section(text: str, into: Path, new: str) -> None:
    """Put `text` as the section of figures into the file `into`, which begins `new` if none is.

    Raises:
        ConfigurationError: the file cannot be read or written.
    """
    section = f"## {SECTION}\n\n{text.strip()}\n"
    try:
        old = into.read_text("utf-8") if into.exists() else new
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{into} cannot be read (--into): {error}") from None
    pattern = re.compile(rf"^## {re.escape(SECTION)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    mended, found = pattern.subn(lambda _: f"{section}\n", old)
    text = (mended if found else f"{old.rstrip()}\n\n{section}").rstrip() + "\n"
    try:
        disk.replace(into, text.encode())  # all around the section is somebody's own
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{into} cannot be written (--into): {reason}") from None


def as_markdown(measured: Calibration) -> str:
    """Return the pooled figures, and those by language, as Markdown."""
    lines = [
        f"By `comity calibrate`, of the pipeline `{measured.pipeline[:12]}`. It also prints the "
        "figures by culture and by kind of reply.",
        "",
        CAPTION[0].upper() + CAPTION[1:],
    ]
    for origin, rows in groupby(measured.measured, key=lambda row: row.origin):
        sources = [source for source in measured.sources if source.origin == origin]
        names = ", ".join(
            f"{markdown.code(source.file, SHOWN_CHARACTERS)} ({source.examples})"
            for source in sources
        )
        lines += ["", f"### {begun(ORIGINS[origin])}", "", f"Examples: {names}."]
        for question, asked in groupby(rows, key=lambda row: row.question):
            lines += ["", f"**{question}**: {questions.definitions()[question].asks}", ""]
            shown = (row for row in asked if set(row.slice) <= {"language"})
            lines.append(markdown.table(HEAD, (cells for row in shown for cells in _lines(row))))
    return "\n".join(lines)


def begun(text: str) -> str:
    """Return `text` as a sentence begins."""
    return text[0].upper() + text[1:]


def write(path: Path, text: str) -> None:
    """Write `text` to the file that `--json` names.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        path.write_text(text, "utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path} cannot be written (--json): {reason}") from None
