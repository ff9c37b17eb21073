"""Ranking texts by a query's words, for searches that read a sandbox's rows and keep no index.

A site of some hundred texts needs no index: every search reads them and ranks them here. So results
belong to their sandbox, are the same each time, know no wildcard or query language that a hostile
query could use, and match Chinese and Japanese within a word.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

# The end of a compound ("flower" in "sunflower") is a weaker match. Its beginning is none: a wallet
# has little to do with a wall.
PARTLY = 0.5
# Shorter ends match by accident ("art" is in "heart").
MIN_END = 4
# A text is left out that meets less than this share of what the best one meets of the query's
# words, each weighed by how rare it is: it shares a minor word with a request that others meet.
CUTOFF = 0.4
# A plural's ending is not taken from a word as short as "gas".
SHORTEST_STEM = 3
# A query is a few words. A pasted page is cut rather than refused.
MAX_QUERY_CHARS, MAX_TERMS = 500, 12
# Words that tell no text from another on any site; each site adds its own.
# fmt: off
SMALL_WORDS = frozenset({
    "a", "an", "and", "any", "are", "as", "at", "best", "can", "find", "for", "from", "get",
    "good", "great", "i", "in", "is", "it", "me", "my", "need", "nice", "of", "on", "one", "or",
    "our", "please", "show", "some", "something", "that", "the", "their", "them", "this", "to",
    "under", "want", "we", "with", "you", "your",
})
# fmt: on
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")


@dataclass(frozen=True)
class Entry:
    """What can be found: its row, and the words of its fields with what a word is worth there."""

    pk: int
    fields: tuple[tuple[float, frozenset[str]], ...]


def words(text: str) -> list[str]:
    """Return the words of `text`, folded so that "Wölfe", "WOLF" and "wolves" can meet.

    A run of Chinese, Japanese or Korean stays one word.
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    # Taken apart, Korean syllables and voiced kana would no longer match themselves.
    return [_stem(word) for word in _WORD.findall(unicodedata.normalize("NFKC", bare))]


@lru_cache(maxsize=16384)
def word_set(text: str) -> frozenset[str]:
    """Return the words of `text`; the same texts come with every search of every sandbox."""
    return frozenset(words(text))


def terms(query: str, small_words: Collection[str] = SMALL_WORDS) -> list[str]:
    """Return what to look for: distinct words that mean something, `MAX_TERMS` at most.

    Numbers are left out: they are prices or counts, and would meet the measures of a picture frame.
    """
    found: list[str] = []
    for word in words(query[:MAX_QUERY_CHARS]):
        # A sentence without spaces is looked up two characters at a time.
        is_run = len(word) > 2 and not word.isascii() and bool(re.match(f"[{_CJK}]", word))
        pieces = [word[i : i + 2] for i in range(len(word) - 1)] if is_run else [word]
        found += [piece for piece in pieces if piece not in small_words and not piece.isdigit()]
    return list(dict.fromkeys(found))[:MAX_TERMS]


def rank(wanted: Sequence[str], entries: Sequence[Entry]) -> list[int]:
    """Return the primary keys of the entries that fit the terms `wanted`, the best first.

    Rare words weigh more than common ones; entries of equal score keep their order.
    """
    scores: dict[int, float] = dict.fromkeys((entry.pk for entry in entries), 0.0)
    met = scores.copy()
    for term in wanted:
        strengths = {
            entry.pk: sum(worth * match(term, field) for worth, field in entry.fields)
            for entry in entries
        }
        matching = {pk: strength for pk, strength in strengths.items() if strength}
        rarity = math.log(1 + len(entries) / len(matching)) if matching else 0.0
        for pk, strength in matching.items():
            scores[pk] += strength * rarity
            met[pk] += rarity
    least = CUTOFF * max(met.values(), default=0.0)
    kept = [pk for pk, score in scores.items() if score and met[pk] >= least]
    return sorted(kept, key=lambda pk: -scores[pk])


def match(term: str, field: frozenset[str]) -> float:
    """Return how well a term is met by one of the words."""
    if term in field:
        return 1.0
    if not term.isascii() and any(term in word for word in field):
        return 1.0
    if len(term) >= MIN_END and any(word.endswith(term) for word in field):
        return PARTLY
    return 0.0


def _stem(word: str) -> str:
    if word.isascii() and len(word) > SHORTEST_STEM:
        for ending, instead in (("ies", "y"), ("ves", "f"), ("sses", "ss"), ("xes", "x")):
            if word.endswith(ending):
                return word[: -len(ending)] + instead
        if word.endswith("s") and not word.endswith(("ss", "us")):
            return word[:-1]
    return word
