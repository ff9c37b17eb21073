"""Which URL paths mean that a product was opened or handled."""

from typing import Any

from django.urls import reverse
from oscar.core.loading import get_model

from fernhill.catalogue import Catalogue


def items(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return every product of the current database for `GET /_control/catalogue`."""
    rows = {row.upc: row for row in get_model("catalogue", "Product").objects.all()}
    return [
        {
            "id": product.upc,
            "kind": "product",
            "title": product.title,
            "price": str(product.price),
            "available": product.stock > 0,
            "tags": sorted(product.tags),
            "paths": [
                rows[product.upc].get_absolute_url(),
                reverse("basket:add", kwargs={"pk": rows[product.upc].pk}),
            ],
        }
        for product in catalogue.products
    ]
