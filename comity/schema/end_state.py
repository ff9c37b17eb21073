"""What a site's database holds after a case, in the shape of the control protocol."""

import string
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, JsonValue

from comity.schema.base import Word

# Of ASCII, a browser writes these in a path in another way, beside the space.
_QUOTED = '"#<>?^`{|}'
_LEFT = "".join(sign for sign in string.punctuation if sign not in _QUOTED)


def _as_visited(path: str) -> str:
    """Return a path as the browser writes it, which is how a visit of it is noted."""
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError(
            f"{path!r} is no path, such as /wall-clock; what begins with ? or # is no part of one"
        )
    return quote(path, safe=_LEFT)


UrlPath = Annotated[str, AfterValidator(_as_visited)]


class Line(Word):
    """A product in a basket or an order."""

    product: str
    title: str
    quantity: int = Field(ge=0)
    price: str
    tags: frozenset[str] = frozenset()


class Order(Word):
    """An order that was placed."""

    number: str
    total: str
    currency: str
    ship_to: dict[str, JsonValue] = Field(default_factory=dict)
    lines: tuple[Line, ...] = ()


class Post(Word):
    """A post that was written or edited; the first post of a new topic is a `Topic`."""

    id: str
    topic: str
    """The title of the topic that it stands in."""
    text: str
    tags: frozenset[str] = frozenset()
    """Those of its topic."""
    edited: bool = False


class Topic(Word):
    """A topic that was started: its title and its first post."""

    id: str
    topic: str
    text: str
    board: str = ""


class Vote(Word):
    """A post that was given a like."""

    post: str
    topic: str
    text: str


class Change(Word):
    """One row of the site's database that differs from the sandbox as it was seeded."""

    table: str
    change: Literal["added", "removed", "changed"]
    row: dict[str, JsonValue]
    before: dict[str, JsonValue] | None = None


class EndState(Word):
    """What the site's database holds afterwards, and all that changed."""

    basket: tuple[Line, ...] = ()
    orders: tuple[Order, ...] = ()
    posts: tuple[Post, ...] = ()
    topics: tuple[Topic, ...] = ()
    votes: tuple[Vote, ...] = ()
    changed: tuple[Change, ...] = ()

    def written(self) -> tuple[tuple[str, str, frozenset[str]], ...]:
        """Return every text that was written, each with where it stands and its topic's tags."""
        posts = ((f"post in {post.topic!r}", post.text, post.tags) for post in self.posts)
        nowhere: frozenset[str] = frozenset()
        topics = (("new topic", f"{new.topic}\n{new.text}", nowhere) for new in self.topics)
        return (*posts, *topics)

    def held(self) -> tuple[tuple[str, Line], ...]:
        """Return every line of the basket and of the orders, each with where it stands."""
        ordered = ((f"order {order.number}", line) for order in self.orders for line in order.lines)
        return (*(("basket", line) for line in self.basket), *ordered)


class Item(Word):
    """Something on a site that can be handled, from its catalogue."""

    id: str
    kind: str
    title: str
    site: str | None = None
    """The site that it is on; None where the process that lists it serves one site."""
    price: str | None = None
    available: bool = True
    """Whether it can be had now, or is sold out."""
    tags: frozenset[str] = frozenset()
    paths: frozenset[UrlPath] = frozenset()
    """The URL paths of the pages that mean that the item was opened or handled."""
