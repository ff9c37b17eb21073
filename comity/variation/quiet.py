"""Hypothesis, kept to what is asked of it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis.internal import observability
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

# A version that has no such switch does as it does, and its draws may hang on what is loaded.
_SWITCHES: list[tuple[Any, str, object]] = [
    (providers, "_get_local_constants", Constants),
    (observability, "OBSERVABILITY_COLLECT_COVERAGE", False),
]


@contextmanager
def quiet() -> Iterator[None]:
    """Have Hypothesis draw the same whatever modules are loaded, and trace no lines.

    Of its own accord it reads the code of the project, mixes the numbers in it into what is drawn,
    and keeps them in a folder `.hypothesis`. Where it is observed, it traces each line that is run,
    which takes longer than all the rest.
    """
    before = [(of, name, getattr(of, name)) for of, name, _ in _SWITCHES if hasattr(of, name)]
    _switch((of, name, to) for of, name, to in _SWITCHES if hasattr(of, name))
    try:
        yield
    finally:
        _switch(before)


def _switch(all_of: Iterable[tuple[Any, str, object]]) -> None:
    for of, name, to in all_of:
        setattr(of, name, to)
    # What it made of the one is no good to the other.
    providers.CONSTANTS_CACHE.cache.clear()
