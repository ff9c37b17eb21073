"""The queries behind the forum's lists: topics of a board, posts of a topic."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Count, IntegerField, QuerySet, When
from machina.core.db.models import get_model

# What an agent reads of a page stays within some 900 tokens.
TOPICS, RESULTS, POSTS = 12, 8, 8
OLDEST = "oldest"


def boards() -> QuerySet[Any]:
    """Return the boards in their order."""
    rows: QuerySet[Any] = get_model("forum", "Forum").objects.order_by("tree_id", "lft")
    return rows


def topics() -> QuerySet[Any]:
    """Return all topics, those first in which somebody wrote last."""
    rows: QuerySet[Any] = (
        get_model("forum_conversation", "Topic")
        .objects.select_related("forum", "last_post__poster")
        .order_by("-last_post_on", "-pk")
    )
    return rows


def posts(topic: Any, sort: str) -> QuerySet[Any]:
    """Return the posts of a topic: the one that opens it, then the most liked, or the oldest."""
    opening = Case(When(pk=topic.first_post_id, then=0), default=1, output_field=IntegerField())
    order = ("created",) if sort == OLDEST else ("-likes", "created")
    rows: QuerySet[Any] = (
        topic.posts.select_related("poster")
        .annotate(likes=Count("votes"))
        .order_by(opening, *order, "pk")
    )
    return rows


def page_of(topic: Any, post: int, sort: str) -> int:
    """Return the number of the page of a topic that a post stands on."""
    keys = list(posts(topic, sort).values_list("pk", flat=True))
    return keys.index(post) // POSTS + 1
