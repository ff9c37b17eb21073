"""The control protocol, as `environments/README.md` states it."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
import pytest

if TYPE_CHECKING:
    from tests.environments.conftest import Site

CLOCK = "Walnut Wall Clock"
BLANKET = "Soft Cotton Baby Blanket"
SHOP = [
    *("basket", "orders"),
    *("promote", "bestsellers", "describe", "first", "order", "currency"),
    "language",
]
FORUM = ["posts", "topics", "votes", "member", "replies", "order", "language"]


def test_health_says_which_sites_there_are_and_which_hosts_they_answer_for(shop: Site) -> None:
    assert shop.control("GET", "health").json() == {
        "name": "town",
        "version": "2",
        "protocol": 1,
        "sites": {
            "shop": {"host": "fernhill.example", "capabilities": SHOP},
            "forum": {"host": "mulberry.example", "capabilities": FORUM},
        },
        "hosts": ["fernhill.example", "mulberry.example"],
    }


@pytest.mark.parametrize("token", [None, "", "wrong", "the-engine's-secre", "höchst falsch"])
@pytest.mark.parametrize("path", ["health", "sandboxes", "catalogue", "nothing"])
def test_without_the_token_control_looks_like_any_unknown_page(
    shop: Site, path: str, token: str | None
) -> None:
    headers = {} if token is None else {b"X-Comity-Token": token.encode()}
    refused = shop.engine.post(f"/_control/{path}", headers=headers)
    unknown = shop.engine.post("/no/such/page")
    assert (refused.status_code, refused.content) == (404, b"Not found\n")
    assert (refused.status_code, refused.content) == (unknown.status_code, unknown.content)
    assert refused.headers["content-type"] == unknown.headers["content-type"]


def test_a_new_sandbox_names_its_start_page_and_the_header_that_leads_there(shop: Site) -> None:
    answer = shop.control("POST", "sandboxes", json={"stage": {}, "language": "en"})
    made = answer.json()
    assert answer.status_code == 201
    assert made["start_url"] == "http://fernhill.example/"
    assert made["headers"] == {"X-Comity-Sandbox": made["id"]}
    assert made["cookies"] == []
    assert len(made["id"]) >= 32


def test_sandbox_ids_never_repeat_and_are_never_shown(shop: Site) -> None:
    visitors = [shop.visit() for _ in range(5)]
    assert len({visitor.sandbox for visitor in visitors}) == 5
    page = visitors[0].get("/")
    assert visitors[0].sandbox not in page.text + str(page.headers)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "expected an object"),
        (b"null", "expected an object"),
        (b'{"stage": 3}', "stage: expected an object"),
        (b'{"stage": {"promoted": {}}}', "unknown key 'promoted'; there are: promote"),
        (b'{"stage": {"promote": "clock"}}', "stage.promote: expected an object"),
        (b'{"stage": {"promote": {}}}', "stage.promote.tag: expected a tag"),
        (b'{"stage": {"promote": {"tag": ["clock"]}}}', "stage.promote.tag: expected a tag"),
        (b'{"stage": {"promote": {"tag": "clok"}}}', "no product is tagged 'clok'; there are: "),
        (b'{"stage": {"promote": {"tag": "\\ud800"}}}', "no product is tagged"),
        (b'{"stage": {"promote": {"tag": "clock", "n": 1}}}', "unknown key 'n'"),
        (b'{"stages": {}}', "unknown key 'stages'; there are: site, stage, language, member"),
        (b'{"site": "bank"}', "site: there is none 'bank'; there are: shop, forum"),
        (b'{"site": ["shop"]}', "there are: shop, forum"),
        (b'{"member": 1}', "member: expected true or false"),
        (b'{"member": true}', "member: the site shop has no members"),
        (b'{"site": "forum", "stage": {"promote": {"tag": "clock"}}}', "there are: replies"),
        (b'{"language": 5}', "language: expected a language tag"),
        (b'{"language": "../../etc"}', "language: expected a language tag"),
        (b'{"stage": "' + b"x" * 100_000 + b'"}', "65536 are allowed"),
    ],
)
def test_a_request_that_cannot_be_understood_is_told_why(
    shop: Site, body: bytes, says: str
) -> None:
    answer = shop.control("POST", "sandboxes", content=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert "Traceback" not in answer.text


def test_wrong_methods_and_unknown_control_paths_are_told_so(shop: Site) -> None:
    assert shop.control("DELETE", "health").status_code == 405
    assert shop.control("GET", "sandboxes").status_code == 405
    assert shop.control("GET", "sandboxes/x").status_code == 405
    assert shop.control("GET", "elsewhere").status_code == 404
    assert shop.control("GET", "sandboxes/../../etc/passwd/state").status_code == 404
    assert "error" in shop.control("GET", "sandboxes/unknown/state").json()
    assert shop.control("DELETE", "sandboxes/unknown").status_code == 404


def test_a_page_without_a_known_sandbox_is_not_found(shop: Site) -> None:
    for headers in ({}, {"X-Comity-Sandbox": "guessed"}, {"X-Comity-Sandbox": ""}):
        answer = httpx.get(shop.url, headers={"Host": "fernhill.example", **headers})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    "path", ["/", "/basket/add/21/", "/pictures/fg-0201.svg", "/_control/health"]
)
def test_a_question_for_the_head_alone_leaves_the_connection_in_order(
    shop: Site, path: str
) -> None:
    visitor = shop.visit()
    assert visitor.client.head(path).content == b""
    assert visitor.get("/").status_code == 200


def test_a_host_that_the_site_does_not_have_is_refused(shop: Site) -> None:
    answer = shop.visit().client.get("/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400


def test_a_new_sandbox_has_changed_nothing(shop: Site) -> None:
    for stage in ({}, {"promote": {"tag": "clock"}}):
        visitor = shop.visit(stage)
        assert visitor.state() == {
            "basket": [],
            "orders": [],
            "posts": [],
            "topics": [],
            "votes": [],
            "changed": [],
        }


def test_looking_around_changes_nothing(shop: Site) -> None:
    visitor = shop.visit()
    for path in ("/", shop.item(CLOCK)["paths"][0], "/search/?q=clock", "/basket/"):
        assert visitor.get(path).status_code == 200
    assert visitor.state()["changed"] == []


def test_the_basket_is_read_with_its_tags_and_every_changed_row(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item(CLOCK), quantity=2)
    state = visitor.state()
    assert state["basket"] == [
        {
            "product": "FG-0201",
            "title": CLOCK,
            "quantity": 2,
            "price": "34.00",
            "tags": ["clock"],
        }
    ]
    assert [(row["table"], row["change"]) for row in state["changed"]] == [
        ("basket_basket", "added"),
        ("basket_line", "added"),
    ]
    line = state["changed"][1]
    assert line["row"]["quantity"] == 2
    assert line["before"] is None


def test_what_was_removed_from_the_basket_is_gone_from_its_state(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item(CLOCK))
    visitor.add(shop.item(BLANKET))
    basket = visitor.get("/basket/").text
    assert 'name="form-0-DELETE" value="Remove"' in basket
    fields = {
        "form-TOTAL_FORMS": "2",
        "form-INITIAL_FORMS": "2",
        "form-0-id": "1",
        "form-0-quantity": "1",
        "form-1-id": "2",
        "form-1-quantity": "3",
    }
    removed = visitor.post("/basket/", "/basket/", **fields, **{"form-0-DELETE": "Remove"})
    assert removed.status_code == 302
    lines = visitor.state()["basket"]
    assert [(line["title"], line["quantity"]) for line in lines] == [(BLANKET, 3)]


def test_a_placed_order_is_read_with_its_lines_and_its_address(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item(CLOCK))
    pages = visitor.order()
    assert "Thank you for your order" in pages[-1].text
    state = visitor.state()
    assert state["basket"] == []
    assert state["orders"] == [
        {
            "number": "100001",
            "total": "34.00",
            "currency": "USD",
            "ship_to": {
                "first_name": "Wei",
                "last_name": "Zhang",
                "line1": "8 Tianfu Avenue",
                "city": "Chengdu",
                "postcode": "610000",
                "country": "CN",
                "email": "guest@example.org",
            },
            "lines": [
                {
                    "product": "FG-0201",
                    "title": CLOCK,
                    "quantity": 1,
                    "price": "34.00",
                    "tags": ["clock"],
                }
            ],
        }
    ]
    stock = next(row for row in state["changed"] if row["table"] == "partner_stockrecord")
    assert stock["change"] == "changed"
    assert (stock["before"]["num_allocated"], stock["row"]["num_allocated"]) == (None, 1)


def test_a_second_order_in_one_sandbox_is_a_second_order(shop: Site) -> None:
    visitor = shop.visit()
    for title in (CLOCK, BLANKET):
        visitor.add(shop.item(title))
        visitor.order()
    orders = visitor.state()["orders"]
    assert [order["number"] for order in orders] == ["100001", "100002"]


def test_what_one_sandbox_does_no_other_sees(shop: Site) -> None:
    one, other = shop.visit(), shop.visit()
    one.add(shop.item(CLOCK))
    assert "Basket (1)" in one.get("/").text
    assert "Basket (0)" in other.get("/").text
    other.client.cookies = one.client.cookies
    assert "Basket (0)" in other.get("/").text
    assert other.state()["basket"] == []


def test_sixteen_sandboxes_at_once_do_not_mix(shop: Site) -> None:
    items = shop.items()[20:36]  # clocks, watches and chocolates, all of them in stock

    def shop_for(item: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
        visitor = shop.visit()
        for _ in range(3):
            assert visitor.get("/").status_code == 200
            assert visitor.add(item).status_code == 302
        return item["id"], visitor.state()["basket"]

    with ThreadPoolExecutor(16) as pool:
        for product, basket in pool.map(shop_for, items):
            assert [(line["product"], line["quantity"]) for line in basket] == [(product, 3)]


def test_requests_of_one_sandbox_wait_for_each_other(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item(CLOCK))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: visitor.add(shop.item(CLOCK)).status_code, range(8)))
    assert answers == [302] * 8
    assert visitor.state()["basket"][0]["quantity"] == 9


def test_a_sandbox_is_gone_from_disk_and_from_the_site_once_deleted(shop: Site) -> None:
    visitor = shop.visit({"promote": {"tag": "clock"}})
    visitor.add(shop.item(CLOCK))
    (workplace,) = shop.workplaces()
    assert list(workplace.glob(f"{visitor.sandbox}*"))
    answer = shop.control("DELETE", f"sandboxes/{visitor.sandbox}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not list(workplace.glob(f"{visitor.sandbox}*"))
    assert visitor.get("/").status_code == 404
    assert shop.control("GET", f"sandboxes/{visitor.sandbox}/state").status_code == 404
    assert shop.control("DELETE", f"sandboxes/{visitor.sandbox}").status_code == 404


def test_a_refused_stage_leaves_no_file_behind(shop: Site) -> None:
    (workplace,) = shop.workplaces()
    before = sorted(workplace.iterdir())
    shop.control("POST", "sandboxes", json={"stage": {"promote": {"tag": "no-such"}}})
    assert sorted(workplace.iterdir()) == before


def test_the_catalogue_names_for_each_product_the_paths_that_handle_it(shop: Site) -> None:
    items = shop.items()
    visitor = shop.visit()
    paths = [path for item in items for path in item["paths"]]
    assert len(set(paths)) == len(paths) == 2 * len(items)
    item = items[0]
    assert item["kind"] == "product"
    assert item["title"] in visitor.get(item["paths"][0]).text
    visitor.add(item)
    assert [line["product"] for line in visitor.state()["basket"]] == [item["id"]]


def test_the_site_listens_on_loopback_alone(shop: Site) -> None:
    port = int(shop.url.rsplit(":", 1)[1])
    with socket.socket(socket.AF_INET6) as probe:
        probe.settimeout(1)
        assert probe.connect_ex(("::1", port)) != 0
    listening = Path("/proc/net/tcp").read_text()
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_every_row_that_is_reported_is_plain_json(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item(CLOCK))
    visitor.order(first_name="张伟", line4="成都")
    assert json.loads(json.dumps(visitor.state()))["orders"][0]["ship_to"]["city"] == "成都"
