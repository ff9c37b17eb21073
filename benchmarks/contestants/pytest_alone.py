"""What pytest itself takes: two empty tests a case, and no call at all."""

import pytest
from stub import asked


@pytest.mark.parametrize("number", range(asked().cases))
@pytest.mark.parametrize("test", ["warns", "offers"])
def test_nothing(test: str, number: int) -> None:
    """Pass."""
