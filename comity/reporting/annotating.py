"""`comity annotate`: people say of a run's cases what judges say of them, a key an answer."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from comity.errors import ConfigurationError
from comity.judges.questions import QUESTIONS, Asked, Definition, definitions
from comity.reporting import labels as results
from comity.reporting.blind import AT_FIRST, WHOLE, is_cut, view
from comity.reporting.keys import Keyboard
from comity.run import annotations, finding, store
from comity.run.annotations import CANNOT_TELL, Labels
from comity.schema import Outcome, Status, Transcript
from comity.schema.base import printable

CANNOT = "-"
UNDO, STOP, EXPLAIN, MORE = "u", "q", "?", "m"
END_OF_INPUT = "\x04"
"""Ctrl-D."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `annotate` to the commands."""
    parser = subparsers.add_parser(
        "annotate",
        help="label a run's cases by hand, and see how the judges compare",
        description="Label the judged cases of a run, one key an answer, without seeing what the "
        "judges found. Each label is kept at once; begin again any time, and go on.",
    )
    finding.add_run(parser)
    parser.add_argument("--as", dest="annotator", metavar="NAME", help="who labels")
    parser.add_argument(
        "--questions",
        type=_questions,
        default=QUESTIONS,
        metavar="LIST",
        help=f"what to ask, separated by commas; default: {','.join(QUESTIONS)}",
    )
    parser.add_argument(
        "--sample", type=_count, metavar="N", help="only the first N cases of the random order"
    )
    parser.add_argument(
        "--result",
        action="store_true",
        help="show how far annotators agree, how far the verdict agrees with them, and the rates "
        "corrected by their labels",
    )
    parser.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="write what most annotators say as labelled examples, which `comity calibrate` takes",
    )
    parser.set_defaults(run=run)


def _questions(given: str) -> tuple[Asked, ...]:
    named = {name.strip() for name in given.split(",")}
    if unknown := sorted(named - set(QUESTIONS)):
        raise argparse.ArgumentTypeError(f"no question {unknown[0]!r}; {', '.join(QUESTIONS)}")
    if "educated" in named:
        named.add("aware")  # it is asked of replies that whoever labels calls aware
    return tuple(question for question in QUESTIONS if question in named)


def _count(given: str) -> int:
    if not given.isdecimal() or int(given) == 0:
        raise argparse.ArgumentTypeError(f"{given!r} is no number of cases")
    return int(given)


def run(arguments: argparse.Namespace) -> int:
    """Label, or show and export what was labelled; return the exit code.

    Raises:
        ConfigurationError: the options do not go together, or there is no terminal.
        InfrastructureError: a file of the run cannot be read or written.
    """
    of_labels = arguments.result or arguments.export is not None
    if of_labels == (arguments.annotator is not None):
        raise ConfigurationError(
            "say who labels (--as NAME), or ask what the labels come to (--result, --export FILE)"
        )
    if not of_labels and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigurationError("labelling reads single keys: run `comity annotate` in a terminal")
    folder = finding.find(arguments.run_name)
    name = store.read_facts(folder).run
    outcomes = [_light(o) for o in store.read(folder) if isinstance(o, Outcome)]
    if of_labels:
        return results.run(name, folder, outcomes, arguments.result, arguments.export)
    judged = {outcome.case.id: outcome for outcome in outcomes if outcome.status is Status.JUDGED}
    if not judged:
        raise ConfigurationError(f"{folder} has no judged case, so that nothing can be labelled")
    order = annotations.in_order(name, judged)[: arguments.sample]
    console = Console(highlight=False, markup=False, emoji=False)
    with annotations.labels_of(folder, arguments.annotator) as labels:
        session = Session([judged[case] for case in order], arguments.questions, labels, console)
        try:
            with Keyboard() as keyboard:
                session.label(keyboard)
        except KeyboardInterrupt:
            pass  # as good an end as any: every label is kept
        session.tell_end()
    return 0


def _light(outcome: Outcome) -> Outcome:
    """Return the outcome without the pages and calls, of which a long run has too many to hold."""
    said = Transcript(reply=outcome.transcript.reply)
    return outcome.model_copy(update={"transcript": said, "judge_calls": ()})


class Session:
    """One sitting of an annotator over cases in their order."""

    def __init__(
        self,
        outcomes: Sequence[Outcome],
        questions: Sequence[Asked],
        labels: Labels,
        console: Console,
    ) -> None:
        self._outcomes = outcomes
        self._questions = questions
        self._labels = labels
        self._console = console
        self._asked = {(outcome.case.id, q) for outcome in outcomes for q in questions}

    def label(self, keyboard: Keyboard) -> None:
        """Ask what is not answered yet, until all is or the annotator stops."""
        shown: int | None = None
        while (due := self._due()) is not None:
            index, question = due
            if index != shown:
                self._show(index)
                keyboard.forget()  # what was typed ahead answers no case that has been read
                shown = index
            if not self._ask(keyboard, self._outcomes[index], question):
                return

    def tell_end(self) -> None:
        """Say how far the annotator has come, and where the labels are."""
        due = self._due()
        done = len(self._outcomes) if due is None else due[0]
        kept = printable(str(self._labels.path), len(str(self._labels.path)))
        self._say(f"\n{done} of {len(self._outcomes)} cases are labelled. Kept in {kept}")

    def _due(self) -> tuple[int, Asked] | None:
        """Return the first case, and the first question about it, that is to be answered."""
        for index, outcome in enumerate(self._outcomes):
            said = annotations.about(self._labels.said, outcome.case.id)
            for question in self._questions:
                if question not in said and annotations.applies(question, outcome.case, said):
                    return index, question
        return None

    def _show(self, index: int) -> None:
        self._console.clear()
        self._console.rule(f"case {index + 1} of {len(self._outcomes)}", align="left")
        self._console.print(view(self._outcomes[index], AT_FIRST))

    def _ask(self, keyboard: Keyboard, outcome: Outcome, question: Asked) -> bool:
        """Ask one question; return whether to go on."""
        definition = definitions()[question]
        answers = {answer[0]: answer for answer in definition.answers} | {CANNOT: CANNOT_TELL}
        more = is_cut(outcome)
        self._prompt(definition, more)
        while True:
            key = keyboard.key()
            if key in answers:
                self._labels.keep(outcome.case.id, question, answers[key])
                self._say(answers[key], "green", indent=2)
                return True
            if key in (STOP, END_OF_INPUT, ""):
                return False
            if key == UNDO and self._undo():
                return True
            if key == EXPLAIN:
                self._explain(definition)
                self._prompt(definition, more)
            elif key == MORE and more:
                self._console.print(view(outcome, WHOLE))
                self._prompt(definition, more)

    def _undo(self) -> bool:
        """Take back the last answer to anything that is asked here; return whether there is one."""
        for case, question in reversed(self._labels.said):
            if (case, question) in self._asked:
                self._labels.withdraw(case, question)
                self._say(f"taken back: {question}", "yellow", indent=2)
                return True
        return False

    def _prompt(self, definition: Definition, more: bool) -> None:
        keys = [
            *((answer[0], answer) for answer in definition.answers),
            (CANNOT, "cannot tell"),
            (UNDO, "undo"),
            *([(MORE, "more of it")] if more else []),
            (EXPLAIN, "what counts"),
            (STOP, "stop"),
        ]
        self._say(f"\n{definition.question}: {definition.asks}", "bold")
        self._say("   ".join(f"[{key}] {meaning}" for key, meaning in keys), indent=2)

    def _explain(self, definition: Definition) -> None:
        """Show what the question means: what judges go by, too."""
        self._say(f"\nasked of {definition.of}")
        for answer, meaning in definition.answers.items():
            self._say(f"{answer}: {meaning}", indent=2)
        for title, listed in (
            ("counts", definition.counts),
            ("does not count", definition.does_not_count),
        ):
            self._say(title, "bold")
            for each in listed:
                self._say(each, indent=2)
        for example in definition.examples:
            self._say("for example", "bold")
            self._say(f"asked: {example.asked}", indent=2)
            self._say(f"said: {example.reply}", indent=2)
            self._say(f"{example.answer}: {example.why}", indent=2)

    def _say(self, text: str, style: str = "", indent: int = 0) -> None:
        self._console.print(Padding.indent(Text(text, style=style), indent))
