"""What a case left behind in the forum: posts, topics and votes, new or changed."""

from __future__ import annotations

from typing import Any

from machina.core.db.models import get_model

from mulberry.content import Threads
from mulberry.models import Vote

WRITTEN = ("subject", "content")


def read_state(threads: Threads, changed: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the forum's part of a sandbox's state (README.md states its fields)."""
    topics = get_model("forum_conversation", "Topic")
    posts = get_model("forum_conversation", "Post")
    new_topics = [row["id"] for row in _added(changed, topics)]
    written = {
        change["row"]["id"]: change["change"] == "changed"
        for change in changed
        if change["table"] == posts._meta.db_table and _is_written(change)
    }
    rows = posts.objects.filter(pk__in=written).select_related("topic").order_by("pk")
    votes = Vote.objects.filter(pk__in=[row["id"] for row in _added(changed, Vote)])
    return {
        "posts": [
            {
                "id": str(post.pk),
                "topic": post.topic.subject,
                "text": post.content.raw,
                "tags": threads.tags_at(post.topic_id),
                "edited": written[post.pk],
            }
            for post in rows
            if not (post.topic_id in new_topics and post.pk == post.topic.first_post_id)
        ],
        "topics": [
            {
                "id": str(topic.pk),
                "topic": topic.subject,
                "text": topic.first_post.content.raw,
                "board": topic.forum.name,
            }
            for topic in topics.objects.filter(pk__in=new_topics)
            .select_related("first_post", "forum")
            .order_by("pk")
        ],
        "votes": [
            {
                "post": str(vote.post_id),
                "topic": vote.post.topic.subject,
                "text": vote.post.content.raw,
            }
            for vote in votes.select_related("post__topic").order_by("pk")
        ],
    }


def _added(changed: list[dict[str, Any]], model: Any) -> list[dict[str, Any]]:
    table = model._meta.db_table
    return [
        change["row"]
        for change in changed
        if (change["table"], change["change"]) == (table, "added")
    ]


def _is_written(change: dict[str, Any]) -> bool:
    before = change["before"]
    return change["change"] == "added" or (
        before is not None and any(before[field] != change["row"][field] for field in WRITTEN)
    )
