"""What the shop's templates say that Django's and oscar's do not."""

from typing import Any

from django import template
from django.http import HttpRequest

register = template.Library()


@register.filter
def picture(product: Any) -> str:
    """Return the path of a product's drawing."""
    return f"/pictures/{product.upc.lower()}.svg"


@register.filter
def dollars(amount: object) -> str:
    """Return an amount in the shop's only currency, such as $19.90."""
    return f"${amount:,.2f}"


@register.simple_tag
def offer(request: HttpRequest, product: Any) -> Any:
    """Return the product's price and availability for this visitor."""
    return request.strategy.fetch_for_product(product)
