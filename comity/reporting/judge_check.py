"""`comity judge check`: how steady and how impartial each model judge is."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from comity.errors import ConfigurationError
from comity.judges import checking, questions
from comity.judges.checking import Check, Failure, Way
from comity.judges.preference import Gold, Preference
from comity.judges.questions import QUESTIONS, Asked
from comity.reporting import judge_options
from comity.reporting.calibration import FOLDER, NARROWEST, interval, loaded, write
from comity.run import judging
from comity.run.settings import Settings
from comity.schema import Word
from comity.schema.base import printable
from comity.schema.example import Labelled

SAMPLE = 40
NAME_CHARACTERS = 200

WAYS: dict[Way, str] = {
    "again": "changes its answer when asked again",
    "reversed": "… when the answers stand in the other order",
    "reworded": "… when the question is put in other words",
}
GOLD: dict[Gold, str] = {
    "people": "gold: what people say of replies whose `model` is this one",
    "rules": "gold: what the rules tell of its own replies and others', a proxy: no labelled "
    "reply names this model as its author",
}
CAPTION = """\
n: answers that count; failed: those that do not, since the judge gave no valid one. All with 95 %
intervals, which take answers as independent. What exceeds "asked again" is owed to the order or
the words. Padding says nothing to the question. A reply is favoured where its norm is raised in
`violate`, or not pressed in `contrast`; "beyond gold" is the DBG score. At equal gold, its own
replies stand beside others' that gold judges alike: above nought the judge prefers its own.
"""


class Checks(Word):
    """What was measured of all judges, for other programs."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    questions: str
    """The hash of the definitions."""
    seed: int
    examples: tuple[str, ...]
    """The ids of those that were drawn."""
    checks: tuple[Check, ...]

    def as_json(self) -> str:
        """Return it as JSON."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `judge check` to the commands."""
    commands = subparsers.add_parser(
        "judge", help="look into model judges", description="Looks into model judges."
    ).add_subparsers(required=True, metavar="COMMAND")
    parser = commands.add_parser(
        "check",
        help="measure how steady and how impartial a judge is",
        description="Measure on labelled examples how often a model judge changes its answer when "
        "it is asked again, in another order or in other words, whether the length of a reply "
        "moves it, and whether it prefers what its own model wrote.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILES",
        help=f"labelled examples, as JSON Lines; default: all of SUITES/{FOLDER}/*.jsonl",
    )
    parser.add_argument("--suites", type=Path, default=Path("suites"), help="default: suites")
    parser.add_argument(
        "--sample",
        type=_count,
        default=SAMPLE,
        metavar="N",
        help=f"how many of them to ask about, whatever their number; default: {SAMPLE}",
    )
    parser.add_argument("--seed", metavar="N", help="which ones are drawn; default: 0")
    parser.add_argument(
        "--questions",
        type=_questions,
        default=QUESTIONS,
        metavar="LIST",
        help=f"what to ask, separated by commas; default: {','.join(QUESTIONS)}",
    )
    parser.add_argument(
        "--gold",
        type=Path,
        metavar="FILE",
        help="more labelled examples, some of which name the judge's model as their author",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    judge_options.add(parser)
    parser.set_defaults(run=run)


def _count(given: str) -> int:
    if not (given.isascii() and given.isdigit()) or int(given) == 0:
        raise argparse.ArgumentTypeError(f"{given!r} is no number of examples")
    return int(given)


def _questions(given: str) -> tuple[Asked, ...]:
    named = {name.strip() for name in given.split(",")}
    if unknown := sorted(named - set(QUESTIONS)):
        raise argparse.ArgumentTypeError(f"no question {unknown[0]!r}; {', '.join(QUESTIONS)}")
    return tuple(question for question in QUESTIONS if question in named)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; return the exit code.

    Raises:
        ScenarioError: a line for every problem in the suites and in the examples.
        ConfigurationError: there is no judge, or no example; a judge does not answer, or a file
            cannot be written.
    """
    settings = judge_options.settings(arguments)
    if not settings.has_judges:
        raise ConfigurationError("there is no judge to check; name one by --judge-url or --judges")
    more = [arguments.gold] if arguments.gold else []
    _, known = loaded(arguments.suites, arguments.files, more)
    gold = [one for one in known if one.file in more]
    examples = [one for one in known if one.file not in more]
    if not examples:
        raise ConfigurationError("name other labelled examples beside those of --gold")
    drawn = checking.sample(examples, arguments.sample, settings.seed)
    checks = Checks(
        questions=questions.digest(),
        seed=settings.seed,
        examples=tuple(one.example.id for one in drawn),
        checks=tuple(asyncio.run(_checks(settings, drawn, gold, arguments.questions))),
    )
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, NARROWEST)
    console.print(f"{len(drawn)} of {len(examples)} labelled examples, drawn by seed {checks.seed}")
    for part in parts(checks.checks):
        console.print(part)
    if arguments.json is not None:
        write(arguments.json, checks.as_json())
    return 0


async def _checks(
    settings: Settings,
    examples: Sequence[Labelled],
    gold: Sequence[Labelled],
    asked: Sequence[Asked],
) -> list[Check]:
    async with judging.pipeline(settings) as pipeline:
        panel = pipeline.panel
        assert panel is not None
        found = []
        with Progress(transient=True, console=Console(stderr=True)) as progress:
            bar = progress.add_task("judging", total=len(examples) * len(panel.judges))
            for judge, model in zip(panel.judges, panel.models, strict=True):
                check = await checking.check(
                    judge,
                    model,
                    examples,
                    questions=asked,
                    gold=gold,
                    concurrency=settings.concurrency,
                    heard_one=lambda: progress.advance(bar),
                )
                found.append(check)
        return found


def parts(checks: Sequence[Check]) -> Iterator[Text | Table]:
    """Yield what was measured, a table a judge, and what it took."""
    for check in checks:
        yield Text(f"\n{printable(check.judge, NAME_CHARACTERS)}", style="bold")
        if check.failed == check.put:
            yield Text(f"not one valid answer of {check.put}: nothing can be said of this judge")
        else:
            yield _table(check)
            if check.preference is not None:
                yield Text(GOLD[check.preference.gold])
        yield from _failures(f"{check.failed} of {check.put} answers failed", check.failures)
        unwritten = check.preference.unwritten if check.preference else 0
        yield from _failures(f"{unwritten} replies of its own are missing", check.unwritten)
    yield Text(f"\n{CAPTION}")
    for check in checks:
        cost = check.cost
        tokens = cost.prompt_tokens + cost.completion_tokens
        yield Text(
            f"{printable(check.judge, NAME_CHARACTERS)}: {cost.calls:,} calls, {tokens:,} tokens; "
            f"{cost.cached:,} more answers came from the call cache"
        )


def _failures(told: str, reasons: Sequence[Failure]) -> Iterator[Text]:
    if reasons:
        yield Text(told)
    for one in reasons:
        yield Text(f"  {one.count} x {one.reason}")


def _table(check: Check) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("the judge", "question"):
        table.add_column(column, overflow="fold")
    for column in ("n", "failed", "counted", "share or difference"):
        table.add_column(column, justify="right", overflow="fold")
    for way, told in WAYS.items():
        table.add_section()
        for index, row in enumerate(one for one in check.changed if one.way == way):
            table.add_row(
                told if index == 0 else "",
                row.question or "all",
                str(row.share.n),
                str(row.failed),
                f"{row.changed} changed",
                interval(row.share),
            )
    table.add_section()
    for index, swayed in enumerate(check.swayed):
        table.add_row(
            "says yes oftener when the reply is padded" if index == 0 else "",
            swayed.question,
            str(swayed.rise.n),
            str(swayed.failed),
            f"{swayed.plain} → {swayed.padded} yes",
            interval(swayed.rise),
        )
    table.add_section()
    for cells in _preferred(check.preference) if check.preference else ():
        table.add_row(*cells)
    return table


def _preferred(found: Preference) -> Iterator[tuple[str, ...]]:
    for told, favour in (
        ("favours its own replies beyond gold", found.own),
        ("… others' replies beyond gold", found.others),
    ):
        yield (
            told,
            "",
            str(favour.beyond.n),
            str(favour.failed),
            f"{favour.gold} → {favour.judged} favoured, {favour.open} open",
            interval(favour.beyond),
        )
    yield (
        "… its own beyond others', at equal gold",
        "",
        str(found.bias.n),
        "",
        "",
        interval(found.bias),
    )
