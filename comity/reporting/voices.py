"""`comity voices`: whose voices an answer lets speak, and how well that is found out."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.errors import ConfigurationError
from comity.judges.voices import agreement
from comity.judges.voices.agreement import Hits, Measured, Read
from comity.judges.voices.extractor import Extractor
from comity.judges.voices.gazetteer import GazetteerExtractor
from comity.reporting import calibration, markdown
from comity.reporting.calibration import (
    NARROWEST,
    ORIGINS,
    SHOWN_CHARACTERS,
    begun,
    interval,
)
from comity.schema import sentences, voices
from comity.schema.base import printable

HEAD = ("language", "sentences", "what", "found / missed / false", "precision", "recall", "F1")
CAPTION = """\
A reference is one perspective in one sentence; it is substantive where something is said of it.
Precision and recall have 95 % intervals. Sentiment: how often it is the labelled one, and Cohen's
kappa, over references found that have both."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `voices` to the commands."""
    parser = subparsers.add_parser(
        "voices",
        help="find whose voices an answer lets speak",
        description="Find whose voices an answer lets speak, and measure how well that is found.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    measuring = commands.add_parser(
        "measure",
        help="measure the gazetteer on labelled sentences",
        description="Measure how well the gazetteer finds the references in labelled sentences.",
    )
    measuring.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILES",
        help="labelled sentences, as JSON Lines; default: all of "
        f"SUITES/{voices.FOLDER}/{sentences.FOLDER}/*.jsonl",
    )
    measuring.add_argument("--suites", type=Path, default=Path("suites"), help="default: suites")
    measuring.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        help=f"also put the figures into the section {calibration.SECTION!r} of a Markdown file",
    )
    measuring.add_argument(
        "--misread",
        action="store_true",
        help="list what was read wrongly; of sets held apart, only how many: "
        "who reads them can no longer hold them apart",
    )
    measuring.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; return the exit code.

    Raises:
        ScenarioError: a line for every problem in the worldview's files and in the sentences.
        ConfigurationError: there are no sentences, or a file cannot be written.
    """
    folder = arguments.suites / voices.FOLDER
    worldview = voices.load(folder)
    paths = list(arguments.files) or sorted((folder / sentences.FOLDER).glob("*.jsonl"))
    if not paths:
        raise ConfigurationError(
            f"there are no labelled sentences in {folder / sentences.FOLDER}; name files of them"
        )
    known = [perspective.id for perspective in worldview.perspectives]
    labelled = sentences.load(paths, known)
    extractor: Extractor = GazetteerExtractor(worldview.gazetteers)
    answers = asyncio.run(agreement.read(extractor, labelled))
    measured = agreement.measure(answers)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = max(console.width, NARROWEST)
    console.print(Text(f"by {extractor.name}"))
    for part in tables(measured):
        console.print(part)
    if arguments.misread:
        console.print(misread(answers))
    if arguments.into is not None:
        text = as_markdown(measured, extractor.name)
        calibration.put_section(text, arguments.into, "# How well voices are found\n")
    return 0


def tables(measured: Sequence[Measured]) -> Iterator[Text | Table]:
    """Yield the figures for a terminal: a table for each origin."""
    for origin, rows in groupby(measured, key=lambda row: row.origin):
        yield Text(f"\n{ORIGINS[origin]}", style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in HEAD:
            right = column not in ("language", "what")
            table.add_column(column, justify="right" if right else "left", overflow="fold")
        for row in rows:
            table.add_section()
            for cells in _lines(row):
                table.add_row(*map(Text, cells))
        yield table
    yield Text(f"{CAPTION}\n")


def _lines(row: Measured) -> Iterator[tuple[str, ...]]:
    """Yield a language's lines under `HEAD`."""
    yield (row.language or "all", str(row.sentences), "references", *_figures(row.perspectives))
    yield ("", "", "substantive", *_figures(row.substantive))
    if row.sentiment.n:
        share, kappa = interval(row.sentiment), interval(row.sentiment_kappa)
        yield ("", "", "sentiment", f"of {row.sentiment.n}", share, "", f"kappa {kappa}")
    if row.failed:
        yield ("", "", f"{row.failed} failed", "", "", "", "")


def _figures(hits: Hits) -> tuple[str, ...]:
    counts = f"{hits.right} / {hits.missed} / {hits.false}"
    return counts, interval(hits.precision), interval(hits.recall), interval(hits.f1)


def misread(answers: Sequence[Read]) -> Table:
    """Return the sentences that were read wrongly; of sets held apart, only how many there are."""
    wrong = [answer for answer in answers if not answer.is_right]
    shown = [answer for answer in wrong if answer.sentence.origin != "held_apart"]
    table = Table(
        title=f"{len(shown)} misread; {len(wrong) - len(shown)} more in sets held apart, not shown",
        title_justify="left",
    )
    for column in ("sentence", "labelled", "found", "text, and why it is labelled so"):
        table.add_column(column, overflow="fold")
    for answer in shown:
        labelled = answer.sentence.labelled
        told = [
            "\n".join(
                f"{perspective}, {'substantive' if said.substantive else 'mention'}"
                for (perspective, _), said in references.items()
            )
            for references in (answer.labels, answer.found)
        ]
        text = printable(labelled.text, SHOWN_CHARACTERS)
        why = printable(labelled.why, SHOWN_CHARACTERS)
        table.add_row(*map(Text, (labelled.id, *told)), Text(f"{text}\n({why})"))
    return table


def as_markdown(measured: Sequence[Measured], extractor: str) -> str:
    """Return the figures as Markdown."""
    lines = [f"By `comity voices measure`, of the extractor `{extractor}`.", "", CAPTION]
    for origin, rows in groupby(measured, key=lambda row: row.origin):
        lines += ["", f"### {begun(ORIGINS[origin])}", ""]
        # Its third column has words, between columns of figures.
        rule = ("---", "---:", "---", *["---:"] * (len(HEAD) - 3))
        cells = (cells for measured_row in rows for cells in _lines(measured_row))
        lines += map(markdown.row, (HEAD, rule, *cells))
    return "\n".join(lines)
