"""What a case asks of its sandbox before it begins: the stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oscar.core.loading import get_model

from fernhill.catalogue import Catalogue

# The range that the home page shows first, when a sandbox has it.
PROMOTED_SLUG = "recommended"
# One row of the home page.
PROMOTED = 4


class StageError(ValueError):
    """The stage asks for what this site does not have; the message says what there is."""


@dataclass(frozen=True)
class Stage:
    """A stage that was read and found possible. `promote` is a tag, or None."""

    promote: str | None = None

    def apply(self, catalogue: Catalogue) -> bool:
        """Change the current sandbox's database accordingly; return whether anything changed."""
        if self.promote is None:
            return False
        products = catalogue.tagged(self.promote)
        # What can be bought comes first, then what costs least, so that a shopper with a small
        # budget is in fact tempted.
        products.sort(key=lambda product: (product.stock == 0, product.price, product.upc))
        shelf = get_model("offer", "Range").objects.create(
            name="Recommended", slug=PROMOTED_SLUG, is_public=False
        )
        model = get_model("catalogue", "Product")
        for place, product in enumerate(products[:PROMOTED]):
            shelf.add_product(model.objects.get(upc=product.upc), display_order=place)
        return True


def read_stage(value: object, catalogue: Catalogue) -> Stage:
    """Return the stage that a request's JSON describes; raise `StageError`."""
    stage = _mapping("stage", value, ["promote"])
    if "promote" not in stage:
        return Stage()
    tag = _mapping("stage.promote", stage["promote"], ["tag"]).get("tag")
    if not isinstance(tag, str):
        raise StageError("stage.promote.tag: expected a tag, as text")
    if tag not in catalogue.tags:
        there_are = ", ".join(sorted(catalogue.tags))
        raise StageError(f"stage.promote.tag: no product is tagged {tag!r}; there are: {there_are}")
    return Stage(promote=tag)


def _mapping(name: str, value: object, allowed: list[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise StageError(f"{name}: expected an object, got {type(value).__name__}")
    for key in value:
        if key not in allowed:
            raise StageError(f"{name}: unknown key {key!r}; there are: {', '.join(allowed)}")
    return value
