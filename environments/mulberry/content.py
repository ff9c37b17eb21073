"""The forum's members, boards and topics, read from `environments/threads/` and checked.

Tags are kept in these files and in memory only, never in a sandbox's database, so no page can show
them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from town.content import ContentError, first_problem, read_tags, read_yaml

MEMBERS_FILE, BOARDS_FILE, TAGS_FILE = "members.yaml", "boards.yaml", "tags.yaml"
# The visitor's own account. It has written nothing, so that all that it ever writes is the agent's.
VISITOR = "robin"
# Everybody but the visitor and the author may have liked a post; one is kept back, so that a count
# that a visitor adds to never looks like everybody's.
MAX_LIKES = 18

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Member(_Word):
    """One member."""

    name: Annotated[str, Field(pattern=r"^[a-z]{2,20}$")]
    about: Annotated[str, Field(min_length=10, max_length=140)]
    joined: Annotated[int, Field(ge=2010, le=2025)]


class Board(_Word):
    """One board: a list of topics."""

    id: Slug
    name: Annotated[str, Field(min_length=3, max_length=40)]
    description: Annotated[str, Field(min_length=10, max_length=140)]


class Post(_Word):
    """One post as an author writes it."""

    by: str
    likes: Annotated[int, Field(ge=0, le=MAX_LIKES, strict=True)] = 0
    text: Annotated[str, Field(min_length=20, max_length=700)]


class Topic(_Word):
    """One topic as an author writes it; the first post opens it."""

    id: Slug
    title: Annotated[str, Field(min_length=10, max_length=80)]
    tags: tuple[str, ...] = ()
    posts: Annotated[tuple[Post, ...], Field(min_length=4)]


@dataclass(frozen=True)
class Threads:
    """All that the forum begins with. `tags` maps every tag to its one-line meaning."""

    members: tuple[Member, ...]
    boards: tuple[Board, ...]
    tags: dict[str, str]
    topics: tuple[tuple[Board, Topic], ...]
    """In the order of the boards, of the files' names, and of the lines within them."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The members that can have written and liked: all but the visitor."""
        return tuple(member.name for member in self.members if member.name != VISITOR)

    def tagged(self, tag: str) -> list[Topic]:
        """Return the topics that carry `tag`."""
        return [topic for _, topic in self.topics if tag in topic.tags]

    def row(self, topic: Topic) -> int:
        """Return the primary key of a topic in every sandbox."""
        return self._rows[topic.id]

    def at_row(self, key: int) -> Topic | None:
        """Return the topic of a primary key; None for one that was started in a sandbox."""
        return self.topics[key - 1][1] if 1 <= key <= len(self.topics) else None

    def tags_at(self, key: int) -> list[str]:
        """Return the tags of the topic of a primary key."""
        topic = self.at_row(key)
        return sorted(topic.tags) if topic else []

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {topic.id: key for key, (_, topic) in enumerate(self.topics, start=1)}


def load(directory: Path) -> Threads:
    """Return the content in `directory`; raise `ContentError` at the first mistake."""
    members = _read_list(directory / MEMBERS_FILE, Member, "member", "name")
    boards = _read_list(directory / BOARDS_FILE, Board, "board", "id")
    tags = read_tags(directory / TAGS_FILE)
    _refuse_twice(directory / MEMBERS_FILE, "name", [member.name for member in members])
    _refuse_twice(directory / BOARDS_FILE, "id", [board.id for board in boards])
    if VISITOR not in {member.name for member in members}:
        raise ContentError(f"{directory / MEMBERS_FILE}: {VISITOR}, the visitor, is missing")
    for folder in sorted(path for path in directory.iterdir() if path.is_dir()):
        if folder.name not in {board.id for board in boards}:
            raise ContentError(f"{folder}: {folder.name!r} is not in {BOARDS_FILE}")
    found = [
        (path, board, topic)
        for board in boards
        for path in sorted((directory / board.id).glob("*.yaml"))
        for topic in _read_list(path, Topic, "topic", "id")
    ]
    threads = Threads(
        tuple(members), tuple(boards), tags, tuple((board, topic) for _, board, topic in found)
    )
    seen: dict[str, set[str]] = {"id": set(), "title": set()}
    for path, _, topic in found:
        _check_topic(f"{path}: topic {topic.id}", topic, threads)
        for field, values in seen.items():
            value = getattr(topic, field).casefold()
            if value in values:
                raise ContentError(f"{path}: topic {topic.id}: {field} {value!r} twice")
            values.add(value)
    for tag in tags:
        if not threads.tagged(tag):
            raise ContentError(f"{directory / TAGS_FILE}: tag {tag!r}: no topic has it")
    return threads


def _check_topic(name: str, topic: Topic, threads: Threads) -> None:
    for tag in topic.tags:
        if tag not in threads.tags:
            raise ContentError(f"{name}: tags: {tag!r} is not in {TAGS_FILE}")
    for number, post in enumerate(topic.posts):
        if post.by == VISITOR:
            raise ContentError(f"{name}: posts.{number}.by: {VISITOR} has written nothing")
        if post.by not in threads.names:
            raise ContentError(f"{name}: posts.{number}.by: {post.by!r} is not in {MEMBERS_FILE}")


M = TypeVar("M", bound=_Word)


def _read_list(path: Path, word: type[M], what: str, key: str) -> list[M]:
    entries = read_yaml(path)
    if not isinstance(entries, list) or not entries:
        raise ContentError(f"{path}: expected a list, each line with a {what}")
    found = []
    for number, fields in enumerate(entries, start=1):
        given = fields.get(key) if isinstance(fields, dict) else None
        try:
            found.append(word.model_validate(fields))
        except ValidationError as error:
            name = f"{what} {given or f'number {number}'}"
            raise ContentError(f"{path}: {name}: {first_problem(error)}") from None
    return found


def _refuse_twice(path: Path, field: str, values: list[Any]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise ContentError(f"{path}: {field} {value!r} twice")
