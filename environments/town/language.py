"""The language of a sandbox's pages."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

# Where the application tells a request which language its sandbox was asked for in.
ENVIRON_KEY = "town.language"


def nearest(tag: str) -> str:
    """Return the language of `settings.LANGUAGES` that comes nearest to a language tag.

    `zh-CN` is answered in `zh-hans`, `de-AT` in `de`, and what there is nothing near to in English.
    """
    try:
        found: str = translation.get_supported_language_variant(tag)
    except LookupError:
        return str(settings.LANGUAGE_CODE)
    return found


def speak(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware that answers in the language of the request's sandbox."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with translation.override(nearest(request.META[ENVIRON_KEY])):
            return get_response(request)

    return middleware


def document(request: HttpRequest) -> dict[str, Any]:
    """Return what a template's `html` element says of the page: its language and its direction."""
    direction = "rtl" if translation.get_language_bidi() else "ltr"
    return {"page_language": translation.get_language(), "page_direction": direction}
