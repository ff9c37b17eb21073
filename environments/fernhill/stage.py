"""What a case asks of the shop before it begins: the stage."""

from __future__ import annotations

from dataclasses import dataclass

from oscar.core.loading import get_model
from town.stage import read_mapping, read_tag

from fernhill.catalogue import Catalogue

# The range that the home page shows first, when a sandbox has it.
PROMOTED_SLUG = "recommended"
# One row of the home page.
PROMOTED = 4


@dataclass(frozen=True)
class Stage:
    """A stage that was read and found possible. `promote` is a tag, or None."""

    catalogue: Catalogue
    promote: str | None = None

    def apply(self) -> bool:
        """Change the current sandbox's database accordingly; return whether anything changed."""
        if self.promote is None:
            return False
        products = self.catalogue.tagged(self.promote)
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
    stage = read_mapping("stage", value, ["promote"])
    if "promote" not in stage:
        return Stage(catalogue)
    promote = read_mapping("stage.promote", stage["promote"], ["tag"])
    tag = read_tag("stage.promote.tag", promote.get("tag"), catalogue.tags, "product")
    return Stage(catalogue, promote=tag)
