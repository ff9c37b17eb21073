"""DeepEval by `evaluate()`: two metrics over each case, one of which makes the call."""

from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, DisplayConfig
from deepeval_metrics import case, metrics
from stub import asked, report, stopwatch


def run(cases: int) -> int:
    """Run so many cases; return how many passed both metrics."""
    done = evaluate(
        [case(number) for number in range(cases)],
        metrics(),
        async_config=AsyncConfig(max_concurrent=asked().concurrency),
        display_config=DisplayConfig(
            show_indicator=False, print_results=False, inspect_after_run=False
        ),
    )
    return sum(bool(result.success) for result in done.test_results)


run(1)
with stopwatch():
    passed = run(asked().cases)
report(passed)
