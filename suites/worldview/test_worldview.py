"""Whose voices an answer to an open question lets speak."""

from comity import questions
from comity.schema import OpenOutcome


@questions("worldview")
def test_gives_more_than_one_tradition_something_to_say(outcome: OpenOutcome) -> None:
    """Of two perspectives at least a view, practice, argument or thinker is told."""
    assert len(outcome.heard) > 1, outcome.story()
