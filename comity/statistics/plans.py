"""What a comparison would be made of: the scenarios at hand, or those of a run with its rates."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from comity.schema import Mode, Outcome
from comity.schema.scenario import Request
from comity.statistics.criteria import DIRECTIONS, READ_FROM_DEEDS
from comity.statistics.metrics import DISCERNMENT, RATES
from comity.statistics.pairing import Row, by_id, pair, rows
from comity.statistics.planning import Planned

# How many replies are aware is not known before a run.
OF_AWARE = ("Edu-R", "Wrong-R")
LEAST_REPEATS = 20
"""Over fewer cases beyond a norm's first, in metrics that vary, a correlation is a guess."""
_BAD = {metric for metric, side in DIRECTIONS.items() if side == "at_most"}


def of_requests(
    requests: Sequence[Request], acted: Iterable[str], trials: int, wrong: float
) -> list[Planned]:
    """Return the metrics of an agent that is put to all these requests, so much of which go wrong.

    `acted` are the suites that are put to it on a site; of others there are no deeds.
    """
    shown = [request for request in requests if request.scenario.lure == "content"]
    on_a_site = set(acted)
    planned = []
    for definition in RATES:
        for mode in definition.modes:
            asked = Counter(
                request.norm.id
                for request in shown
                if request.mode is mode
                and (definition.name not in READ_FROM_DEEDS or request.suite in on_a_site)
            )
            if asked and definition.name not in OF_AWARE:
                named = {"mode": mode.value} if len(definition.modes) > 1 else {}
                planned.append(Planned(definition.name, named, _sizes(asked, trials), wrong))
    modes: dict[str, set[Mode]] = defaultdict(set)
    for request in shown:
        modes[request.scenario.id].add(request.mode)
    both = Counter(
        request.norm.id
        for request in shown
        if request.mode is Mode.VIOLATE and Mode.CONTRAST in modes[request.scenario.id]
    )
    if both:
        planned.append(Planned(DISCERNMENT, {}, _sizes(both, trials), wrong, wrong))
    return planned


def of_run(outcomes: Iterable[Outcome], times: int) -> list[Planned]:
    """Return the metrics of a run's agents, over as many times what counts in them, at its rates.

    A rate is taken one case nearer to the half on either side: what never went wrong in a few may.
    """
    run = by_id(outcomes)
    headline = rows(pair(run, run)).headline
    rates = {
        (row.slice["agent"], row.metric, row.slice.get("mode")): _wrong(row) for row in headline
    }
    planned = []
    for row in headline:
        agent = row.slice["agent"]
        sizes = tuple(len(pairs) * times for pairs in row.values.values())
        if row.metric == DISCERNMENT:
            silent, over = rates[agent, "AC-R", None], rates[agent, "Over-R", Mode.CONTRAST.value]
            planned.append(Planned(row.metric, row.slice, sizes, silent, over))
        else:
            wrong = rates[agent, row.metric, row.slice.get("mode")]
            planned.append(Planned(row.metric, row.slice, sizes, wrong))
    return planned


def _wrong(row: Row) -> float:
    """Return how much went wrong."""
    values = [base for pairs in row.values.values() for base, _ in pairs]
    share = (sum(values) + 1) / (len(values) + 2)
    return share if row.metric in _BAD else 1 - share


def correlation(outcomes: Iterable[Outcome]) -> float | None:
    """Return how much two cases of one norm go together in a run; None where it cannot tell.

    Fleiss and Cuzick's (`clusters`), 1 − ΣW / ΣE, the sums taken over all metrics of all agents.
    """
    run = by_id(outcomes)
    within = expected = 0.0
    repeats = 0
    for row in rows(pair(run, run)).headline:
        if row.metric != DISCERNMENT:
            norms = [[base for base, _ in pairs] for pairs in row.values.values()]
            n = sum(map(len, norms))
            share = sum(map(sum, norms)) / n
            within += sum(sum(of) * (1 - sum(of) / len(of)) for of in norms)
            expected += (n - len(norms)) * share * (1 - share)
            repeats += n - len(norms) if 0 < share < 1 else 0
    if repeats < LEAST_REPEATS:
        return None
    return min(1.0, max(0.0, 1 - within / expected))


def _sizes(asked: Counter[str], trials: int) -> tuple[int, ...]:
    return tuple(count * trials for count in asked.values())
