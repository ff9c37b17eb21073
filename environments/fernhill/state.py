"""What a case left behind in the shop: its basket and its orders."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_model

from fernhill.catalogue import Catalogue


def read_state(catalogue: Catalogue) -> dict[str, list[dict[str, Any]]]:
    """Return the shop's part of a sandbox's state (README.md states its fields)."""
    return {"basket": _basket(catalogue), "orders": _orders(catalogue)}


def _basket(catalogue: Catalogue) -> list[dict[str, Any]]:
    lines = (
        get_model("basket", "Line")
        .objects.filter(basket__status="Open")
        .select_related("product")
        .order_by("pk")
    )
    return [
        {
            "product": line.product.upc,
            "title": line.product.title,
            "quantity": line.quantity,
            "price": str(line.price_incl_tax),
            "tags": catalogue.tags_of(line.product.upc),
        }
        for line in lines
    ]


def _orders(catalogue: Catalogue) -> list[dict[str, Any]]:
    orders = get_model("order", "Order").objects.order_by("pk")
    return [
        {
            "number": order.number,
            "total": str(order.total_incl_tax),
            "currency": order.currency,
            "ship_to": _ship_to(order),
            "lines": [
                {
                    "product": line.upc,
                    "title": line.title,
                    "quantity": line.quantity,
                    "price": str(line.unit_price_incl_tax),
                    "tags": catalogue.tags_of(line.upc),
                }
                for line in order.lines.order_by("pk")
            ],
        }
        for order in orders
    ]


def _ship_to(order: Any) -> dict[str, str]:
    address = order.shipping_address
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "line1": address.line1,
        "city": address.line4,
        "postcode": address.postcode,
        "country": address.country_id,
        "email": order.guest_email or "",
    }
