"""Hypothesis, kept to what is asked of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis.internal import observability
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


@contextmanager
def quiet() -> Iterator[None]:
    """Have Hypothesis draw the same whatever modules are loaded, and trace no lines.

    Of its own accord it reads the code of the project, mixes the numbers in it into what is drawn,
    and keeps them in a folder `.hypothesis`. Where it is observed, it traces each line that is run,
    which takes longer than all the rest.
    """
    read, traced = providers._get_local_constants, observability.OBSERVABILITY_COLLECT_COVERAGE
    providers._get_local_constants = Constants
    observability.OBSERVABILITY_COLLECT_COVERAGE = False
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        providers._get_local_constants = read
        observability.OBSERVABILITY_COLLECT_COVERAGE = traced
        providers.CONSTANTS_CACHE.cache.clear()
