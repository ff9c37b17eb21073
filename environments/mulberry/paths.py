"""The paths of the forum's pages, also for who is not on a page of it."""

from typing import Any

from django.urls import reverse

URLS = "mulberry.urls"


def topic(topic: Any, page: str = "topic") -> str:
    """Return the path of a topic, or of a page that belongs to it."""
    return str(reverse(page, kwargs={"slug": topic.slug, "pk": topic.pk}, urlconf=URLS))
