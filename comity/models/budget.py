"""The tokens that a run may spend, on all its models together."""

from collections.abc import Callable


class Budget:
    """What is spent, and who is to stop once nothing is left."""

    def __init__(self, limit: int | None = None) -> None:
        """Take the most tokens that may be spent, of prompts and answers together; None for any."""
        self.limit = limit
        self.spent = 0
        self._ends: list[Callable[[str], None]] = []

    def bind(self, end: Callable[[str], None]) -> None:
        """Have `end` called with the reason, once the budget is spent."""
        self._ends.append(end)

    def spend(self, tokens: int) -> None:
        """Count an answer's tokens, and have everybody end who is bound once all are spent.

        None at all is what a server does not tell: a budget cannot be kept then.
        """
        self.spent += tokens
        if self.limit is None:
            return
        if not tokens:
            self._end(
                "the model server does not tell how many tokens an answer took, so that "
                "--token-budget cannot be kept; leave it out, or see to the server's `usage`"
            )
        elif self.spent >= self.limit:
            self._end(f"the budget of {self.limit} tokens is spent (--token-budget)")

    def _end(self, why: str) -> None:
        for end in self._ends:
            end(why)
