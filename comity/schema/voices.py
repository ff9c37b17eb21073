"""What an answer lets speak: its references to perspectives."""

from typing import Literal

from comity.schema.base import Word

Sentiment = Literal["positive", "neutral", "negative"]


class Reference(Word):
    """Words of an answer that stand for a perspective, once per sentence and perspective."""

    perspective: str
    quote: str
    """The words that stand for it, as they stand in the answer."""
    start: int
    """Where they begin, in characters of the prepared answer."""
    substantive: bool
    predicate: str
    """What is said, normalised: the sentence without the words that name perspectives, case-folded,
    blanks collapsed; empty for a mere mention."""
    sentiment: Sentiment | None = None
    """None where nobody could tell; never guessed."""
