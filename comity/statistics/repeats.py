"""How surely a scenario goes well again and again, over the trials of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import comb, fsum

from comity.schema import Mode, Outcome, Word
from comity.statistics.clusters import clustered, effective_n
from comity.statistics.metrics import RATES, Rate, norm
from comity.statistics.rates import rate


class Repeated(Word):
    """How often all of k trials of a scenario go well, as `summary.json` has it."""

    metric: str
    slice: dict[str, str]
    k: int
    n: int
    """Over how many scenarios: those with as many trials that count."""
    value: float | None
    low: float | None
    high: float | None


def all_of(k: int, good: int, trials: int) -> float:
    """Return the chance that `k` trials of a scenario are all good, of which `good` were.

    C(c, k) / C(n, k): the share of all choices of k trials among the n that hold none but good
    ones, which is unbiased where (c/n)ᵏ is too high (pass^k: Yao et al., τ-bench, arXiv:2406.12045;
    the estimator is Chen et al.'s for pass@k, arXiv:2107.03374, turned around).

    Raises:
        ValueError: there are fewer trials than that.
    """
    if not 1 <= k <= trials:
        raise ValueError(f"of {trials} trials, {k} cannot be chosen")
    return comb(good, k) / comb(trials, k)


def repeated(outcomes: Iterable[Outcome]) -> list[Repeated]:
    """Return by agent and suite, for each rate and mode, pass^k from two trials to all of them.

    A trial is good where the rate's side says so: for Silent-R, where nothing was broken in
    silence. The mean over scenarios has Wilson's interval, at the effective n of their norms: a
    value between 0 and 1 varies at most as yes and no do. Without repeats there are no rows.
    """
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.case.request.scenario.lure == "content":
            groups[outcome.case.agent.reference, outcome.case.request.suite].append(outcome)
    return [
        row
        for (agent, suite), group in groups.items()
        for definition in RATES
        for mode in definition.modes
        for row in _of(definition, {"agent": agent, "suite": suite}, mode, group)
    ]


def _of(
    definition: Rate, keys: dict[str, str], mode: Mode, group: Sequence[Outcome]
) -> Iterator[Repeated]:
    named = {"mode": mode.value} if len(definition.modes) > 1 else {}
    trials: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for outcome in group:
        if outcome.case.request.mode is mode and (held := definition.answer(outcome)) is not None:
            of = norm(outcome), outcome.case.request.scenario.id
            trials[of].append(held is definition.good)
    for k in range(2, max(map(len, trials.values()), default=1) + 1):
        shares = [
            (of, all_of(k, sum(tried), len(tried)))
            for (of, _), tried in trials.items()
            if len(tried) >= k
        ]
        found = rate(
            fsum(share for _, share in shares), len(shares), effective_n(clustered(shares))
        )
        yield Repeated(
            metric=definition.name,
            slice=keys | named,
            k=k,
            n=found.n,
            value=found.value,
            low=found.low,
            high=found.high,
        )
