"""The mark that puts a test over a suite's cases, and where the test's outcome is kept."""

from collections.abc import Iterable

import pytest

from comity.schema import AnyOutcome, Mode

MARK = "scenarios"

OUTCOME: pytest.StashKey[AnyOutcome] = pytest.StashKey()
"""On a test's item: the outcome that it was given."""


def scenarios(suite: str, *, modes: str | Iterable[str] | None = None) -> pytest.MarkDecorator:
    """Mark a test as cultural, and parametrize its `outcome` by the cases of `suite`.

    `modes` narrows the cases to one mode, or to several; without it all modes are meant.

    Raises:
        ValueError: there is no such mode.
    """
    named = [modes] if isinstance(modes, str) else list(Mode if modes is None else modes)
    return pytest.mark.scenarios(suite, modes=tuple(Mode(mode) for mode in named))


def questions(suite: str) -> pytest.MarkDecorator:
    """Mark a test as cultural, and parametrize its `outcome` by the open questions of `suite`."""
    return pytest.mark.scenarios(suite, modes=())
