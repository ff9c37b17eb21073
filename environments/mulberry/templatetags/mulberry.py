"""What the forum's templates say that Django's do not."""

from django import template

register = template.Library()


@register.filter
def hue(name: str) -> int:
    """Return the colour of a member's badge, an angle on the colour circle."""
    return sum(ord(letter) * place for place, letter in enumerate(name, start=7)) % 360
