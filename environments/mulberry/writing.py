"""Posts and their likes, written many at once: for the template, and for a stage."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import F
from django.utils.html import linebreaks
from machina.core.db.models import get_model

from mulberry.models import Vote


@dataclass(frozen=True)
class Draft:
    """A post that is to be written."""

    topic: int
    subject: str
    by: str
    text: str
    at: datetime
    likes: int


def write(drafts: Sequence[Draft], likers: Sequence[str]) -> list[int]:
    """Write the posts, with likes by `likers`; return their primary keys.

    What machina keeps of a topic and of a board besides is left to the caller.
    """
    members = dict(get_user_model().objects.values_list("username", "pk"))
    model = get_model("forum_conversation", "Post")
    # Bulk inserts send no signals; machina's would render each text and count each post.
    posts = model.objects.bulk_create(
        model(
            topic_id=draft.topic,
            poster_id=members[draft.by],
            subject=draft.subject,
            content=draft.text,
            _content_rendered=linebreaks(draft.text, autoescape=True),
        )
        for draft in drafts
    )
    date(model, [(post.pk, draft.at, draft.at) for post, draft in zip(posts, drafts, strict=True)])
    Vote.objects.bulk_create(
        Vote(post_id=post.pk, member_id=members[name])
        for post, draft in zip(posts, drafts, strict=True)
        for name in _choose(likers, draft)
    )
    profiles = get_model("forum_member", "ForumProfile").objects
    for name, count in Counter(draft.by for draft in drafts).items():
        profiles.filter(user=members[name]).update(posts_count=F("posts_count") + count)
    return [post.pk for post in posts]


def date(model: Any, rows: Sequence[tuple[int, datetime, datetime]]) -> None:
    """Set when rows were made and changed last: machina's models write down the present moment."""
    plain = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {model._meta.db_table} SET created = %s, updated = %s WHERE id = %s",
            [(plain(created), plain(updated), key) for key, created, updated in rows],
        )


def _choose(likers: Sequence[str], draft: Draft) -> list[str]:
    """Return who likes a post: as many as it says, never its author, the same in every build."""
    others = [name for name in likers if name != draft.by]

    def place(name: str) -> bytes:
        return hashlib.sha256(f"{draft.subject} {draft.text} {name}".encode()).digest()

    return sorted(others, key=place)[: draft.likes]
