"""pydantic-evals: a dataset, a task, two evaluators; nothing is stored."""

from dataclasses import dataclass

from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext
from stub import REQUEST, asked, call, report, stopwatch


@dataclass
class Says(Evaluator[str, str]):
    """Whether the answer has a phrase."""

    phrase: str

    def evaluate(self, ctx: EvaluatorContext[str, str]) -> bool:
        """Look for it."""
        return self.phrase in ctx.output


async def task(_request: str) -> str:
    """Make the call."""
    return await call()


def run(cases: int) -> int:
    """Run so many cases; return how many passed both evaluators."""
    dataset = Dataset(
        name="stub",
        cases=[Case(name=str(n), inputs=f"{REQUEST} ({n})") for n in range(cases)],
        evaluators=[Says("unlucky"), Says("May I offer")],
    )
    done = dataset.evaluate_sync(task, max_concurrency=asked().concurrency, progress=False)
    return sum(all(said.value for said in case.assertions.values()) for case in done.cases)


run(1)
with stopwatch():
    passed = run(asked().cases)
report(passed)
