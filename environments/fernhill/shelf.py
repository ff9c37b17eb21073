"""The query behind every row of products."""

from typing import Any

from django.db.models import QuerySet
from oscar.core.loading import get_model


def products() -> QuerySet[Any]:
    """Return the products with what a tile shows of them: title, price and stock.

    Oscar's own query for lists also fetches options, variants and photographs, none of which this
    shop has; without them a page takes half the time.
    """
    rows: QuerySet[Any] = (
        get_model("catalogue", "Product")
        .objects.browsable()
        .select_related("product_class")
        .prefetch_related("stockrecords")
    )
    return rows
