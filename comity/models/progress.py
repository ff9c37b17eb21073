"""How slow work says how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Takes what a person who waits wants to know."""

    def __call__(self, text: str, *, seconds: float, fraction: float | None = None) -> None:
        """Show one state of the work.

        Args:
            text: one line; what is being done now.
            seconds: how long this step has taken until now.
            fraction: how much of it is done, 0 to 1, where that is known.
        """


def silent(text: str, *, seconds: float, fraction: float | None = None) -> None:
    """Shows nothing."""
