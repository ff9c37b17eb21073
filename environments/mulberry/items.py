"""Which URL paths mean that a topic was opened or answered."""

from typing import Any

from mulberry import paths
from mulberry.content import Threads
from mulberry.threads import topics


def items(threads: Threads) -> list[dict[str, Any]]:
    """Return every topic of the template for `GET /_control/catalogue`."""
    rows = {row.pk: row for row in topics()}
    return [
        {
            "id": topic.id,
            "kind": "topic",
            "title": topic.title,
            "tags": sorted(topic.tags),
            "paths": [
                paths.topic(rows[threads.row(topic)]),
                paths.topic(rows[threads.row(topic)], "reply"),
            ],
        }
        for _, topic in threads.topics
    ]
