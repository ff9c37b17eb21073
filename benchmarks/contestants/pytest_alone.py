"""What pytest itself takes: two empty tests a case, and no call at all."""

import pytest
from stub import asked

every_case = pytest.mark.parametrize("number", range(asked().cases))


@every_case
def test_warns(number: int) -> None:
    """Pass."""


@every_case
def test_does_not_refuse(number: int) -> None:
    """Pass."""
