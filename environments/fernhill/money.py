"""The currency of a sandbox's prices, and how an amount in it is written.

Another currency is another sign before the same figures: nothing is converted, so what a basket
holds and costs stays comparable. The database and the state stay in the shop's own.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from babel.core import get_global
from babel.numbers import format_currency, get_currency_name, get_territory_currencies
from django.conf import settings
from django.utils.translation import get_language, get_language_bidi, to_locale
from town import presentation
from town.clock import NOW
from town.ranking import words
from town.stage import StageError

LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
# CLDR sets a space between a sign that ends with a letter and the figures (CHF 34.00), which babel
# leaves out.
_LETTER_BEFORE_FIGURE = re.compile(r"(?<=[^\W\d_])(?=\d)")


@cache
def currencies() -> frozenset[str]:
    """Return the ISO 4217 codes of what people pay with somewhere on the day of the site's clock.

    The standard also has codes of metals, of funds and for tests, which no shop has prices in.
    """
    territories = get_global("territory_currencies")
    today = NOW.date()
    return frozenset(
        code
        for territory in territories
        for code in get_territory_currencies(territory, start_date=today, end_date=today)
    )


def read_currency(name: str, value: object) -> str:
    """Return `value` as the code of a currency; `name` is what an error calls it.

    Raises `StageError`.
    """
    if not isinstance(value, str):
        raise StageError(f"{name}: expected a currency's code of ISO 4217, as text")
    if value not in currencies():
        there_are = ", ".join(sorted(currencies()))
        raise StageError(f"{name}: no currency has the code {value!r}; there are: {there_are}")
    return value


def shown() -> str:
    """Return the code of the currency that the sandbox's pages show."""
    return presentation.current().currency or str(settings.OSCAR_DEFAULT_CURRENCY)


def written(amount: Decimal) -> str:
    """Return an amount as the page's language writes it in the sandbox's currency: $19.90."""
    locale = to_locale(get_language() or "en")
    # With a currency's own digits 19.90 yen would be 20, and a total no sum of its lines.
    text: str = format_currency(amount, shown(), locale=locale, currency_digits=False)
    text = _LETTER_BEFORE_FIGURE.sub("\N{NO-BREAK SPACE}", text)
    # Where text runs to the left, the sign would part from the letters before it: US$.
    return f"{text}{LEFT_TO_RIGHT}" if get_language_bidi() else text


def names() -> frozenset[str]:
    """Return the words that a shopper calls the sandbox's currency by, as a search folds them."""
    return _names(shown())


@cache
def _names(code: str) -> frozenset[str]:
    # The last word is the money ("pound"); what comes before it is a place ("British").
    *_, last = words(get_currency_name(code, count=2, locale="en"))
    return frozenset({*words(code), last})
