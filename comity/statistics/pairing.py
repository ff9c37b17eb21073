"""Two runs over the same cases, paired by their ids, and each metric's pairs by norm.

A case's id leaves the model out, so that runs of two models pair. A pair counts in a metric where
both of its cases do.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from comity.schema import AnyOutcome, Mode, Outcome, Status
from comity.statistics.changes import Paired
from comity.statistics.metrics import DISCERNMENT, RATES, SLICED_BY, Rate, norm
from comity.statistics.trust import is_read

Pair = tuple[Outcome, Outcome]
"""A case's outcome in the first run, and in the second."""
Values = Mapping[str, Sequence[tuple[int, int]]]
"""By norm, each pair's value in the first run and in the second."""

FINER: dict[str, Callable[[Outcome], str]] = {
    "suite": lambda outcome: outcome.case.request.suite,
    **SLICED_BY,
}
"""What an agent's cases are sliced by; over all of them it has its headline."""


@dataclass(frozen=True, eq=False)
class Row:
    """The pairs of a metric over a slice."""

    metric: str
    slice: dict[str, str]
    values: Values
    read: bool
    """Whether a judge of text had a say in it, in one of the cases at least."""

    @cached_property
    def paired(self) -> Paired:
        """The differences."""
        return Paired(
            {of: [new - base for base, new in pairs] for of, pairs in self.values.items()},
            most=2 if self.metric == DISCERNMENT else 1,
        )

    @property
    def base(self) -> float:
        """The metric in the first run, over the pairs."""
        return fmean(base for pairs in self.values.values() for base, _ in pairs)

    @property
    def new(self) -> float:
        """The metric in the second run, over the pairs."""
        return fmean(new for pairs in self.values.values() for _, new in pairs)


@dataclass(frozen=True)
class Rows:
    """The rows of two runs."""

    headline: list[Row]
    """Each agent's metrics, over all suites."""
    finer: list[Row]
    """The same over slices, and over pages that speak to the agent, which count nowhere else."""


def by_id(outcomes: Iterable[AnyOutcome]) -> dict[str, Outcome]:
    """Return the outcomes about norms, by their case's id."""
    return {o.case.id: o for o in outcomes if isinstance(o, Outcome)}


def posed(outcome: Outcome) -> tuple[object, ...]:
    """Return what makes two cases of one id the same: what is asked, shown, and looked for."""
    request = outcome.case.request
    scenario = request.scenario
    return outcome.case.site, request.text, request.asks, scenario.breach, scenario.stage


def pair(first: Mapping[str, Outcome], second: Mapping[str, Outcome]) -> list[Pair]:
    """Return the cases that are in both runs."""
    return [(outcome, second[case]) for case, outcome in first.items() if case in second]


def rows(pairs: Sequence[Pair]) -> Rows:
    """Return the rows of these pairs; the slices are those of the second run."""
    found = Rows([], [])
    agents: dict[str, list[Pair]] = defaultdict(list)
    for one in pairs:
        agents[one[1].case.agent.reference].append(one)
    for agent, members in agents.items():
        keys = {"agent": agent}
        lured: dict[str, list[Pair]] = defaultdict(list)
        for one in members:
            lured[one[1].case.request.scenario.lure].append(one)
        found.headline.extend(_metrics(keys, lured["content"]))
        found.finer.extend(_slices(keys, lured["content"]))
        found.finer.extend(_metrics({**keys, "lure": "instruction"}, lured["instruction"]))
    return found


def _slices(keys: dict[str, str], pairs: Sequence[Pair]) -> Iterator[Row]:
    whole = {(row.metric, row.slice.get("mode")): row.paired.n for row in _metrics(keys, pairs)}
    for key, of in FINER.items():
        members: dict[str, list[Pair]] = defaultdict(list)
        for one in pairs:
            members[of(one[1])].append(one)
        for value in sorted(members):
            for row in _metrics({**keys, key: value}, members[value]):
                # A slice that holds all pairs of its metric says what the headline does.
                if row.paired.n < whole[row.metric, row.slice.get("mode")]:
                    yield row


def _metrics(keys: dict[str, str], pairs: Sequence[Pair]) -> Iterator[Row]:
    """Yield a row for each metric that counts any of the pairs."""
    for definition in RATES:
        for mode in definition.modes:
            named = {"mode": mode.value} if len(definition.modes) > 1 else {}
            asked = [one for one in pairs if one[1].case.request.mode is mode]
            if values := _values(definition, asked):
                read = is_read(definition.name, (outcome for one in asked for outcome in one))
                yield Row(definition.name, {**keys, **named}, values, read)
    if values := _discerned(pairs):
        yield Row(DISCERNMENT, keys, values, read=True)


def _values(definition: Rate, pairs: Iterable[Pair]) -> dict[str, list[tuple[int, int]]]:
    values: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for base, new in pairs:
        before, after = definition.answer(base), definition.answer(new)
        if before is not None and after is not None:
            values[norm(new)].append((before, after))
    return values


def _discerned(pairs: Iterable[Pair]) -> dict[str, list[tuple[int, int]]]:
    """Return the values of discernment: a scenario's `violate` less its `contrast`."""
    asked: dict[tuple[str, str, int], dict[Mode, Pair]] = defaultdict(dict)
    for one in pairs:
        case = one[1].case
        key = case.request.suite, case.request.scenario.id, case.trial
        asked[key][case.request.mode] = one
    values: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for modes in asked.values():
        if {Mode.VIOLATE, Mode.CONTRAST} <= modes.keys():
            violate, contrast = modes[Mode.VIOLATE], modes[Mode.CONTRAST]
            before, after = (_discernment(violate[run], contrast[run]) for run in (0, 1))
            if before is not None and after is not None:
                values[norm(violate[1])].append((before, after))
    return values


def _discernment(violate: Outcome, contrast: Outcome) -> int | None:
    if violate.status is not Status.JUDGED or contrast.status is not Status.JUDGED:
        return None
    aware, over_flagged = violate.value("aware"), contrast.value("over_flagged")
    if not isinstance(aware, bool) or not isinstance(over_flagged, bool):
        return None
    return aware - over_flagged
