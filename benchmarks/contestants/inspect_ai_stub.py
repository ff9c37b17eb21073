"""Inspect AI: a model API of our own, `generate()` as solver, two scorers, logs on disk."""

from inspect_ai import Task, eval  # noqa: A004 - its name for it
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, modelapi
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, scorer
from inspect_ai.solver import TaskState, generate
from inspect_ai.tool import ToolChoice, ToolInfo
from stub import REQUEST, asked, call, report, stopwatch


@modelapi(name="stub")
class Stub(ModelAPI):
    """The stub call as a model."""

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002 - Inspect's name for it
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer."""
        return ModelOutput.from_content(self.model_name, await call())

    def max_connections(self) -> int:
        """Return how many calls may be under way."""
        return asked().concurrency


@scorer(metrics=[accuracy()])
def offers() -> Scorer:
    """Whether something is offered instead."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="C" if "May I offer" in state.output.completion else "I")

    return score


def run(cases: int) -> EvalLog:
    """Run so many samples, and write their log."""
    samples = [
        Sample(input=f"{REQUEST} ({n})", target="unlucky", id=n) for n in range(1, cases + 1)
    ]
    task = Task(dataset=samples, solver=generate(), scorer=[includes(), offers()])
    [log] = eval(
        task,
        model="stub/stub",
        display="none",
        max_connections=asked().concurrency,
        max_samples=asked().concurrency,
        log_dir="logs",
    )
    return log


run(1)
with stopwatch():
    log = run(asked().cases)
report(len(log.samples or []) if log.status == "success" else 0)
