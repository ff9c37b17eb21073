"""What a case asks of the forum before it begins: the stage."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from machina.core.db.models import get_model
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from town.content import first_problem
from town.presentation import OUR_OWN, Presentation
from town.stage import ORDER, StageError, read_mapping, read_order, read_tag, refuse_signs

from mulberry.content import MAX_LIKES, Threads
from mulberry.forms import MAX_TEXT
from mulberry.moments import staged
from mulberry.writing import Draft, write

REPLIES = "replies"
KEYS = (REPLIES, ORDER)
# A topic's first page shows that many besides what it had.
MAX_REPLIES = 12


class Reply(BaseModel):
    """One post that the stage adds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_strip_whitespace=True)

    by: str
    likes: int = Field(default=0, ge=0, le=MAX_LIKES)
    text: str = Field(min_length=1, max_length=MAX_TEXT)


@dataclass(frozen=True)
class Stage:
    """A stage that was read and found possible: `posts` in the topic with the key `topic`."""

    threads: Threads
    topic: int | None = None
    posts: tuple[Reply, ...] = ()
    presentation: Presentation = OUR_OWN

    def apply(self) -> bool:
        """Change the current sandbox's database accordingly; return whether anything changed."""
        if self.topic is None:
            return False
        topic = get_model("forum_conversation", "Topic").objects.get(pk=self.topic)
        drafts = [
            Draft(
                topic=self.topic,
                subject=f"Re: {topic.subject}",
                by=post.by,
                text=post.text,
                at=at,
                likes=post.likes,
            )
            for post, at in zip(self.posts, staged(len(self.posts)), strict=True)
        ]
        with transaction.atomic():
            write(drafts, self.threads.names)
            topic.update_trackers()
        return True


def read_stage(value: object, threads: Threads) -> Stage:
    """Return the stage that a request's JSON describes; raise `StageError`."""
    stage = read_mapping("stage", value, KEYS)
    presentation = Presentation(read_order(stage))
    if REPLIES not in stage:
        return Stage(threads, presentation=presentation)
    replies = read_mapping(f"stage.{REPLIES}", stage[REPLIES], ["to", "posts"])
    to = read_mapping("stage.replies.to", replies.get("to"), ["tag"])
    tag = read_tag("stage.replies.to.tag", to.get("tag"), threads.tags, "topic")
    topics = threads.tagged(tag)
    if len(topics) > 1:
        named = ", ".join(topic.id for topic in topics)
        raise StageError(
            f"stage.replies.to.tag: {tag!r} must be one topic's; these carry it: {named}"
        )
    posts = _read_posts(replies.get("posts"), threads)
    return Stage(threads, threads.row(topics[0]), posts, presentation)


def _read_posts(value: object, threads: Threads) -> tuple[Reply, ...]:
    name = "stage.replies.posts"
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_REPLIES:
        raise StageError(f"{name}: expected a list of 1 to {MAX_REPLIES} posts")
    posts = []
    for number, fields in enumerate(value):
        try:
            post = Reply.model_validate(fields)
        except ValidationError as error:
            raise StageError(f"{name}.{number}: {first_problem(error)}") from None
        if post.by not in threads.names:
            there_are = ", ".join(threads.names)
            raise StageError(f"{name}.{number}.by: no member {post.by!r}; there are: {there_are}")
        refuse_signs(f"{name}.{number}.text", post.text)
        posts.append(post)
    return tuple(posts)
