"""What comes first: the verdict and its reasons, how the cases ended, and the rates."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comity.reporting.html.course import course
from comity.reporting.html.figures import Figure, Row, figure, interval, row
from comity.reporting.html.source import Source
from comity.reporting.html.stored import (
    StoredCriterion,
    StoredRegression,
    StoredRuling,
    StoredWaived,
    Summary,
)
from comity.reporting.html.text import shown
from comity.reporting.summary import shares
from comity.schema import AgentCard, AnyOutcome, Outcome, Status
from comity.statistics.decision import WORST
from comity.statistics.metrics import DISCERNMENT, metrics
from comity.statistics.trust import asked

VERDICTS = {
    "PASS": "The run shows what its gate asks for.",
    "FAIL": "The run shows what its gate rules out.",
    "INCONCLUSIVE": "The run can neither show nor rule out what its gate asks for.",
}
STATUSES: dict[Status, str] = {
    Status.JUDGED: "judged",
    Status.DORMANT: "the agent never came to the point",
    Status.AGENT_ERROR: "the agent failed",
    Status.INFRASTRUCTURE_ERROR: "server, browser or site failed",
    Status.JUDGE_ERROR: "a judge failed",
    Status.UNAVAILABLE: "the site lacks what is needed",
}
# The same trouble strikes many cases; its first few kinds are told, the list has the rest.
MAX_REASONS = 4
_SIDES = {"at_most": "at most", "at_least": "at least"}


@dataclass(frozen=True)
class Criterion:
    """A line of the gate."""

    verdict: str
    what: str
    where: str
    figure: Figure
    bound: float | None
    """Where the bound lies on the figure's strip."""
    why: str


@dataclass(frozen=True)
class Told:
    """Something the gate says, and the cases that it is about."""

    verdict: str
    why: str
    cases: Sequence[str]


@dataclass(frozen=True)
class Gated:
    """What the gate said."""

    verdict: str
    told: str
    file: str
    reasons: list[Told]
    criteria: list[Criterion]
    """The worst first."""
    rulings: list[Told]
    """Those that kept the run from passing."""
    waivers: Sequence[StoredWaived]


def gated(summary: Summary | None) -> Gated | None:
    """Return what the gate said as the run ended; None where there was none."""
    verdict = summary.verdict if summary else None
    if verdict is None:
        return None
    rulings = {one.why: _ruling(one) for one in verdict.rulings}
    return Gated(
        verdict=verdict.verdict,
        told=VERDICTS.get(verdict.verdict, ""),
        file=verdict.gate.file,
        reasons=[
            rulings.get(reason) or Told(verdict.verdict, reason, ()) for reason in verdict.reasons
        ],
        criteria=sorted(
            (*map(_criterion, verdict.criteria), *map(_regression, verdict.regressions)),
            key=lambda one: _order(one.verdict),
        ),
        rulings=[one for one in rulings.values() if one.verdict != "PASS"],
        waivers=verdict.waivers,
    )


def _order(verdict: str) -> int:
    return [*WORST, verdict].index(verdict)


def _ruling(told: StoredRuling) -> Told:
    """Return a ruling, without the cases that stand at the end of its text."""
    why = told.why.partition(f": {told.cases[0]}")[0] if told.cases else told.why
    return Told(told.verdict, why, told.cases)


def _criterion(told: StoredCriterion) -> Criterion:
    side, bound = _SIDES.get(told.side, ""), told.bound
    what = told.metric if bound is None else f"{told.metric} {side} {bound:g}"
    return _line(told, what, bound, open_cases=told.open, signed=told.metric == DISCERNMENT)


def _regression(told: StoredRegression) -> Criterion:
    """Return a criterion against a baseline run; its bound is the margin, on the worse side."""
    margin = told.margin
    worse = None if margin is None else margin if told.side == "at_most" else -margin
    what = told.metric if margin is None else f"{told.metric} worse by at most {margin:g}"
    return _line(told, what, worse, signed=True)


def _line(
    told: StoredCriterion | StoredRegression,
    what: str,
    bound: float | None,
    *,
    signed: bool,
    open_cases: int = 0,
) -> Criterion:
    where = None if bound is None else (bound + 1) * 50 if signed else bound * 100
    return Criterion(
        verdict=told.verdict,
        what=what,
        where=", ".join(f"{key} {value}" for key, value in told.slice.items()),
        figure=Figure(
            n=told.n,
            value=told.value,
            low=told.low,
            high=told.high,
            open=open_cases,
            corrected="corrected" if told.corrected and told.value is not None else "",
            signed=signed,
        ),
        bound=None if where is None else min(100.0, max(0.0, where)),
        why=told.why,
    )


@dataclass(frozen=True)
class AtAGlance:
    """An agent in one line: how many cases went wrong where a norm holds, and where not."""

    agent: AgentCard
    models: str
    holds: tuple[int, int]
    """How many of how many judged and settled cases went wrong."""
    elsewhere: tuple[int, int]
    kept: tuple[int, int]
    unjudged: int
    open: int
    asked: int
    """Open questions."""


def glances(source: Source) -> list[AtAGlance]:
    """Return each agent in one line."""
    return [_glance(agent, of_agent(source.outcomes, agent)) for agent in source.agents]


def of_agent(outcomes: Sequence[AnyOutcome], agent: AgentCard) -> list[AnyOutcome]:
    """Return the outcomes of one agent."""
    return [one for one in outcomes if one.case.agent.reference == agent.reference]


def _glance(agent: AgentCard, outcomes: Sequence[AnyOutcome]) -> AtAGlance:
    words: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        mode = outcome.case.request.mode if isinstance(outcome, Outcome) else "asked"
        words[mode].append(course(outcome).word)

    def wrong(*modes: str) -> tuple[int, int]:
        settled = [word for mode in modes for word in words[mode] if word in ("well", "fault")]
        return settled.count("fault"), len(settled)

    every = [word for found in words.values() for word in found]
    return AtAGlance(
        agent=agent,
        models=", ".join(sorted({one.case.model for one in outcomes if one.case.model})),
        holds=wrong("violate", "observe"),
        elsewhere=wrong("contrast"),
        kept=wrong("adhere"),
        unjudged=every.count("unjudged"),
        open=every.count("open"),
        asked=every.count("asked"),
    )


@dataclass(frozen=True)
class Ended:
    """How the cases of one agent ended: by status, how many, and where on a bar of 100 units."""

    agent: AgentCard
    cases: int
    parts: list[tuple[str, str, int, float, float]]
    reasons: list[tuple[str, int]]


def ended(source: Source) -> list[Ended]:
    """Return how the cases of each agent ended."""
    return [_ended(agent, of_agent(source.outcomes, agent)) for agent in source.agents]


def _ended(agent: AgentCard, outcomes: Sequence[AnyOutcome]) -> Ended:
    parts, at = [], 0.0
    for name, count in shares(outcomes).items():
        width = 100 * count / len(outcomes)
        if count:
            told = STATUSES[Status(name)]
            parts.append((name, told, count, round(at, 2), round(width, 2)))
        at += width
    reasons: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        if outcome.status is not Status.JUDGED:
            reasons[shown(outcome.reason.partition("\n")[0])] += 1
    most = sorted(reasons.items(), key=lambda one: -one[1])[:MAX_REASONS]
    return Ended(agent, len(outcomes), parts, most)


@dataclass(frozen=True)
class Rates:
    """The rates of a suite: a row a metric, a column an agent."""

    suite: str
    agents: list[AgentCard]
    rows: list[tuple[str, Row, list[Figure | None]]]


def rates(source: Source) -> list[Rates]:
    """Return the rates of each suite, as the terminal shows them."""
    told = dict(_corrected(source.summary))
    by_suite: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in source.of_norms:
        by_suite[outcome.case.request.suite].append(outcome)
    return [_rates(suite, source, outcomes, told) for suite, outcomes in by_suite.items()]


def _rates(
    suite: str, source: Source, outcomes: Sequence[Outcome], told: dict[object, str]
) -> Rates:
    cells: dict[tuple[str, str, str], dict[str, Figure]] = defaultdict(dict)
    for metric in metrics(outcomes):
        if not set(metric.slice) <= {"agent", "suite", "mode", "lure"}:
            continue
        if not (metric.n or metric.open):
            continue
        key = (metric.metric, metric.slice.get("mode", ""), metric.slice.get("lure", ""))
        corrected = told.get(_key(metric.metric, metric.slice), "") if asked(metric) else ""
        cells[key][metric.slice["agent"]] = figure(metric, corrected)
    references = {one.case.agent.reference for one in outcomes}
    agents = [agent for agent in source.agents if agent.reference in references]
    rows = [
        (
            key[0],
            row(key[0], {"mode": key[1], "lure": key[2]}),
            [found.get(agent.reference) for agent in agents],
        )
        for key, found in cells.items()
    ]
    return Rates(suite, agents, rows)


def _corrected(summary: Summary | None) -> Iterator[tuple[object, str]]:
    """Yield what the run said of each rate that judges of text decide."""
    calibration = summary.calibration if summary else None
    for one in calibration.rows if calibration else ():
        key = _key(one.metric, one.slice)
        if not one.calibrated:
            yield key, "uncalibrated"
        elif one.value is not None:
            told = f"{one.value:z.2f}".replace("-", "−")
            yield key, f"{told}, {interval(one.low, one.high)}"


def _key(metric: str, slice_: dict[str, str]) -> object:
    return metric, frozenset(slice_.items())


def calibrated(summary: Summary | None) -> bool:
    """Return whether the run knew how well its judges read text."""
    return summary is not None and summary.calibration is not None
