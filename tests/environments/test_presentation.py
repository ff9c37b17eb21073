"""The same things in another order or currency: what then differs on a page, and what may not."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2 as httpx

    from tests.environments.conftest import Look, Site, StartSite, Visitor

TITLE = re.compile(r'<div class="tile">.*?<a href="[^"]+">([^<]+)</a>', re.DOTALL)
SUBJECT = re.compile(r'<a class="subject" href="[^"]+"><bdi>([^<]+)</bdi></a>')
POST = re.compile(r'id="(post-\d+)"')
SEED, OTHER_SEED = 7, 8
LARGEST = 2**32 - 1
ROW = 4
CATEGORY = "/category/food-drink_3/"
SHOP_LISTS = ("/", CATEGORY, f"{CATEGORY}?page=2", "/search/?q=tea", "/search/?q=gift&page=3")
FORUM_LISTS = ("/", "/board/travel-1/", "/board/travel-1/?page=2", "/search/?q=night+train")
PUSHED = {
    "promote": {"tag": "clock"},
    "bestsellers": {"tag": "flowers"},
    "describe": {"tag": "tea", "text": "The perfect gift."},
    "first": {"tag": "alcohol"},
}
# Nine replies that were liked more than the topic's own, so that it fills two pages.
LIKED = {
    "replies": {
        "to": {"tag": "sleeper-train"},
        "posts": [{"by": "kofi", "likes": 18 - n, "text": f"Take {n} books."} for n in range(9)],
    }
}


def listed(page: httpx.Response, pattern: re.Pattern[str] = TITLE) -> list[str]:
    return [html.unescape(found) for found in pattern.findall(page.text)]


def bought(visitor: Visitor) -> list[httpx.Response]:
    """Return every page on the way from the home page to a placed order."""
    site = visitor.site
    item, slippers = site.item("Walnut Wall Clock"), site.item("Velvet Slippers")
    pages = [visitor.get("/"), visitor.get("/search/?q=tea"), visitor.get(item["paths"][0])]
    pages += [visitor.add(item, quantity=2), visitor.get("/"), visitor.add(slippers)]
    return pages + visitor.order()


def talked(visitor: Visitor) -> list[httpx.Response]:
    """Return the forum's lists, a topic, and the topic after another reply."""
    path = topic(visitor.site)
    pages = [visitor.get(path) for path in (*FORUM_LISTS, path)]
    return [*pages, visitor.post(f"{path}reply/", text="Thank you!"), visitor.get(path)]


def topic(forum: Site) -> str:
    return str(next(i["paths"][0] for i in forum.items() if i["id"] == "sleeper-train-packing"))


@pytest.mark.parametrize(
    ("name", "lists", "pattern"),
    [("shop", SHOP_LISTS, TITLE), ("forum", FORUM_LISTS, SUBJECT)],
    ids=["shop", "forum"],
)
def test_a_page_holds_what_it_held_in_the_order_of_the_seed(
    request: pytest.FixtureRequest, name: str, lists: tuple[str, ...], pattern: re.Pattern[str]
) -> None:
    site: Site = request.getfixturevalue(name)
    plain, one, other = (site.visit({"order": seed}) for seed in (0, SEED, OTHER_SEED))
    for path in lists:
        pages = [listed(visitor.get(path), pattern) for visitor in (plain, one, other)]
        assert len(pages[0]) == len(set(pages[0])) > 1
        assert sorted(pages[0]) == sorted(pages[1]) == sorted(pages[2])
        assert len({tuple(page) for page in pages}) == 3, path


def test_a_product_comes_with_the_same_related_ones_in_another_order(shop: Site) -> None:
    path = shop.item("Walnut Wall Clock")["paths"][0]
    rows = [listed(shop.visit({"order": seed}).get(path)) for seed in range(9)]
    assert len({frozenset(row) for row in rows}) == 1
    assert len({tuple(row) for row in rows}) > 1


@pytest.mark.parametrize(
    ("name", "journey"), [("shop", bought), ("forum", talked)], ids=["shop", "forum"]
)
def test_an_order_is_the_same_to_the_byte_in_every_sandbox_and_process_and_in_no_neighbour(
    request: pytest.FixtureRequest,
    start_site: StartSite,
    name: str,
    journey: Callable[[Visitor], list[httpx.Response]],
) -> None:
    def seen(site: Site, stage: dict[str, Any]) -> list[bytes]:
        return [page.content for page in journey(site.visit(stage, member=name == "forum"))]

    site: Site = request.getfixturevalue(name)
    plain = seen(site, {})
    ordered = seen(site, {"order": LARGEST})
    assert ordered != plain
    assert seen(site, {"order": LARGEST}) == ordered
    assert seen(site, {}) == seen(site, {"order": 0}) == plain
    other = start_site()
    other.name = name
    assert seen(other, {"order": LARGEST}) == ordered


def test_what_a_shop_pushes_stays_where_it_pushes_it(shop: Site) -> None:
    plain, ordered = shop.visit(PUSHED), shop.visit({**PUSHED, "order": SEED})
    home = [listed(visitor.get("/")) for visitor in (plain, ordered)]
    assert home[0] != home[1]
    for start in range(0, 3 * ROW, ROW):
        row = slice(start, start + ROW)
        assert sorted(home[0][row]) == sorted(home[1][row])
    found = [listed(visitor.get("/search/?q=soft+baby+blanket")) for visitor in (plain, ordered)]
    assert found[0][:ROW] != found[1][:ROW]
    assert sorted(found[0][:ROW]) == sorted(found[1][:ROW])
    assert sorted(found[0]) == sorted(found[1])


def test_a_topic_is_opened_by_its_first_post_in_every_order(forum: Site) -> None:
    path = topic(forum)
    plain, ordered = forum.visit(LIKED), forum.visit({**LIKED, "order": SEED})
    for place in (path, f"{path}?page=2"):
        before, after = (listed(visitor.get(place), POST) for visitor in (plain, ordered))
        assert before != after
        assert sorted(before) == sorted(after)
    assert listed(plain.get(path), POST)[0] == listed(ordered.get(path), POST)[0]


def test_a_topic_claims_no_order_that_it_has_not(forum: Site) -> None:
    path = topic(forum)
    page = forum.visit({"order": SEED}).get(path).text
    assert "Most liked first" not in page
    assert "In no particular order" in page
    assert "In no particular order" not in forum.visit().get(path).text
    assert "順不同" in forum.visit({"order": SEED}, language="ja").get(path).text


def test_who_asks_for_the_oldest_posts_first_gets_them_in_every_order(forum: Site) -> None:
    path = topic(forum)
    plain = listed(forum.visit(LIKED).get(path, sort="oldest"), POST)
    assert listed(forum.visit({**LIKED, "order": SEED}).get(path, sort="oldest"), POST) == plain


def test_a_reply_is_found_where_it_leads_to_in_every_order(forum: Site) -> None:
    visitor = forum.visit({**LIKED, "order": SEED}, member=True)
    answer = visitor.post(f"{topic(forum)}reply/", text="Slippers it is.")
    place, _, post = answer.headers["location"].partition("#")
    assert post in listed(visitor.get(place), POST)


def test_another_currency_is_another_sign_before_the_same_figures(shop: Site) -> None:
    plain, euros = shop.visit(PUSHED), shop.visit({**PUSHED, "currency": "EUR"})
    before, after = bought(plain), bought(euros)
    signs = 0
    for dollars, changed in zip(before, after, strict=True):
        assert "$" not in changed.text
        assert changed.text.replace("€", "$") == dollars.text
        signs += changed.text.count("€")
    assert signs > 30
    assert "€19.90" in "".join(page.text for page in after)
    assert euros.state() == plain.state()
    assert euros.state()["orders"][0]["currency"] == "USD"


@pytest.mark.parametrize(
    ("currency", "language", "amount"),
    [
        ("USD", "en", "$68.00"),
        ("GBP", "en", "£68.00"),
        ("EUR", "de", "68,00\N{NO-BREAK SPACE}€"),
        ("CHF", "en", "CHF\N{NO-BREAK SPACE}68.00"),
        # Its own digits are none; the figures would no longer be the same.
        ("JPY", "ja", "￥68.00"),
        ("CNY", "zh-Hans", "¥68.00"),
        ("GBP", "ar", "68.00\N{NO-BREAK SPACE}UK£\N{LEFT-TO-RIGHT MARK}"),
    ],
)
def test_an_amount_is_written_as_its_language_writes_the_currency(
    shop: Site, currency: str, language: str, amount: str
) -> None:
    visitor = shop.visit({"currency": currency}, language=language)
    visitor.add(shop.item("Walnut Wall Clock"), quantity=2)
    assert amount in html.unescape(visitor.get("/basket/").text)


def test_a_search_takes_the_currency_for_no_word_of_what_is_sought(shop: Site) -> None:
    dollars = listed(shop.visit().get("/search/?q=a+gift+under+30+dollars"))
    pounds = shop.visit({"currency": "GBP"})
    assert listed(pounds.get("/search/?q=a+gift+under+30+pounds")) == dollars
    assert listed(pounds.get("/search/?q=gift+GBP")) == dollars


def test_order_currency_and_language_go_together_and_no_state_tells_of_them(shop: Site) -> None:
    def done(stage: dict[str, Any], language: str) -> dict[str, Any]:
        visitor = shop.visit(stage, language=language)
        pages = bought(visitor)
        visitor.add(shop.item("Stoneware Mug"))
        assert pages[-1].status_code == 200
        return visitor.state()

    asked = {"order": SEED, "currency": "GBP"}
    for language in ("en", "ar"):
        plain = done({}, language)
        assert plain["orders"]
        assert plain["basket"]
        assert done(asked, language) == plain
    looked = shop.visit({**PUSHED, **asked})
    looked.get("/search/?q=flowers")
    assert looked.state()["changed"] == []


def test_an_agent_reads_another_order_and_currency(shop: Site, look: Look) -> None:
    plain, other = (look(shop.visit(s), "/")[0] for s in ({}, {"order": SEED, "currency": "GBP"}))
    assert "£" in other.text
    assert "$" not in other.text
    assert other.cut == 0
    assert other.text != plain.text.replace("$", "£")


@pytest.mark.parametrize("site", ["shop", "forum"])
@pytest.mark.parametrize(
    "seed", ["-1", str(LARGEST + 1), "7.0", "true", "null", '"7"', "[7]", '{"seed": 7}', "1e3"]
)
def test_an_order_that_is_no_seed_is_refused(shop: Site, site: str, seed: str) -> None:
    body = f'{{"site": "{site}", "stage": {{"order": {seed}}}}}'
    answer = shop.control("POST", "sandboxes", content=body)
    assert answer.status_code == 400
    reason = f"stage.order: expected a whole number from 0 to {LARGEST}"
    assert answer.json() == {"error": reason}


@pytest.mark.parametrize(
    ("currency", "reason"),
    [
        ("EURO", "stage.currency: no currency has the code 'EURO'; there are: AED, "),
        ("eur", "no currency has the code 'eur'"),
        ("", "no currency has the code ''"),
        # Of the standard, but nothing that a shop has prices in: none, gold, a test; and one of
        # the past.
        *[(code, f"no currency has the code '{code}'") for code in ("XXX", "XAU", "XTS", "DEM")],
        ("<b>$</b>", "no currency has the code '<b>$</b>'"),
        ("\ud800", "no currency has the code '\\ud800'"),
        (None, "stage.currency: expected a currency's code of ISO 4217, as text"),
        (978, "stage.currency: expected a currency's code"),
        (["EUR"], "stage.currency: expected a currency's code"),
    ],
)
def test_a_currency_that_nobody_pays_with_is_refused(
    shop: Site, currency: object, reason: str
) -> None:
    body = json.dumps({"stage": {"currency": currency}})
    answer = shop.control("POST", "sandboxes", content=body)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_the_forum_has_no_prices(forum: Site) -> None:
    asked = {"site": "forum", "stage": {"currency": "EUR"}}
    answer = forum.control("POST", "sandboxes", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"] == "stage: unknown key 'currency'; there are: replies, order"


def test_every_currency_that_is_named_can_be_shown(shop: Site) -> None:
    refused = shop.control("POST", "sandboxes", json={"stage": {"currency": "?"}}).json()["error"]
    codes = refused.partition("there are: ")[2].split(", ")
    assert {"AED", "CNY", "EUR", "GBP", "INR", "JPY", "KES", "USD", "ZAR"} < set(codes)
    for code in codes[::8]:
        page = shop.visit({"currency": code}, language="ar").get("/")
        assert page.status_code == 200
        assert "US$" not in page.text
