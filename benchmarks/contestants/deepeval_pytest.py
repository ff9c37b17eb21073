"""DeepEval under pytest: `assert_test` in each test."""

import pytest
from deepeval import assert_test
from deepeval_metrics import case, metrics
from stub import asked


@pytest.mark.parametrize("number", range(asked().cases))
def test_stub(number: int) -> None:
    """Assert on one case, by two metrics."""
    assert_test(case(number), metrics())
