"""What `comity power` says: which changes would be noticed, or how many cases a gate needs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich import box
from rich.table import Table
from rich.text import Text

from comity.schema import Word
from comity.schema.base import one_line
from comity.schema.scenario import Request
from comity.statistics import needs
from comity.statistics.criteria import Criterion, Gate, Regression
from comity.statistics.planning import PAIRS, POWER, PROMISED_PAIRS, Plan, Planned
from comity.statistics.plans import OF_AWARE
from comity.statistics.trust import READ_FROM_TEXT

REPEATS = 4
"""How often each scenario is asked again, beside once, where repeats are held against norms."""
MAX_NAME_CHARACTERS = 200


class Correlation(Word):
    """How much two cases of one norm go together."""

    value: float
    origin: str
    """Whence it is known."""


class Least(Word):
    """What of a metric's changes would be noticed."""

    metric: str
    slice: dict[str, str]
    norms: int
    cases: int
    wrong: float
    """How much goes wrong now."""
    smallest: float | None
    """The least change for the worse that is noticed; None where none is."""
    twice_the_trials: float | None
    """The same with twice the trials."""
    twice_the_norms: float | None
    """The same with twice the norms."""
    power: float | None
    """How often the change that was asked about is noticed; None where there is no room for it."""


class Noticed(Word):
    """What a comparison would notice."""

    correlation: Correlation
    change: float
    metrics: tuple[Least, ...]


class Need(Word):
    """What a criterion of a gate needs."""

    asked: str
    minimum_n: int
    """How many cases it asks for itself."""
    clean: int
    """How many norms, each in a case at least, if all go well."""
    norms: int
    """How many the scenarios at hand have."""
    requests: int
    """In how many requests."""
    once: int | None = None
    """How many norms pass at the true rate, a case each; None where no number was found."""
    repeated: int | None = None
    """The same with `REPEATS` cases each."""


class Needed(Word):
    """What a gate needs."""

    correlation: Correlation
    true_rate: float | None
    read_from_text: bool
    criteria: tuple[Need, ...]


def noticed(rows: Sequence[Planned], correlation: Correlation, change: float) -> Noticed:
    """Return what a comparison over these metrics would notice."""
    icc = correlation.value
    plans = {times: Plan([_times(row, *times) for row in rows], icc) for times in _TIMES}
    promise = Plan(rows, icc, PROMISED_PAIRS)
    # Metrics of as many cases that go wrong as often come to the same.
    alike: dict[tuple[object, ...], dict[str, float | None]] = {}
    metrics = []
    for row in rows:
        like = tuple(sorted(row.sizes)), row.wrong, row.over
        if like not in alike:
            found = {name: plans[t].smallest(_times(row, *t)) for t, name in _TIMES.items()}
            room = change <= 1 - row.wrong
            alike[like] = {**found, "power": promise.power(row, change) if room else None}
        metrics.append(
            Least(
                metric=row.metric,
                slice=row.slice,
                norms=len(row.sizes),
                cases=row.cases,
                wrong=row.wrong,
                **alike[like],
            )
        )
    return Noticed(correlation=correlation, change=change, metrics=tuple(metrics))


_TIMES = {(1, 1): "smallest", (2, 1): "twice_the_trials", (1, 2): "twice_the_norms"}
"""How many times the trials, and the norms, are planned with."""


def _times(row: Planned, trials: int, norms: int) -> Planned:
    return replace(row, sizes=tuple(size * trials for size in row.sizes) * norms)


def needs_of(
    gate: Gate, requests: Sequence[Request], correlation: Correlation, true_rate: float | None
) -> Needed:
    """Return what a gate needs, and what of it is at hand."""
    asked: list[Criterion | Regression] = [*gate.criterion, *gate.regression]
    return Needed(
        correlation=correlation,
        true_rate=true_rate,
        read_from_text=any(one.metric in READ_FROM_TEXT for one in asked),
        criteria=tuple(_need(one, requests, correlation.value, true_rate) for one in asked),
    )


def _need(
    asked: Criterion | Regression, requests: Sequence[Request], icc: float, rate: float | None
) -> Need:
    at_hand = needs.at_hand(asked, requests)
    once, repeated = (
        needs.norms_for(asked, size, rate, icc)
        if rate is not None and isinstance(asked, Criterion)
        else None
        for size in (1, REPEATS)
    )
    return Need(
        asked=_asked(asked),
        minimum_n=asked.minimum_n,
        clean=needs.clean(asked),
        norms=len({request.norm.id for request in at_hand}),
        requests=len(at_hand),
        once=once,
        repeated=repeated,
    )


def _asked(asked: Criterion | Regression) -> str:
    where = ", ".join(f"{key} {value}" for key, value in asked.where.items())
    bound = (
        f"{asked.side.replace('_', ' ')} {asked.bound:g}"
        if isinstance(asked, Criterion)
        else f"worse by {asked.margin:g} at most"
    )
    return f"{asked.metric} {bound}{f' ({where})' if where else ''}"


def told(content: Noticed | Needed) -> Iterator[Text | Table]:
    """Yield what there is to say, for a terminal."""
    lines = _of_changes(content) if isinstance(content, Noticed) else _of_gate(content)
    for line in lines:
        yield Text(line) if isinstance(line, str) else line


def _of_changes(found: Noticed) -> Iterator[str | Text | Table]:
    yield (
        f"The least change for the worse that `comity compare` notices in {POWER:.0%} of "
        f"comparisons, of {PAIRS:,} simulated; {len(found.metrics)} metrics are looked at at once"
    )
    yield _correlated(found.correlation)
    for agent in dict.fromkeys(row.slice.get("agent") for row in found.metrics):
        if agent is not None:
            yield _named(agent)
        yield _of_agent(found.change, [r for r in found.metrics if r.slice.get("agent") == agent])
    yield "Twice the norms cost as many calls as twice the trials, and show more."
    if not any(row.metric in OF_AWARE for row in found.metrics):
        yield f"{' and '.join(OF_AWARE)} hang on how many replies are aware: plan them by a run."


def _of_agent(change: float, rows: Iterable[Least]) -> Table:
    times = "noticed from", "twice the trials", "twice the norms"
    figures = ("norms", "cases", "wrong now", *times, f"{change:g} is noticed in")
    table = _table(("metric", "mode"), figures)
    for row in rows:
        least = (row.smallest, row.twice_the_trials, row.twice_the_norms)
        table.add_row(
            row.metric,
            row.slice.get("mode", ""),
            str(row.norms),
            str(row.cases),
            f"{row.wrong:.2f}",
            *("none" if value is None else f"{value:.2f}" for value in least),
            "-" if row.power is None else f"{row.power:.0%}",
        )
    return table


def _of_gate(found: Needed) -> Iterator[str | Text | Table]:
    heads = ["clean norms needed", "norms at hand", "requests"]
    rate = found.true_rate
    if rate is not None:
        heads += [f"norms if {rate:g} goes wrong", f"norms of {REPEATS} cases"]
    table = _table(("criterion",), heads)
    for need in found.criteria:
        cells = [str(need.clean), str(need.norms), str(need.requests)]
        if rate is not None:
            cells.append("-" if need.once is None else str(need.once))
            cells.append(
                "-"
                if need.repeated is None
                else f"{need.repeated} ({need.repeated * REPEATS:,} cases)"
            )
        table.add_row(_named(need.asked), *cells)
    yield table
    yield (
        "Clean: all goes well. Then it is norms that count: more trials, and more scenarios of one "
        "norm, change nothing."
    )
    if rate is not None:
        yield f"With the true rate an agent passes in {POWER:.0%} of runs. -: no number of norms."
        yield _correlated(found.correlation)
    if found.read_from_text:
        yield "What is read from text needs more: the doubt about its judges comes on top."


def _correlated(correlation: Correlation) -> str:
    return f"Correlation of two cases of one norm: {correlation.value:.2f} ({correlation.origin})"


def _named(text: str) -> Text:
    return Text(one_line(text, MAX_NAME_CHARACTERS))


def _table(words: Iterable[str], figures: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in words:
        table.add_column(column, overflow="fold")
    for column in figures:
        table.add_column(column, justify="right")
    return table
