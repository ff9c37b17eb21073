"""What the forum holds before a case begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils.text import slugify
from machina.core.db.models import get_model

from mulberry.content import Board, Member, Threads
from mulberry.moments import joined, written
from mulberry.writing import Draft, date, write

# A password that nobody has, Django's word for an account without one; its own is random.
NO_PASSWORD = "!"
GUESTS_MAY = ("can_see_forum", "can_read_forum")


def seed(threads: Threads) -> None:
    """Fill the current, migrated and empty database with the forum."""
    with transaction.atomic():
        _seed_members(threads.members)
        _let_guests_read()
        boards = _seed_boards(threads.boards)
        _seed_topics(threads, boards)
        for board in boards.values():
            board.update_trackers()


def _seed_members(members: Sequence[Member]) -> None:
    model, profile = get_user_model(), get_model("forum_member", "ForumProfile")
    rows = model.objects.bulk_create(
        model(
            username=member.name,
            email=f"{member.name}@mulberry.example",
            password=NO_PASSWORD,
            date_joined=joined(member.joined, member.name),
        )
        for member in members
    )
    profile.objects.bulk_create(
        profile(user=row, signature=member.about) for row, member in zip(rows, members, strict=True)
    )


def _let_guests_read() -> None:
    model = get_model("forum_permission", "UserForumPermission")
    permissions = get_model("forum_permission", "ForumPermission").objects
    model.objects.bulk_create(
        model(permission=permissions.get(codename=name), anonymous_user=True) for name in GUESTS_MAY
    )


def _seed_boards(boards: Sequence[Board]) -> dict[str, Any]:
    model = get_model("forum", "Forum")
    return {
        board.id: model.objects.create(
            name=board.name, description=board.description, type=model.FORUM_POST
        )
        for board in boards
    }


def _seed_topics(threads: Threads, boards: dict[str, Any]) -> None:
    model = get_model("forum_conversation", "Topic")
    members = dict(get_user_model().objects.values_list("username", "pk"))
    moments = [written(topic.id, len(topic.posts)) for _, topic in threads.topics]
    model.objects.bulk_create(
        model(
            pk=threads.row(topic),
            forum=boards[board.id],
            poster_id=members[topic.posts[0].by],
            subject=topic.title,
            slug=slugify(topic.title, allow_unicode=True) or "topic",
            type=model.TOPIC_POST,
            status=model.TOPIC_UNLOCKED,
            posts_count=len(topic.posts),
            last_post_on=at[-1],
        )
        for (board, topic), at in zip(threads.topics, moments, strict=True)
    )
    drafts = [
        Draft(
            topic=threads.row(topic),
            subject=topic.title if number == 0 else f"Re: {topic.title}",
            by=post.by,
            text=post.text,
            at=at[number],
            likes=post.likes,
        )
        for (_, topic), at in zip(threads.topics, moments, strict=True)
        for number, post in enumerate(topic.posts)
    ]
    _connect(model, drafts, write(drafts, threads.names))
    date(model, [(key, at[0], at[-1]) for key, at in enumerate(moments, start=1)])


def _connect(model: Any, drafts: Sequence[Draft], keys: Sequence[int]) -> None:
    """Tell every topic which of its posts are the first and the last."""
    of_topic: dict[int, list[int]] = {}
    for draft, key in zip(drafts, keys, strict=True):
        of_topic.setdefault(draft.topic, []).append(key)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {model._meta.db_table} SET first_post_id = %s, last_post_id = %s "
            "WHERE id = %s",
            [(posts[0], posts[-1], topic) for topic, posts in of_topic.items()],
        )
