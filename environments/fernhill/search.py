"""Search over the sandbox's own database, for haystack, which oscar's list pages run through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from haystack.backends import BaseEngine, BaseSearchBackend, BaseSearchQuery, SearchNode
from haystack.models import SearchResult
from oscar.core.loading import get_model
from town import ranking
from town.presentation import arranged
from town.ranking import MAX_QUERY_CHARS, SMALL_WORDS, Entry, word_set, words

from fernhill import money
from fernhill.shelf import products
from fernhill.stage import FIRST, shelf

# Where a term is found says how much it is worth, and finds add up: a title names the thing, its
# category what kind of thing it is, the category's other words what it may be called; a description
# only speaks of it.
TITLE, CATEGORY, ALSO, DESCRIPTION = 6.0, 6.0, 3.0, 1.0
# Words that a shopper writes and that tell no product from another in a gift shop.
STOP_WORDS = SMALL_WORDS | frozenset(
    {"buy", "cheap", "dollar", "dollars", "gift", "gifts", "present", "presents", "usd"}
)


def rank(query: str) -> list[int]:
    """Return the primary keys of the products that fit `query`, the best first.

    Products of equal score keep the catalogue's order. In a gift shop a query such as "a gift" fits
    everything; one without any word fits nothing.
    """
    entries = _entries()
    wanted = ranking.terms(query, STOP_WORDS | money.names())
    if wanted:
        return ranking.rank(wanted, entries)
    return [entry.pk for entry in entries] if words(query[:MAX_QUERY_CHARS]) else []


def _entries() -> list[Entry]:
    link = get_model("catalogue", "ProductCategory")
    categories = {
        pk: (name, also)
        for pk, name, also in link.objects.order_by("pk").values_list(
            "product_id", "category__name", "category__description"
        )
    }
    rows = products().order_by("pk").values_list("pk", "title", "description")
    entries = []
    for pk, title, description in rows:
        category, also = categories.get(pk, ("", ""))
        fields = (
            (TITLE, word_set(title)),
            (CATEGORY, word_set(category)),
            (ALSO, word_set(also)),
            (DESCRIPTION, word_set(description)),
        )
        entries.append(Entry(pk, fields))
    return entries


@dataclass
class _Query:
    """What oscar's forms ask: words, or the categories of a list page."""

    text: str
    categories: frozenset[int] | None
    # Haystack asks twice, for the count and for the page; the second time this is the answer.
    answer: list[int] | None = field(default=None, compare=False)

    def keys(self) -> list[int]:
        """Return the primary keys of all products that fit, in order."""
        if self.answer is None:
            self.answer = self._arranged(rank(self.text) if self.text else self._listed())
        return self.answer

    def _arranged(self, keys: list[int]) -> list[int]:
        """Put what the sandbox pushes before all else: a category's own, and any in a search.

        A search that finds nothing says so. In another order each page holds what it held: the best
        that a search finds is not sent to a page that nobody opens.
        """
        pushed = shelf(products(), FIRST).values_list("pk", flat=True) if keys else []
        before = [key for key in pushed if self.text or key in keys]
        listed = before + [key for key in keys if key not in before]
        size: int = settings.OSCAR_PRODUCTS_PER_PAGE
        pages = (listed[start : start + size] for start in range(0, len(listed), size))
        return [key for page in pages for key in arranged(page, int, ahead=before)]

    def _listed(self) -> list[int]:
        listed = products()
        if self.categories is not None:
            listed = listed.filter(categories__in=self.categories)
        return list(listed.order_by("pk").values_list("pk", flat=True).distinct())


class OrmBackend(BaseSearchBackend):
    """Haystack's backend: answers from the current sandbox and keeps no index."""

    include_spelling = False

    def search(self, query: _Query, **options: Any) -> dict[str, Any]:
        """Return the products of one page (`start_offset`, `end_offset`) and the count of all."""
        page = slice(options.get("start_offset") or 0, options.get("end_offset"))
        keys = query.keys()
        found = products().in_bulk(keys[page])
        results = [_result(found[key]) for key in keys[page]]
        return {"results": results, "hits": len(keys), "facets": {}}

    def update(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is no index."""

    def remove(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is no index."""

    def clear(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is no index."""


def _result(product: Any) -> SearchResult:
    result = SearchResult("catalogue", "product", product.pk, 0)
    # Set, it spares haystack one query for each product.
    result._object = product
    return result


class OrmQuery(BaseSearchQuery):
    """Haystack's query object, reduced to what oscar's search and list pages ask."""

    _asked: _Query | None = None

    def build_query(self) -> _Query:
        """Return the words and categories that haystack's filter tree holds."""
        text: list[str] = []
        categories: frozenset[int] | None = None
        for name, value in _leaves(self.query_filter):
            plain = getattr(value, "query_string", value)
            field = name.partition("__")[0]
            if field == "content":
                text.append(str(plain))
            elif field == "category":
                categories = frozenset(int(key) for key in plain)
        query = _Query(" ".join(text), categories)
        if query != self._asked:
            self._asked = query
        return self._asked

    def build_params(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the backend's options, of which only the page is used."""
        parameters: dict[str, Any] = super().build_params(*args, **kwargs)
        return {k: v for k, v in parameters.items() if k in ("start_offset", "end_offset")}


def _leaves(node: SearchNode) -> Iterable[tuple[str, Any]]:
    for child in node.children:
        if isinstance(child, SearchNode):
            yield from _leaves(child)
        else:
            yield child


class OrmEngine(BaseEngine):
    """What `HAYSTACK_CONNECTIONS` names."""

    backend = OrmBackend
    query = OrmQuery
