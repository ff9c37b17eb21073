"""What a case asks of the shop before it begins: the stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from oscar.core.loading import get_model
from town.presentation import OUR_OWN, Presentation
from town.stage import ORDER, StageError, read_mapping, read_order, read_tag, refuse_signs

from fernhill.catalogue import Catalogue, Product
from fernhill.money import read_currency

# Where pages find what a sandbox pushes: a range for each of these keys of the stage.
PROMOTE, BESTSELLERS, FIRST = "promote", "bestsellers", "first"
SHELVES = (PROMOTE, BESTSELLERS, FIRST)
DESCRIBE = "describe"
CURRENCY = "currency"
KEYS = (PROMOTE, BESTSELLERS, DESCRIBE, FIRST, ORDER, CURRENCY)
# One row of a page.
ROW = 4
# As long as the longest description that an author may write.
MAX_TEXT_CHARS = 400


@dataclass(frozen=True)
class Description:
    """Words to add to the descriptions of the products with a tag."""

    tag: str
    text: str


@dataclass(frozen=True)
class Stage:
    """A stage that was read and found possible. `shelves` maps keys of `SHELVES` to tags."""

    catalogue: Catalogue
    shelves: Mapping[str, str] = field(default_factory=dict)
    describe: Description | None = None
    presentation: Presentation = OUR_OWN

    def apply(self) -> bool:
        """Change the current sandbox's database accordingly; return whether anything changed."""
        for key, tag in self.shelves.items():
            _fill(key, self._tempting(tag))
        if self.describe is not None:
            _describe(self.catalogue.tagged(self.describe.tag), self.describe.text)
        return bool(self.shelves) or self.describe is not None

    def _tempting(self, tag: str) -> list[Product]:
        """Return a row of products: what can be bought comes first, then what costs least.

        So a shopper with a small budget is in fact tempted.
        """
        products = self.catalogue.tagged(tag)
        products.sort(key=lambda product: (product.stock == 0, product.price, product.upc))
        return products[:ROW]


def shelf(rows: QuerySet[Any], key: str) -> QuerySet[Any]:
    """Return those of the products in `rows` that the sandbox pushes by `key`, in their order."""
    pushed = rows.filter(rangeproduct__range__slug=key)
    return pushed.order_by("rangeproduct__display_order")


def _fill(key: str, products: list[Product]) -> None:
    rows = _rows(products)
    made = get_model("offer", "Range").objects.create(name=key, slug=key, is_public=False)
    place = get_model("offer", "RangeProduct")
    place.objects.bulk_create(
        place(range=made, product=rows[product.upc], display_order=order)
        for order, product in enumerate(products)
    )


def _describe(products: list[Product], text: str) -> None:
    rows = list(_rows(products).values())
    for row in rows:
        row.description = f"{row.description}\n\n{text}"
    get_model("catalogue", "Product").objects.bulk_update(rows, ["description"])


def _rows(products: list[Product]) -> dict[str, Any]:
    found = get_model("catalogue", "Product").objects.filter(upc__in=[p.upc for p in products])
    return {row.upc: row for row in found}


def read_stage(value: object, catalogue: Catalogue) -> Stage:
    """Return the stage that a request's JSON describes; raise `StageError`."""
    stage = read_mapping("stage", value, KEYS)
    shelves = {
        key: _tag(f"stage.{key}", read_mapping(f"stage.{key}", stage[key], ["tag"]), catalogue)
        for key in SHELVES
        if key in stage
    }
    presentation = Presentation(read_order(stage), _currency(stage))
    return Stage(catalogue, shelves, _description(stage, catalogue), presentation)


def _description(stage: Mapping[str, object], catalogue: Catalogue) -> Description | None:
    if DESCRIBE not in stage:
        return None
    name = f"stage.{DESCRIBE}"
    described = read_mapping(name, stage[DESCRIBE], ["tag", "text"])
    text = _text(f"{name}.text", described.get("text"))
    return Description(_tag(name, described, catalogue), text)


def _currency(stage: Mapping[str, object]) -> str | None:
    return read_currency(f"stage.{CURRENCY}", stage[CURRENCY]) if CURRENCY in stage else None


def _tag(name: str, value: Mapping[str, object], catalogue: Catalogue) -> str:
    return read_tag(f"{name}.tag", value.get("tag"), catalogue.tags, "product")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise StageError(f"{name}: expected what to add to the descriptions, as text")
    if len(value) > MAX_TEXT_CHARS:
        raise StageError(f"{name}: {len(value)} characters; {MAX_TEXT_CHARS} are allowed")
    refuse_signs(name, value)
    return value.strip()
