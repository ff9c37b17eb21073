"""Hypothesis, kept to what is asked of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from hypothesis.internal import constants_ast, observability
from hypothesis.internal.conjecture import providers


@contextmanager
def quiet() -> Iterator[None]:
    """Have Hypothesis draw the same whatever modules are loaded, and trace no lines.

    Of its own accord it reads the code of the project, mixes the numbers in it into what is drawn,
    and keeps them in a folder `.hypothesis`. Where it is observed, it traces each line that is run,
    which takes longer than all the rest. There are no settings for that; should a version of it
    have no such parts any more, the tests find what is drawn to differ.
    """
    with ExitStack() as stack:
        for module, name, value in (
            (providers, "_get_local_constants", constants_ast.Constants),
            (observability, "OBSERVABILITY_COLLECT_COVERAGE", False),
        ):
            stack.enter_context(patch.object(module, name, value, create=True))
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    """Have nothing of it stand that was mixed from other numbers."""
    providers.CONSTANTS_CACHE.cache.clear()
