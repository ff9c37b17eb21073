"""What the shop's templates say that Django's and oscar's do not."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import template
from django.http import HttpRequest
from town import presentation

from fernhill.money import written

register = template.Library()


@register.filter
def picture(product: Any) -> str:
    """Return the path of a product's drawing."""
    return f"/pictures/{product.upc.lower()}.svg"


@register.filter
def money(amount: Decimal) -> str:
    """Return an amount in the sandbox's currency, as the page's language writes it: $19.90."""
    return written(amount)


@register.filter
def arranged(rows: Iterable[Any]) -> list[Any]:
    """Return a row of products in the order that the sandbox asks for."""
    return presentation.arranged(rows)


@register.simple_tag
def offer(request: HttpRequest, product: Any) -> Any:
    """Return the product's price and availability for this visitor."""
    return request.strategy.fetch_for_product(product)
