"""How long the sites take for a sandbox and for a page, asked for without a browser.

Every round makes sandboxes of each site, plain and with a full stage, the forum's signed in, asks
for each kind of page once, posts once, and reads the end state. One request is under way at a time.
"""

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2
from figures import median, table
from pydantic import JsonValue

from comity.sandbox.control import ControlledSite
from comity.sandbox.running import Sandbox
from comity.schema import Item

R = TypeVar("R")
Ask = Callable[..., Awaitable[httpx2.Response]]

SHOP, FORUM = "shop", "forum"
TOPIC_TAG, PRODUCT = "sleeper-train", "Walnut Wall Clock"
# What a scenario's page may be made to recommend: three voices with many likes, one with few.
REPLIES = [("kofi", 18), ("mei", 16), ("yuki", 12), ("emre", 2)]
PUSHED: dict[str, JsonValue] = {
    "promote": {"tag": "clock"},
    "bestsellers": {"tag": "flowers"},
    "describe": {"tag": "flowers", "text": "The perfect gift."},
    "first": {"tag": "alcohol"},
}
REPLIED: dict[str, JsonValue] = {
    "replies": {
        "to": {"tag": TOPIC_TAG},
        "posts": [
            {"by": name, "likes": likes, "text": f"Take the large bag, says {name}. " * 4}
            for name, likes in REPLIES
        ],
    }
}

Milliseconds = dict[str, list[float]]


async def measured(site: ControlledSite, rounds: int) -> Milliseconds:
    """Return how long each request took, one round after another; the first is not counted."""
    spent: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        found: Milliseconds = defaultdict(list)
        await _shop(site, found)
        await _forum(site, found)
        if number:
            for what, took in found.items():
                spent[what] += took
    return spent


async def _shop(site: ControlledSite, spent: Milliseconds) -> None:
    item = next(item for item in site.items(SHOP) if item.title == PRODUCT)
    [adds] = [path for path in item.paths if path.startswith("/basket/")]
    [opens] = item.paths - {adds}
    sandbox = await _timed(spent, "shop, a fresh copy", lambda: site.create(SHOP, {}, "en"))
    async with _client(site, sandbox) as client:
        for what, path in (("home", "/"), ("search", "/search/?q=wall+clock"), ("product", opens)):
            await _page(spent, f"shop, {what}", client.get, path)
        await _page(spent, "shop, add to basket", client.post, adds, data={"quantity": "1"})
    await _timed(spent, "end state after it, shop", lambda: site.state(sandbox))
    await site.delete(sandbox)
    pushed = await _timed(
        spent,
        "shop, a fresh copy with all that a stage can push",
        lambda: site.create(SHOP, PUSHED, "en"),
    )
    await site.delete(pushed)


async def _forum(site: ControlledSite, spent: Milliseconds) -> None:
    item: Item = next(item for item in site.items(FORUM) if TOPIC_TAG in item.tags)
    [answers] = [path for path in item.paths if path.endswith("/reply/")]
    [opens] = item.paths - {answers}
    plain = await _timed(spent, "forum, a fresh copy", lambda: site.create(FORUM, {}, "en"))
    await site.delete(plain)
    sandbox = await _timed(
        spent,
        "forum, a fresh copy with four replies and 48 likes, signed in",
        lambda: site.create(FORUM, REPLIED, "en", member=True),
    )
    async with _client(site, sandbox) as client:
        for what, path in (
            ("home", "/"),
            ("board", "/board/travel-1/"),
            ("search", "/search/?q=night+train+tickets"),
            ("topic", opens),
            ("reply", answers),
        ):
            await _page(spent, f"forum, {what}", client.get, path)
        await _page(spent, "forum, post a reply", client.post, answers, data={"text": "Thank you."})
    await _timed(spent, "end state after it, forum", lambda: site.state(sandbox))
    await site.delete(sandbox)


def _client(site: ControlledSite, sandbox: Sandbox) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=site.address,
        headers={**sandbox.headers, "Host": sandbox.host},
        cookies={str(cookie["name"]): str(cookie["value"]) for cookie in sandbox.cookies},
        trust_env=False,
    )


async def _page(
    spent: Milliseconds, what: str, ask: Ask, path: str, **fields: dict[str, str]
) -> None:
    answer = await _timed(spent, what, lambda: ask(path, **fields))
    assert answer.status_code in (httpx2.codes.OK, httpx2.codes.FOUND), (what, answer.status_code)


async def _timed(spent: Milliseconds, what: str, ask: Callable[[], Awaitable[R]]) -> R:
    begun = time.perf_counter()
    answer = await ask()
    spent[what].append(1_000 * (time.perf_counter() - begun))
    return answer


def report(spent: Milliseconds) -> str:
    """Return the table of what was measured."""
    return table(
        ("one request", "milliseconds"),
        ([what, median(took, ".0f")] for what, took in spent.items()),
    )
