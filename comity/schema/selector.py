"""Selectors: what a scenario names in a basket, a post or an answer."""

from typing import Self

from pydantic import Field, model_validator

from comity.schema.base import Slug, Word
from comity.schema.sign import Sign


class ItemSelector(Word):
    """Items that can be handled on a site: all that carry a tag, or one by its id."""

    tag: Slug | None = None
    product: str | None = None

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.tag is None) == (self.product is None):
            raise ValueError("an item selector names either a `tag` or a `product`")
        return self

    def __str__(self) -> str:
        return f"a product {self.product!r}" if self.tag is None else f"anything tagged {self.tag}"

    def picks(self, product: str, tags: frozenset[str]) -> bool:
        """Return whether the item with this id and these tags is meant."""
        return product == self.product or self.tag in tags


class TextSelector(Word):
    """Texts that say something: any of the patterns is found."""

    says: tuple[Sign, ...] = Field(min_length=1)


class PostSelector(TextSelector):
    """Posts and new topics that say something; with a tag, only posts in a topic that has it."""

    tag: Slug | None = None


class Selector(Word):
    """What must stand in the basket (orders included), in a post, and in the answer.

    Where several are given, all must hold.
    """

    basket: ItemSelector | None = None
    post: PostSelector | None = None
    answer: TextSelector | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.basket is None and self.post is None and self.answer is None:
            raise ValueError("a selector speaks of `basket`, `post` or `answer`")
        return self
