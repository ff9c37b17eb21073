"""What every page's header shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from oscar.core.loading import get_model


def shop(request: HttpRequest) -> dict[str, Any]:
    """Return the shop's name and its top categories."""
    categories = get_model("catalogue", "Category").get_root_nodes().filter(is_public=True)
    return {"shop_name": settings.OSCAR_SHOP_NAME, "top_categories": categories}
