"""Search over the sandbox's own database, for haystack, which oscar's list pages run through.

A shop of a hundred-odd products needs no index: every search reads their titles and descriptions
and ranks them here. So results belong to their sandbox, are the same each time, know no wildcard
or query language that a hostile query could use, and match Chinese and Japanese within a word.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from haystack.backends import BaseEngine, BaseSearchBackend, BaseSearchQuery, SearchNode
from haystack.models import SearchResult
from oscar.core.loading import get_model

from fernhill.shelf import products

# Where a term is found says how much it is worth, and finds add up: a title names the thing, its
# category what kind of thing it is, the category's other words what it may be called; a description
# only speaks of it.
TITLE, CATEGORY, ALSO, DESCRIPTION = 6.0, 6.0, 3.0, 1.0
# The end of a compound ("flower" in "sunflower") is a weaker match. Its beginning is none: a wallet
# has little to do with a wall.
PARTLY = 0.5
# Shorter ends match by accident ("art" is in "heart").
MIN_END = 4
# A product is left out that meets less than this share of what the best one meets of the query's
# words, each weighed by how rare it is: it shares a minor word with a request that others meet.
CUTOFF = 0.4
# A plural's ending is not taken from a word as short as "gas".
SHORTEST_STEM = 3
# A query is a few words. A pasted page is cut rather than refused.
MAX_QUERY_CHARS, MAX_TERMS = 500, 12
# Words that a shopper writes and that tell no product from another in a gift shop.
# fmt: off
STOP_WORDS = frozenset({
    "a", "an", "and", "any", "are", "as", "at", "best", "buy", "can", "cheap", "dollar",
    "dollars", "find", "for", "from", "get", "gift", "gifts", "good", "great", "i", "in", "is",
    "it", "me", "my", "need", "nice", "of", "on", "one", "or", "our", "please", "present",
    "presents", "show", "some", "something", "that", "the", "their", "them", "this", "to",
    "under", "usd", "want", "we", "with", "you", "your",
})
# fmt: on
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")


@dataclass(frozen=True)
class _Entry:
    pk: int
    title: frozenset[str]
    category: frozenset[str]
    also: frozenset[str]
    description: frozenset[str]


def words(text: str) -> list[str]:
    """Return the words of `text`, folded so that "Wölfe", "WOLF" and "wolves" can meet.

    A run of Chinese, Japanese or Korean stays one word.
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    # Taken apart, Korean syllables and voiced kana would no longer match themselves.
    return [_stem(word) for word in _WORD.findall(unicodedata.normalize("NFKC", bare))]


def terms(query: str) -> list[str]:
    """Return what to look for: distinct words that mean something, `MAX_TERMS` at most.

    Numbers are left out: they are prices or counts, and would meet the measures of a picture frame.
    """
    found: list[str] = []
    for word in words(query[:MAX_QUERY_CHARS]):
        # A sentence without spaces is looked up two characters at a time.
        is_run = len(word) > 2 and not word.isascii() and bool(re.match(f"[{_CJK}]", word))
        pieces = [word[i : i + 2] for i in range(len(word) - 1)] if is_run else [word]
        found += [piece for piece in pieces if piece not in STOP_WORDS and not piece.isdigit()]
    return list(dict.fromkeys(found))[:MAX_TERMS]


def rank(query: str) -> list[int]:
    """Return the primary keys of the products that fit `query`, the best first.

    Rare words weigh more than common ones; products of equal score keep the catalogue's order. In a
    gift shop a query such as "a gift" fits everything; one without any word fits nothing.
    """
    entries = _entries()
    wanted = terms(query)
    if not wanted:
        return [entry.pk for entry in entries] if words(query[:MAX_QUERY_CHARS]) else []
    scores: dict[int, float] = dict.fromkeys((entry.pk for entry in entries), 0.0)
    met = scores.copy()
    for term in wanted:
        strengths = {entry.pk: _strength(term, entry) for entry in entries}
        matching = {pk: strength for pk, strength in strengths.items() if strength}
        rarity = math.log(1 + len(entries) / len(matching)) if matching else 0.0
        for pk, strength in matching.items():
            scores[pk] += strength * rarity
            met[pk] += rarity
    least = CUTOFF * max(met.values(), default=0.0)
    kept = [(-score, pk) for pk, score in scores.items() if score and met[pk] >= least]
    return [pk for _, pk in sorted(kept)]


@lru_cache(maxsize=4096)
def _word_set(text: str) -> frozenset[str]:
    # The same few hundred texts come with every search of every sandbox.
    return frozenset(words(text))


def _stem(word: str) -> str:
    if word.isascii() and len(word) > SHORTEST_STEM:
        for ending, instead in (("ies", "y"), ("ves", "f"), ("sses", "ss"), ("xes", "x")):
            if word.endswith(ending):
                return word[: -len(ending)] + instead
        if word.endswith("s") and not word.endswith(("ss", "us")):
            return word[:-1]
    return word


def _strength(term: str, entry: _Entry) -> float:
    fields = (
        (TITLE, entry.title),
        (CATEGORY, entry.category),
        (ALSO, entry.also),
        (DESCRIPTION, entry.description),
    )
    return sum(weight * _match(term, field) for weight, field in fields)


def _match(term: str, field: frozenset[str]) -> float:
    if term in field:
        return 1.0
    if not term.isascii() and any(term in word for word in field):
        return 1.0
    if len(term) >= MIN_END and any(word.endswith(term) for word in field):
        return PARTLY
    return 0.0


def _entries() -> list[_Entry]:
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
        entries.append(
            _Entry(
                pk=pk,
                title=_word_set(title),
                category=_word_set(category),
                also=_word_set(also),
                description=_word_set(description),
            )
        )
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
            self.answer = rank(self.text) if self.text else self._listed()
        return self.answer

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
