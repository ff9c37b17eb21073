"""Search over the titles and posts of the sandbox's own database."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from machina.core.db.models import get_model
from town import ranking
from town.ranking import Entry, match, rank, word_set

from mulberry.threads import topics

# A title says what a topic is about; a post only mentions it. Two words in posts do not outweigh
# one in a title.
TITLE, TEXT = 8.0, 1.0
# Words that people write around what they ask, on a forum.
SMALL_WORDS = ranking.SMALL_WORDS | frozenset(
    {"about", "anyone", "be", "been", "but", "did", "do", "doe", "have", "how", "if", "not", "so"}
    | {"there", "they", "wa", "what", "when", "where", "which", "who", "why", "will", "would"}
)


@dataclass(frozen=True)
class Found:
    """A topic that fits, and the post in it that fits best."""

    topic: Any
    text: str


def search(query: str) -> Search:
    """Return the topics that fit `query`, the best first; none where it has no telling word."""
    texts: defaultdict[int, list[str]] = defaultdict(list)
    rows = get_model("forum_conversation", "Post").objects.order_by("pk")
    for topic, text in rows.values_list("topic_id", "content"):
        texts[topic].append(text)
    titles = topics().values_list("pk", "subject")
    entries = [
        Entry(
            pk,
            (
                (TITLE, word_set(title)),
                (TEXT, frozenset().union(*(word_set(text) for text in texts[pk]))),
            ),
        )
        for pk, title in titles
    ]
    wanted = ranking.terms(query, SMALL_WORDS)
    return Search(wanted, rank(wanted, entries), texts)


@dataclass(frozen=True)
class Search:
    """What was found: a list of `Found`, made only for the part that is shown."""

    wanted: list[str]
    keys: list[int]
    texts: dict[int, list[str]]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, part: slice) -> list[Found]:
        rows = topics().in_bulk(self.keys[part])
        return [Found(rows[key], self._best(key)) for key in self.keys[part]]

    def _best(self, key: int) -> str:
        def fit(text: str) -> float:
            return sum(match(term, word_set(text)) for term in self.wanted)

        return max(self.texts[key], key=fit)
