"""The products, read from `environments/catalogue/` and checked.

Nothing here needs Django: `serve.py --check` tells an author in a fraction of a second whether a
file is right. Tags are kept in these files and in memory only, never in a sandbox's database, so
no page can show them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from town.content import ContentError, first_problem, read_tags, read_yaml

from fernhill.pictures import DRAWINGS, PALETTE

TAGS_FILE = "tags.yaml"


class Product(BaseModel):
    """One product as an author writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upc: Annotated[str, Field(pattern=r"^FG-\d{4}$")]
    title: Annotated[str, Field(min_length=3, max_length=60)]
    price: Annotated[Decimal, Field(gt=0, lt=1000, decimal_places=2)]
    stock: Annotated[int, Field(ge=0, le=9_999)]
    description: Annotated[str, Field(min_length=20, max_length=400)]
    picture: str
    colours: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)]
    tags: Annotated[tuple[str, ...], Field(min_length=1)]
    featured: bool = False

    @field_validator("price", mode="before")
    @classmethod
    def _price_is_text(cls, value: object) -> object:
        # YAML reads a bare 19.90 as a binary fraction.
        if not isinstance(value, str):
            raise ValueError('a price is written in quotes, such as "19.90"')
        return value

    @field_validator("picture")
    @classmethod
    def _picture_exists(cls, value: str) -> str:
        if value not in DRAWINGS:
            raise ValueError(f"no drawing {value!r}; there are {', '.join(sorted(DRAWINGS))}")
        return value

    @field_validator("colours")
    @classmethod
    def _colours_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for colour in value:
            if colour not in PALETTE:
                raise ValueError(f"no colour {colour!r}; there are {', '.join(sorted(PALETTE))}")
        return value


class _CategoryFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    category: Annotated[str, Field(min_length=3, max_length=60)]
    words: str
    products: list[dict[str, Any]]


@dataclass(frozen=True)
class Category:
    """One category: its name, words that a shopper may search it by, and its products.

    The name of a category within another is written `Outer > Inner`.
    """

    name: str
    words: str
    products: tuple[Product, ...]


@dataclass(frozen=True)
class Catalogue:
    """All that the shop sells. `tags` maps every tag to its one-line meaning."""

    categories: tuple[Category, ...]
    tags: dict[str, str]

    @property
    def products(self) -> Iterator[Product]:
        """All products, in the order of the files and of the lines within them."""
        return (product for category in self.categories for product in category.products)

    @cached_property
    def by_upc(self) -> dict[str, Product]:
        """The products by their identifier."""
        return {product.upc: product for product in self.products}

    def tagged(self, tag: str) -> list[Product]:
        """Return the products that carry `tag`, in catalogue order."""
        return [product for product in self.products if tag in product.tags]

    def tags_of(self, upc: str | None) -> list[str]:
        """Return the tags of a product; none for one that is not in the catalogue."""
        product = self.by_upc.get(upc) if upc else None
        return sorted(product.tags) if product else []


def load(directory: Path) -> Catalogue:
    """Return the catalogue in `directory`; raise `ContentError` at the first mistake."""
    tags = read_tags(directory / TAGS_FILE)
    files = sorted(path for path in directory.glob("*.yaml") if path.name != TAGS_FILE)
    if not files:
        raise ContentError(f"{directory}: no catalogue file (*.yaml)")
    categories = tuple(_read_category(path, tags) for path in files)
    catalogue = Catalogue(categories, tags)
    for what in ("upc", "title"):
        seen: set[str] = set()
        for product in catalogue.products:
            value = getattr(product, what)
            if value in seen:
                raise ContentError(f"{directory}: product {product.upc}: {what} {value!r} twice")
            seen.add(value)
    for tag in tags:
        if not catalogue.tagged(tag):
            raise ContentError(f"{directory / TAGS_FILE}: tag {tag!r}: no product has it")
    return catalogue


def _read_category(path: Path, tags: dict[str, str]) -> Category:
    try:
        file = _CategoryFile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ContentError(f"{path}: {first_problem(error)}") from None
    products = []
    for number, fields in enumerate(file.products, start=1):
        name = f"{path}: product {fields.get('upc') or f'number {number}'}"
        try:
            product = Product.model_validate(fields)
        except ValidationError as error:
            raise ContentError(f"{name}: {first_problem(error)}") from None
        for tag in product.tags:
            if tag not in tags:
                raise ContentError(f"{name}: tags: {tag!r} is not in {TAGS_FILE}")
        products.append(product)
    return Category(file.category, file.words, tuple(products))
