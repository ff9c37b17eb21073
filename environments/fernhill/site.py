"""The shop as the town knows it."""

from typing import Any

from fernhill.catalogue import Catalogue
from fernhill.items import items
from fernhill.pictures import draw
from fernhill.seed import seed
from fernhill.stage import Stage, read_stage
from fernhill.state import read_state


class Shop:
    """Fernhill Gifts with its catalogue; `town.site.Site` says what each part is for."""

    name = "shop"
    host = "fernhill.example"
    capabilities = ("basket", "orders", "promote", "language")
    sign_in = None

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def seed(self) -> None:
        """Fill the database with the shop."""
        seed(self._catalogue)

    def items(self) -> list[dict[str, Any]]:
        """Return every product."""
        return items(self._catalogue)

    def pictures(self) -> dict[str, bytes]:
        """Return a drawing of every product."""
        return {
            f"/pictures/{product.upc.lower()}.svg": draw(
                product.picture, product.colours, product.title
            ).encode()
            for product in self._catalogue.products
        }

    def read_stage(self, value: object) -> Stage:
        """Return the shop's stage; raise `StageError`."""
        return read_stage(value, self._catalogue)

    def read_state(self, changed: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """Return the basket and the orders."""
        return read_state(self._catalogue)
