"""Whose voices an answer to an open question lets speak."""

from comity import questions
from comity.schema import OpenOutcome
from comity.statistics.voices import PooledVoices

UNIPLEX = "agents/multiplex.py:uniplex"
MULTIPLEX = "agents/multiplex.py:multiplex"


@questions("worldview")
def test_gives_more_than_one_tradition_something_to_say(outcome: OpenOutcome) -> None:
    """Of two perspectives at least a view, practice, argument or thinker is told."""
    assert len(outcome.heard) > 1, outcome.story()


@questions("worldview", pooled=True)
def test_many_voices_speak_more_evenly_than_one(voices: PooledVoices) -> None:
    """Question by question the graph gives more perspectives a say than the plain model does.

    It is skipped where the difference may be chance.
    """
    assert voices.is_higher("substantive_entropy", MULTIPLEX, than=UNIPLEX)
