"""The smallest edits that still flip the verdict, found by Hypothesis' shrinker."""

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import DrawFn

from comity.variation.quiet import quiet
from comity.variation.relation import DoesNotApply, Draft, Edit
from comity.variation.relations import BY_ID

Flips = Callable[[tuple[Edit, ...]], bool]

# Generous: whether a part of known edits flips was asked beforehand, and costs nothing.
_OF_PARTS = 300
# Here each costs a case of its own, one after the other.
_OF_PARAMETERS = 4


def _few(tries: int) -> settings:
    return settings(
        max_examples=tries,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


def parts(edits: Sequence[Edit]) -> list[tuple[Edit, ...]]:
    """Return every choice of some of the edits, the smallest first."""
    chosen = range(1, 1 << len(edits))
    found = [
        tuple(edit for place, edit in enumerate(edits) if bits >> place & 1) for bits in chosen
    ]
    return sorted(found, key=len)


def fewest(failing: Sequence[Sequence[Edit]], flips: Flips) -> tuple[Edit, ...]:
    """Return the fewest edits of one of the `failing` that flip the verdict by themselves.

    Raises:
        NoSuchExample: none of them flips it any more.
    """

    @st.composite
    def some_of(draw: DrawFn) -> tuple[Edit, ...]:
        # Hypothesis shrinks to the first of what is sampled, and a flag to False.
        whole = draw(st.sampled_from(sorted(failing, key=len)))
        return tuple(edit for edit in whole if draw(st.booleans()))

    with quiet():
        return find(some_of(), lambda edits: bool(edits) and flips(edits), settings=_few(_OF_PARTS))


def simplest(draft: Draft, edits: tuple[Edit, ...], flips: Flips) -> tuple[Edit, ...]:
    """Return the edits with simpler parameters, one after the other, where they still flip."""
    for place in range(len(edits)):
        edits = _simpler(draft, edits, place, flips)
    return edits


def _simpler(draft: Draft, edits: tuple[Edit, ...], place: int, flips: Flips) -> tuple[Edit, ...]:
    def with_other(other: Edit) -> tuple[Edit, ...]:
        return (*edits[:place], other, *edits[place + 1 :])

    try:
        others = BY_ID[edits[place].relation].edits(draft)
        with quiet():
            found = find(
                others, lambda other: flips(with_other(other)), settings=_few(_OF_PARAMETERS)
            )
    except (NoSuchExample, DoesNotApply):
        return edits
    return with_other(found)
