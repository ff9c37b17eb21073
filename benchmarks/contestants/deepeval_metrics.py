"""DeepEval's part of the stub: a metric that makes the call, as its judges do, and one more."""

from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase
from stub import ANSWER, REQUEST, call


class Asks(BaseMetric):
    """Makes the call and looks for a phrase in its answer."""

    def __init__(self, phrase: str) -> None:
        self.phrase, self.threshold, self.async_mode = phrase, 1.0, True

    async def a_measure(self, test_case: LLMTestCase, *_: object, **__: object) -> float:
        """Return 1.0 where the phrase is there."""
        return self.score_of(await call())

    def measure(self, test_case: LLMTestCase, *_: object, **__: object) -> float:
        """Refuse: it is measured at once, by `a_measure`."""
        raise NotImplementedError

    def score_of(self, text: str) -> float:
        """Note and return the score of a text."""
        self.score = float(self.phrase in text)
        self.success = self.score >= self.threshold
        self.reason = "looked for the phrase"
        return self.score

    def is_successful(self) -> bool:
        """Return whether the phrase was there."""
        return bool(self.success)


class Says(Asks):
    """Looks for a phrase in the answer that the case has already."""

    async def a_measure(self, test_case: LLMTestCase, *_: object, **__: object) -> float:
        """Return 1.0 where the phrase is there."""
        return self.score_of(test_case.actual_output or "")


def case(number: int) -> LLMTestCase:
    """Return a test case."""
    return LLMTestCase(input=f"{REQUEST} ({number})", actual_output=ANSWER)


def metrics() -> list[BaseMetric]:
    """Return the two metrics."""
    return [Asks("unlucky"), Says("May I offer")]
