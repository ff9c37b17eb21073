"""How surely scenarios go well again and again, where a run tries them more than once."""

from dataclasses import dataclass

from comity.reporting.html.figures import Figure, Row, row
from comity.reporting.html.source import Source
from comity.statistics.repeats import Repeated, repeated


@dataclass(frozen=True)
class Again:
    """A suite's rates over all trials of a scenario: a row a metric, a column an agent."""

    suite: str
    agents: list[str]
    rows: list[tuple[str, int, Row, list[Figure | None]]]
    """The metric, over how many trials, what it is called, and its figures."""


def again(source: Source) -> list[Again]:
    """Return pass^k at the largest k that all agents have; nothing of a run without repeats."""
    by_suite: dict[str, dict[tuple[str, str], dict[str, list[Repeated]]]] = {}
    for one in repeated(source.of_norms):
        if one.value is not None:
            metrics = by_suite.setdefault(one.slice["suite"], {})
            of_agents = metrics.setdefault((one.metric, one.slice.get("mode", "")), {})
            of_agents.setdefault(one.slice["agent"], []).append(one)
    return [_again(suite, source, metrics) for suite, metrics in by_suite.items()]


def _again(
    suite: str, source: Source, metrics: dict[tuple[str, str], dict[str, list[Repeated]]]
) -> Again:
    tried = {agent for of_agents in metrics.values() for agent in of_agents}
    agents = [agent for agent in source.agents if agent.reference in tried]
    rows = []
    for (metric, mode), found in metrics.items():
        # Side by side stands what is asked of as many trials: to pass more of them is harder.
        most = min(max(one.k for one in of) for of in found.values())
        figures = {
            one.slice["agent"]: Figure(one.n, one.value, one.low, one.high)
            for of in found.values()
            for one in of
            if one.k == most
        }
        own = [figures.get(agent.reference) for agent in agents]
        rows.append((metric, most, row(metric, {"mode": mode}), own))
    return Again(suite=suite, agents=[agent.name for agent in agents], rows=rows)
