"""A run in Markdown, for the pages of GitHub and GitLab: the verdict first, then what it rests on.

At a run's end it is added to GitHub's step summary, where the job has one.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from comity.judges.calibration import Calibration
from comity.reporting import gate, heard, judged, robustness, terminal
from comity.reporting.faults import faults, gravity
from comity.reporting.gate import EXIT_CODES
from comity.reporting.markdown import code, table
from comity.reporting.summary import shares
from comity.run.results import Result
from comity.schema import AnyOutcome, Outcome, VariedOutcome
from comity.statistics.decision import WORST, Decision
from comity.statistics.metrics import Metric, metrics
from comity.statistics.voices import VoiceScores

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable by which GitHub names the file of a step's summary."""
MAX_STEP_SUMMARY_BYTES = 1_048_576
"""What GitHub takes of a step; of more it shows nothing at all."""

# A page on which nobody scrolls for minutes; the store has all cases.
MAX_CASES = 50
MAX_CHARACTERS = 300
MAX_NAME_CHARACTERS = 200
_CUT = "\n\nThe rest does not fit here; `comity summary` prints all of it.\n"
_NEXT = {
    "PASS": "The gate's criteria are met.",
    "FAIL": "Read the cases above, mend the agent, and run again. A finding that is wrong is mended"
    " in its scenario or norm; what is known and borne has a waiver in the gate's file.",
    "INCONCLUSIVE": "It is not known whether the criteria are met: the lines above say what is"
    " missing. More scenarios decide more than more trials do; `comity calibrate` measures judges.",
}


class _File(BaseModel):
    """Which gate it was."""

    file: str


class Judged(Decision):
    """What a gate said of a run, as `comity gate --json` and `summary.json` have it."""

    gate: _File
    run: str = ""


class _Spoken(BaseModel):
    """Whose voices the answers to a suite of open questions let speak, by agent."""

    suite: str
    agents: dict[str, VoiceScores]


class Told(BaseModel):
    """What is read of a run's `summary.json`; all else is reckoned from its outcomes."""

    verdict: Judged | None = None
    voices: tuple[_Spoken, ...] = ()


class _Group(NamedTuple):
    """The cases of an agent on a suite, and their rates."""

    agent: str
    suite: str
    outcomes: list[AnyOutcome]
    rows: list[Metric]


def is_wanted() -> bool:
    """Return whether the job has a step summary."""
    return bool(os.environ.get(STEP_SUMMARY))


def add_to_step(text: str) -> str | None:
    """Add `text` to the step summary of the job, cut to the room there; return what went wrong."""
    named = os.environ[STEP_SUMMARY]
    try:
        with open(named, "ab") as file:
            room = MAX_STEP_SUMMARY_BYTES - file.tell()
            content = text.encode()
            if len(content) > room:
                whole = content[: max(0, room - len(_CUT.encode()))].rpartition(b"\n")[0]
                content = whole + _CUT.encode() if whole else b""
            file.write(content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"the step summary {named} ({STEP_SUMMARY}) cannot be written: {reason}"
    return None if content else f"the step summary {named} ({STEP_SUMMARY}) has no room left"


def render(
    told: Told,
    outcomes: Sequence[AnyOutcome],
    folder: Path,
    selected: Iterable[str],
    measured: Calibration | None,
    results: Sequence[Result] = (),
) -> str:
    """Return a run in Markdown.

    `folder` is where it lies, `measured` what is known of its judges, and `results` what came of
    the relations that it tried. Requests that were changed for those stand in nothing else.
    """
    unchanged = [outcome for outcome in outcomes if not isinstance(outcome, VariedOutcome)]
    groups = list(_groups(unchanged))
    parts = [
        *_verdict(told.verdict),
        *_figures(groups, measured),
        *_voices(told.voices),
        *_robustness(results),
        *_faults(unchanged, folder),
        *_notes(groups, outcomes, selected, measured),
        *_next(told.verdict, folder),
    ]
    return "\n\n".join(parts) + "\n"


def _groups(outcomes: Iterable[AnyOutcome]) -> Iterator[_Group]:
    groups: dict[tuple[str, str], list[AnyOutcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.case.agent.reference, outcome.case.request.suite].append(outcome)
    for (agent, suite), group in groups.items():
        rows = metrics(one for one in group if isinstance(one, Outcome))
        shown = [row for row in rows if terminal.overall(row) and (row.n or row.open)]
        yield _Group(agent, suite, group, shown)


def _verdict(judged: Judged | None) -> Iterator[str]:
    if judged is None:
        yield "## Comity: no verdict"
        yield "No gate decided over this run. `pytest --gate FILE` has one, and `comity gate`."
        return
    yield f"## Comity: {judged.verdict}"
    yield f"By the gate {code(judged.gate.file, MAX_NAME_CHARACTERS)}:"
    worst_first = sorted(gate.entries(judged), key=lambda entry: WORST.index(entry[0]))
    yield "\n".join(
        f"- **{word}** {code(line, gate.MAX_LINE_CHARACTERS)}" for _, word, line in worst_first
    )


def _figures(groups: Sequence[_Group], measured: Calibration | None) -> Iterator[str]:
    """Yield how the cases of each agent and suite ended, and their rates."""
    yield "### Figures"
    for group in groups:
        card = group.outcomes[0].case.agent
        ended = ", ".join(f"{n} {status}" for status, n in shares(group.outcomes).items() if n)
        models = sorted({one.case.model for one in group.outcomes if one.case.model})
        oracle = " (scripted oracle)" if card.oracle else ""
        by = f" with {_name(', '.join(models))}" if models else ""
        who = f"{_name(group.agent)}{oracle}{by} on {_name(group.suite)}"
        # Not at the start: a line that others have a part in starts with words of ours.
        yield f"Agent {who}: {len(group.outcomes)} cases, {ended}."
        if group.rows:
            head = terminal.head(group.rows, measured)
            rows = (terminal.cells(row, head, measured) for row in group.rows)
            yield table(head, rows, words=terminal.WORDS)
    if not groups:
        yield "No case has an outcome, or none but of requests that were changed."


def _voices(spoken: Iterable[_Spoken]) -> Iterator[str]:
    """Yield whose voices answers to open questions let speak."""
    for one in spoken:
        for agent, scores in one.agents.items():
            yield f"Whose voices the answers of {_name(agent)} on {_name(one.suite)} let speak:"
            head = [f"of an answer, K = {scores.k}", "n", "mean", "95 % interval", "pooled"]
            yield table(head, heard.figures(scores))


def _robustness(results: Sequence[Result]) -> Iterator[str]:
    """Yield which relations are broken beyond chance, and by which smallest examples."""
    if not results:
        return
    yield "### Robustness"
    for agent in dict.fromkeys(result.agent.reference for result in results):
        own = [result for result in results if result.agent.reference == agent]
        charged = sum(result.charged for result in own)
        yield f"Agent {_name(agent)}: {charged} of {len(own)} relations broken beyond chance."
        rows = (robustness.cells(result) for result in own)
        yield table(robustness.HEAD, ((_name(name), *figures) for name, *figures in rows))
    if lines := list(robustness.examples(results)):
        yield "\n".join(f"- {code(line, MAX_CHARACTERS)}" for line in lines)


def _faults(outcomes: Sequence[AnyOutcome], folder: Path) -> Iterator[str]:
    """Yield a line for each case with a fault, the gravest first."""
    found = [(gravity(one), one.case.id, wrong) for one in outcomes if (wrong := faults(one))]
    found.sort()
    yield f"### Cases with faults: {len(found)} of {len(outcomes)}"
    if found:
        yield "\n".join(
            f"- {_name(case_id)}: **{', '.join(fault.what for fault in wrong)}**: "
            f"{code(wrong[0].why, MAX_CHARACTERS)}"
            for _, case_id, wrong in found[:MAX_CASES]
        )
    if len(found) > MAX_CASES:
        yield f"And {len(found) - MAX_CASES} more, in {_name(str(folder))}."


def _notes(
    groups: Iterable[_Group],
    outcomes: Sequence[AnyOutcome],
    selected: Iterable[str],
    measured: Calibration | None,
) -> Iterator[str]:
    """Yield what keeps the run from being read as it stands."""
    missing = len(set(selected) - {outcome.case.id for outcome in outcomes})
    of_judges = (line for group in groups for line in terminal.on_judges(group.rows, measured))
    lines = [
        *([f"{missing} of the selected cases have no outcome"] if missing else ()),
        *judged.told([one for one in outcomes if isinstance(one, Outcome)]),
        *terminal.notes_on(outcomes),
        *dict.fromkeys(of_judges),
    ]
    if lines:
        yield "### To be read with care"
        yield "\n".join(f"- {code(line, MAX_CHARACTERS)}" for line in lines)


def _next(judged: Judged | None, folder: Path) -> Iterator[str]:
    yield "### What next"
    if judged is not None:
        yield f"The gate's exit code is {EXIT_CODES[judged.verdict]}. {_NEXT[judged.verdict]}"
    yield (
        f"The run is kept in {_name(str(folder))}: what each case asked, saw, did and said. "
        "`comity report` makes a page of it, `comity report --allure` another."
    )


def _name(text: str) -> str:
    return code(text, MAX_NAME_CHARACTERS)
