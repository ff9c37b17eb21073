"""Whose voices a run's answers let speak: for the terminal, and for `summary.json`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from comity.schema import AnyOutcome
from comity.statistics.rates import Estimate
from comity.statistics.voices import (
    Compared,
    PooledVoices,
    VoiceScores,
    answered,
    voice_scores,
)

Perspectives = Mapping[str, Sequence[str]]
"""By suite, the ids of those that are counted."""

# What a mean of `Means` is called; each stands beside the same figure of the answers pooled.
_NAMES = {
    "entropy": "entropy",
    "substantive_entropy": "substantive entropy",
    "substance": "substance",
    "polarisation": "polarisation",
    "coverage": "coverage",
    "named": "named of the expected",
}
_POOLED = ("entropy", "substantive_entropy", "polarisation")
_COMPARED = ("entropy", "substantive_entropy")
BAR_CHARACTERS = 30
PUBLISHED = (
    "WorldView-Bench (arXiv:2505.09595) published an entropy of 0.13 for plain models and 0.94 for "
    "its own multiplex system: its questions, its classes and its judge, not these"
)


def content(outcomes: Iterable[AnyOutcome], perspectives: Perspectives) -> list[dict[str, Any]]:
    """Return the figures of each suite, agent by agent, and each agent beside the first."""
    return [
        {
            "suite": suite,
            "agents": {
                agent: voice_scores(answers, heard.perspectives).model_dump(mode="json")
                for agent, answers in heard.answers.items()
            },
            "compared": [
                {"agent": agent, "with": first, **found.model_dump(mode="json")}
                for agent, first, found in _beside_the_first(heard)
            ],
        }
        for suite, heard in _by_suite(outcomes, perspectives).items()
    ]


def _by_suite(
    outcomes: Iterable[AnyOutcome], perspectives: Perspectives
) -> dict[str, PooledVoices]:
    """Return what was heard in the suites of which an answer was judged."""
    groups: dict[str, list[AnyOutcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.case.request.suite].append(outcome)
    found = {suite: answered(group) for suite, group in groups.items()}
    return {
        suite: PooledVoices(perspectives[suite], answers)
        for suite, answers in found.items()
        if answers
    }


def _beside_the_first(heard: PooledVoices) -> Iterator[tuple[str, str, Compared]]:
    """Yield how each agent differs from the first, question by question."""
    first, *others = heard.answers
    for agent in others:
        yield agent, first, heard.compared(agent, first)


def table(group: Iterable[AnyOutcome], perspectives: Sequence[str]) -> Iterator[Table]:
    """Yield the figures of one agent's answers to one suite, and the shares of the perspectives."""
    for answers in answered(group).values():
        scores = voice_scores(answers, perspectives)
        yield _figures(scores)
        if scores.pooled.references:
            yield _bars(scores)


def _figures(scores: VoiceScores) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column(f"of an answer, K = {scores.k}")
    for column in ("n", "mean", "95 % interval", "pooled"):
        shown.add_column(column, justify="right")
    for row in figures(scores):
        shown.add_row(*row)
    return shown


def figures(scores: VoiceScores) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield a row a figure: what it is, n, mean, interval, and that of the answers pooled."""
    for name, told in _NAMES.items():
        estimate: Estimate = getattr(scores.means, name)
        pooled = getattr(scores.pooled, name) if name in _POOLED else None
        if name == "substance":
            pooled = scores.pooled.substance.value
        shown = "" if pooled is None else f"{pooled:.2f}"
        yield told, str(estimate.n), *_told(estimate), shown


def _told(estimate: Estimate) -> tuple[str, str]:
    if estimate.value is None:
        return "-", "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:z.2f}", "-"
    return f"{estimate.value:z.2f}", f"{estimate.low:z.2f} to {estimate.high:z.2f}"


def _bars(scores: VoiceScores) -> Table:
    """Return the perspectives that are named, by their mean shares, the largest first."""
    shown = Table(box=None, show_header=False, pad_edge=False)
    shares = {name: estimate.value or 0.0 for name, estimate in scores.pds.items()}
    for name, share in sorted(shares.items(), key=lambda one: -one[1]):
        if share > 0:
            shown.add_row(name, f"{share:.2f}", "█" * max(1, round(share * BAR_CHARACTERS)))
    return shown


def lines(outcomes: Iterable[AnyOutcome], perspectives: Perspectives) -> Iterator[str]:
    """Yield how agents differ, and what others have published."""
    by_suite = _by_suite(outcomes, perspectives)
    for suite, heard in by_suite.items():
        for agent, first, found in _beside_the_first(heard):
            told = ", ".join(
                f"{_NAMES[name]} {_difference(getattr(found.differences, name))}"
                for name in _COMPARED
            )
            paired = f"{found.questions} questions that both answered"
            yield f"{agent} less {first} on {suite}, over {paired}: {told}"
    if by_suite:
        yield PUBLISHED


def _difference(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:+.2f}"
    return f"{estimate.value:+.2f} ({estimate.low:+.2f} to {estimate.high:+.2f})"
