"""The mark that puts a test over a suite's cases, and where the test's case is noted."""

from collections.abc import Iterable

import pytest
from pydantic import Field

from comity.schema import Mode, Word

MARK = "scenarios"
POOLED = "pooled"
"""The mark of a test over all answers to a suite's open questions at once."""

VARIED = "varied"
"""The mark of a test over relations between scenarios and changed ones."""

DECORATORS = {MARK: "@scenarios or @questions", POOLED: "@questions", VARIED: "@relations"}
"""What puts each mark on a test."""


class Selected(Word):
    """What the selected tests are over, by their node ids."""

    tests: dict[str, str] = Field(default_factory=dict)
    """The ids of cases."""
    varied: dict[str, str] = Field(default_factory=dict)
    """The ids of what is tried on an agent."""
    pooled: tuple[str, ...] = ()
    """The tests over all answers to a suite's open questions."""
    of_all_shards: tuple[str, ...] = ()
    """The ids of all cases, whoever runs them."""

    @property
    def cases(self) -> list[str]:
        """The ids of the cases, each once."""
        return list(dict.fromkeys(self.tests.values()))

    @property
    def tried(self) -> list[str]:
        """The ids of what is tried, each once."""
        return list(dict.fromkeys(self.varied.values()))

    @property
    def here(self) -> bool:
        """Whether any of it is to be run here; cases may all be left to other shards."""
        return bool(self.tests or self.varied)

    @property
    def anything(self) -> bool:
        """Whether there is a run of it; one may have no cases of its own."""
        return bool(self.of_all_shards or self.varied)


def is_to_run(config: pytest.Config) -> bool:
    """Return whether the session runs its tests, and does not only tell of them."""
    telling = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test")
    return not any(config.getoption(name, False) for name in telling)


CASE: pytest.StashKey[str] = pytest.StashKey()
"""On a test's item: the id of the case that it is over."""


def scenarios(suite: str, *, modes: str | Iterable[str] | None = None) -> pytest.MarkDecorator:
    """Mark a test as cultural, and parametrize its `outcome` by the cases of `suite`.

    `modes` narrows the cases to one mode, or to several; without it all modes are meant. One that
    there is not is told when collection ends.

    Raises:
        TypeError: no suite is named.
    """
    _check(suite, MARK)
    named = (modes,) if isinstance(modes, str) else tuple(Mode if modes is None else modes)
    return pytest.mark.scenarios(suite, modes=named)


def questions(suite: str, *, pooled: bool = False) -> pytest.MarkDecorator:
    """Mark a test as cultural, and parametrize its `outcome` by the open questions of `suite`.

    A `pooled` test is one test over all their answers, and has the fixture `voices`.

    Raises:
        TypeError: no suite is named.
    """
    _check(suite, "questions")
    return pytest.mark.pooled(suite) if pooled else pytest.mark.scenarios(suite, modes=())


def relations(suite: str) -> pytest.MarkDecorator:
    """Mark a test as cultural, and parametrize its `relation` by what `suite` tries on whom.

    The suite is one that varies others: each parameter is a relation and an agent.

    Raises:
        TypeError: no suite is named.
    """
    _check(suite, "relations")
    return pytest.mark.varied(suite)


def _check(suite: object, decorator: str) -> None:
    # Without its brackets a decorator is given the test, which pytest would then not collect.
    if not isinstance(suite, str):
        raise TypeError(f'say of which suite: @{decorator}("…")')
