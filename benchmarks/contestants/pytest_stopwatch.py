"""A pytest plugin that times the tests: from the first one's start to the last one's report."""

from collections.abc import Generator

import pytest
from stub import report, stopwatch

passed: set[str] = set()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Time the loop over all tests; what pytest does before and after is apart."""
    with stopwatch():
        result = yield
    report(len(passed))
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the tests that passed."""
    if report.when == "call" and report.passed:
        passed.add(report.nodeid)
