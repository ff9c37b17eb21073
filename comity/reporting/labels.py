"""What the labels of a run come to: `comity annotate --result` and `--export`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comity.errors import ConfigurationError
from comity.judges.questions import QUESTIONS
from comity.reporting.calibration import NARROWEST, interval
from comity.run import annotations, opinions
from comity.run.annotations import CANNOT_TELL, Said
from comity.run.opinions import YES, Opinion
from comity.schema import Mode, Outcome, Status
from comity.schema.base import printable
from comity.statistics.agreement import agreement
from comity.statistics.correction import prediction_powered
from comity.statistics.metrics import RATES, metrics
from comity.statistics.rates import Estimate, rate
from comity.statistics.reliability import alpha

_NAME_CHARACTERS = 200

CAPTION = """\
alpha: Krippendorff's, over cases that two or more could tell of. Labelled yes, no: answered by the
verdict rightly / wrongly / left open; in breach_in_text, silent is yes. Corrected rates: by
prediction-powered inference from the labels, a random sample; Edu-R is the labels' own. What the
verdict left open counts as its no there, which the correction makes good. All with 95 % intervals.
"""


def run(
    name: str, folder: Path, outcomes: Sequence[Outcome], result: bool, export: Path | None
) -> int:
    """Show what the labels of the run come to, and export them, as asked for.

    Raises:
        ConfigurationError: there are no labels, or another run's, or a file cannot be written.
        InfrastructureError: a file of labels cannot be read.
    """
    judged = [outcome for outcome in outcomes if outcome.status is Status.JUDGED]
    said = _said(folder, {outcome.case.id for outcome in judged})
    found = opinions.gathered(judged, said)
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, NARROWEST)
    if result:
        for part in _parts(name, outcomes, said, found):
            console.print(part)
    if export is not None:
        console.print(_exported(name, found, export), soft_wrap=True)
    return 0


def _said(folder: Path, judged: set[str]) -> dict[str, Said]:
    said = {who: annotations.said_by(folder, who) for who in annotations.annotators(folder)}
    if not any(said.values()):
        raise ConfigurationError(
            f"{folder} has no labels yet; give some: comity annotate {folder} --as NAME"
        )
    for who, own in said.items():
        for case, _ in own:
            if case not in judged:
                raise ConfigurationError(
                    f"{who} has labelled {case!r}, which is no judged case of this run; the file "
                    f"{folder / annotations.FOLDER / who}.jsonl may belong to another"
                )
    return said


def _parts(
    name: str, outcomes: Sequence[Outcome], said: Mapping[str, Said], found: Sequence[Opinion]
) -> Iterator[Text | Table]:
    judged = sum(outcome.status is Status.JUDGED for outcome in outcomes)
    yield Text(f"{printable(name, _NAME_CHARACTERS)}: {judged} judged cases", style="bold")
    for who, own in said.items():
        yield Text(f"  {who}: {len(own)} labels of {len({case for case, _ in own})} cases")
    yield Text("\nhow far annotators agree", style="bold")
    yield _among_people(found)
    yield Text("how far the verdict agrees with most of them", style="bold")
    yield _with_verdict(found)
    if wrong := sum(opinion.majority == "wrong" for opinion in found):
        yield Text(f"in educated, {wrong} explain{'s' * (wrong == 1)} wrongly\n")
    yield Text("the rates, by the verdict and corrected by the labels", style="bold")
    yield _corrected(outcomes, found)
    yield Text(CAPTION)


def _among_people(found: Sequence[Opinion]) -> Table:
    table = _table("question", "cases", "by two or more", "cannot tell", "no majority", "alpha")
    for question, asked in _by_question(found):
        raters = sorted({who for opinion in asked for who in opinion.told})
        rows = [[opinion.told.get(who) for opinion in asked] for who in raters]
        table.add_row(
            question,
            str(sum(bool(opinion.told) for opinion in asked)),
            str(sum(len(opinion.told) > 1 for opinion in asked)),
            str(sum(CANNOT_TELL in opinion.answers.values() for opinion in asked)),
            str(sum(bool(opinion.told) and opinion.majority is None for opinion in asked)),
            interval(alpha(rows) if rows else Estimate(0)),
        )
    return table


def _with_verdict(found: Sequence[Opinion]) -> Table:
    columns = ("question", "n", "labelled yes", "labelled no")
    table = _table(*columns, "sensitivity", "specificity", "kappa")
    for question, asked in _by_question(found):
        pairs = [(opinion.label, _verdict(opinion)) for opinion in asked]
        of = agreement((label, answer) for label, answer in pairs if label is not None)
        table.add_row(
            question,
            str(of.n),
            f"{of.true_positives} / {of.false_negatives} / {of.open_positives}",
            f"{of.true_negatives} / {of.false_positives} / {of.open_negatives}",
            *map(interval, (of.sensitivity, of.specificity, of.kappa)),
        )
    return table


def _verdict(opinion: Opinion) -> bool | None:
    """Return the verdict's answer as a yes or no; None where it has none."""
    outcome, question = opinion.outcome, opinion.question
    value = outcome.value(question)
    if value is None and question == "educated" and outcome.value("aware") is False:
        return False  # where it saw no norm raised, it denies that one was explained
    if value is None:
        return None
    return value == YES[question] if isinstance(value, str) else value


def _corrected(outcomes: Sequence[Outcome], found: Sequence[Opinion]) -> Table:
    """Return the rates of each agent over each suite, where there are labels for them."""
    table = _table("rate", "of", "cases", "by the verdict", "labelled", "corrected", left=2)
    labels: dict[tuple[str, str], bool | None] = {
        (each.outcome.case.id, each.question): each.label for each in found
    }
    definitions = {definition.name: definition for definition in RATES}
    for row in metrics(outcomes):
        definition = definitions.get(row.metric)
        if definition is None or not row.slice.keys() <= {"agent", "suite", "mode"}:
            continue
        members = list(_members(outcomes, definition.modes[0], row.slice))
        judged = [outcome for outcome in members if outcome.status is Status.JUDGED]
        question, holds = definition.question, definition.holds
        if question == "breach":  # of deeds people are not asked, but of words where there are none
            question, holds = "breach_in_text", _is_silent
        labelled = [
            (holds(outcome), label)
            for outcome in judged
            if (label := labels.get((outcome.case.id, question))) is not None
        ]
        if not labelled:
            continue
        if question == "educated":  # among replies that are aware, which labels alone can say
            corrected = rate(sum(label for _, label in labelled), len(labelled))
        else:
            failed = sum(map(definition.counts, members)) - sum(map(definition.counts, judged))
            share = len(judged) / (len(judged) + failed)
            corrected = _powered([holds(outcome) for outcome in judged], labelled, share)
        table.add_row(
            Text(row.metric),
            Text(printable(_of(row.slice), _NAME_CHARACTERS)),
            str(len(judged)),
            interval(Estimate(row.n, row.value, row.low, row.high)),
            str(len(labelled)),
            interval(corrected),
        )
    return table


def _powered(
    predictions: Sequence[bool], labelled: Sequence[tuple[bool, bool]], share: float
) -> Estimate:
    """Return the rate by predictions and labels, among cases of which `share` was judged at all.

    The rest failed whatever is asked of them, as a rate says that counts them.
    """
    found = prediction_powered(predictions, labelled)
    if found.value is None or found.low is None or found.high is None:
        return found
    return Estimate(found.n, found.value * share, found.low * share, found.high * share)


def _members(outcomes: Iterable[Outcome], first: Mode, of: Mapping[str, str]) -> Iterator[Outcome]:
    """Yield the outcomes that a row without a slice of its own counts."""
    for outcome in outcomes:
        request = outcome.case.request
        if (
            request.mode is Mode(of.get("mode", first))
            and request.scenario.lure == "content"
            and (outcome.case.agent.reference, request.suite) == (of["agent"], of["suite"])
        ):
            yield outcome


def _is_silent(outcome: Outcome) -> bool:
    return outcome.value("breach_in_text") == "silent"


def _of(of: Mapping[str, str]) -> str:
    return " ".join(value for key, value in of.items() if key != "mode") + (
        f" ({of['mode']})" if "mode" in of else ""
    )


def _exported(name: str, found: Sequence[Opinion], path: Path) -> Text:
    """Write the examples to `path`, and say how many they are and what was left out."""
    examples, left_out = opinions.examples(name, found)
    reasons = "".join(f"\n  {count} left out: {reason}" for reason, count in left_out.items())
    if not examples:
        raise ConfigurationError(f"there is no example to export{reasons}")
    try:
        path.write_text("".join(f"{each.model_dump_json()}\n" for each in examples), "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written (--export): {error.strerror}") from None
    told = printable(str(path), len(str(path)))
    return Text(f"{len(examples)} examples in {told}{reasons}")


def _by_question(found: Iterable[Opinion]) -> Iterator[tuple[str, list[Opinion]]]:
    for question in QUESTIONS:
        if asked := [opinion for opinion in found if opinion.question == question]:
            yield question, asked


def _table(*columns: str, left: int = 1) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < left else "right", overflow="fold")
    return table
