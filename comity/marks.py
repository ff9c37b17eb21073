"""The mark that puts a test over a suite's cases, and where the test's outcome is kept."""

from collections.abc import Iterable

import pytest

from comity.schema import AnyOutcome, Mode

MARK = "scenarios"
POOLED = "pooled"
"""The mark of a test over all answers to a suite's open questions at once."""

VARIED = "varied"
"""The mark of a test over relations between scenarios and changed ones."""

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


def questions(suite: str, *, pooled: bool = False) -> pytest.MarkDecorator:
    """Mark a test as cultural, and parametrize its `outcome` by the open questions of `suite`.

    A `pooled` test is one test over all their answers, and has the fixture `voices`.
    """
    return pytest.mark.pooled(suite) if pooled else pytest.mark.scenarios(suite, modes=())


def relations(suite: str) -> pytest.MarkDecorator:
    """Mark a test as cultural, and parametrize its `relation` by what `suite` tries on whom.

    The suite is one that varies others: each parameter is a relation and an agent.
    """
    return pytest.mark.varied(suite)
