"""What the shop's templates say that Django's and oscar's do not."""

from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django import template
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_bidi, to_locale

register = template.Library()

LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


@register.filter
def picture(product: Any) -> str:
    """Return the path of a product's drawing."""
    return f"/pictures/{product.upc.lower()}.svg"


@register.filter
def dollars(amount: Decimal) -> str:
    """Return an amount in the shop's only currency, as the page's language writes it: $19.90."""
    text: str = format_currency(amount, "USD", locale=to_locale(get_language() or "en"))
    # Where text runs to the left, the sign would part from the letters before it: US$.
    return f"{text}{LEFT_TO_RIGHT}" if get_language_bidi() else text


@register.simple_tag
def offer(request: HttpRequest, product: Any) -> Any:
    """Return the product's price and availability for this visitor."""
    return request.strategy.fetch_for_product(product)
