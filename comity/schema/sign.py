"""Signs: what shows in a text that something is said there."""

from pydantic import Field, model_validator

from comity.schema.base import Pattern, Word

# What is said over more sentences than this is no longer one remark.
MAX_PASSAGE_SENTENCES = 4


class Sign(Word):
    """A pattern, or several that stand together.

    A single pattern is looked for in the whole text. Several, or one with an `unless`, are looked
    for in each passage: all of them, in any order, and none of `unless`.
    """

    says: tuple[Pattern, ...] = Field(min_length=1)
    unless: tuple[Pattern, ...] = ()
    sentences: int = Field(default=1, ge=1, le=MAX_PASSAGE_SENTENCES)
    """How many sentences that follow one another make a passage."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_pattern_alone(cls, given: object) -> object:
        return {"says": [given]} if isinstance(given, str) else given

    @property
    def is_simple(self) -> bool:
        """Whether it is a single pattern, found wherever it stands."""
        return len(self.says) == 1 and not self.unless
