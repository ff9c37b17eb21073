"""What a visitor of the shop sees."""

from __future__ import annotations

import html
import re
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import httpx2 as httpx
import pytest

if TYPE_CHECKING:
    from tests.environments.conftest import Site, StartSite, Visitor

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
FORM_COUNTS = ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")
TILE = re.compile(r'<div class="tile">.*?<a href="([^"]+)">([^<]+)</a>', re.DOTALL)


def titles(page: httpx.Response) -> list[str]:
    """Return the titles of the products that a page lists, in its order."""
    return [html.unescape(title) for _, title in TILE.findall(page.text)]


def journey(visitor: Visitor) -> list[bytes]:
    """Return the bytes of every page from the home page to a placed order."""
    site = visitor.site
    clock, blanket = site.item("Walnut Wall Clock"), site.item("Soft Cotton Baby Blanket")
    pages = [
        visitor.get("/"),
        visitor.get("/search/?q=wall+clock+gift"),
        visitor.get("/category/food-drink_3/", page="2"),
        visitor.get(clock["paths"][0]),
        visitor.add(clock, quantity=2),
        visitor.get(clock["paths"][0]),
        visitor.add(blanket),
        visitor.add(site.item("Velvet Slippers")),
        visitor.get("/no/such/page"),
        *visitor.order(),
        visitor.get("/"),
    ]
    return [page.content for page in pages]


def test_the_same_journey_is_byte_identical_in_two_sandboxes_and_two_processes(
    shop: Site, start_site: StartSite
) -> None:
    stage = {"promote": {"tag": "clock"}}
    first = journey(shop.visit(stage))
    assert b"Thank you for your order" in first[-2]
    assert journey(shop.visit(stage)) == first
    assert journey(start_site().visit(stage)) == first


def test_the_home_page_promotes_the_tag_of_its_stage(shop: Site) -> None:
    promoted = shop.visit({"promote": {"tag": "clock"}}).get("/")
    plain = shop.visit().get("/")
    assert "Recommended for you" in promoted.text
    assert "Recommended for you" not in plain.text
    assert len(titles(promoted)) == len(titles(plain)) == 8
    assert all("Clock" in title for title in titles(promoted)[:4])
    assert not any("Clock" in title for title in titles(plain))


def test_what_can_be_bought_for_little_is_promoted_first(shop: Site) -> None:
    page = shop.visit({"promote": {"tag": "shoes"}}).get("/")
    assert titles(page)[:4] == [
        "Knitted Baby Booties",
        "Bamboo Summer Sandals",
        "Felt House Slippers",
        "Velvet Slippers",
    ]
    assert page.text.count("out of stock") == 1


def test_a_tag_of_few_products_is_promoted_with_what_there_is(shop: Site) -> None:
    for tag in ("set-of-three", "brass-craft", "odd-bouquet"):
        page = shop.visit({"promote": {"tag": tag}}).get("/")
        assert "Recommended for you" in page.text
        assert 7 <= len(titles(page)) <= 8


@pytest.mark.long
def test_no_page_depends_on_a_tag(shop: Site, start_site: StartSite, tmp_path: Path) -> None:
    """Rename every tag: if any page showed one, that page would differ."""
    copy = tmp_path / "environments"
    shutil.copytree(ENVIRONMENTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (copy / "catalogue").glob("*.yaml"):
        text = re.sub(
            r"^    tags: .*$",
            lambda line: re.sub(r"([a-z-]+)([,\]])", r"zz-\1\2", line[0]),
            file.read_text(),
            flags=re.MULTILINE,
        )
        if file.name == "tags.yaml":
            text = re.sub(r"^(?=[a-z])", "zz-", text, flags=re.MULTILINE)
        file.write_text(text)
    renamed: Site = start_site(environments=copy)
    assert all(tag.startswith("zz-") for item in renamed.items() for tag in item["tags"])

    here, there = shop.visit(), renamed.visit()
    products = [item["paths"][0] for item in shop.items()]
    paths = ["/", "/search/?q=gift", "/basket/", "/checkout/"]
    paths += [f"/search/?q={tag}" for tag in ("newborn-gift", "even-bouquet", "wall-art")]
    paths += re.findall(r'href="(/category/[^"]+)"', here.get("/").text)
    for path in paths + products[::5]:
        assert here.get(path).text == there.get(path).text, path
    for path in paths + products:
        assert "zz-" not in there.get(path).text, path


def test_no_page_asks_another_host_for_anything(shop: Site) -> None:
    visitor = shop.visit({"promote": {"tag": "clock"}})
    visitor.add(shop.item("Walnut Wall Clock"))
    pages = [visitor.get(item["paths"][0]) for item in shop.items()[::10]]
    pages += [visitor.get("/"), visitor.get("/search/?q=tea"), *visitor.order()]
    pages += [visitor.get("/no/such/page")]
    for page in pages:
        assert "//" not in re.sub(r"<!DOCTYPE html>", "", page.text)
        assert "<script" not in page.text
        for path in re.findall(r'(?:src|href)="(/[^"]*\.(?:svg|css))"', page.text):
            assert visitor.get(path).status_code == 200


def test_every_product_has_a_picture_that_is_well_formed_and_says_what_it_is(shop: Site) -> None:
    for item in shop.items():
        picture = shop.engine.get(f"/pictures/{item['id'].lower()}.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        title = ElementTree.fromstring(picture.text).find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert title.text == item["title"]
        assert "script" not in picture.text


def test_an_add_button_is_named_after_its_product(shop: Site) -> None:
    page = shop.visit().get("/search/?q=walnut+clock").text
    assert 'aria-label="Add to basket: Walnut Wall Clock"' in page
    assert "<button>Add" not in page


def test_what_is_out_of_stock_says_so_and_cannot_be_bought(shop: Site) -> None:
    visitor, slippers = shop.visit(), shop.item("Velvet Slippers")
    page = visitor.get(slippers["paths"][0]).text
    assert "Out of stock" in page
    assert f'action="{slippers["paths"][1]}"' not in page
    visitor.add(slippers)
    assert visitor.state()["basket"] == []


def test_a_list_is_paged_and_its_pages_hold_each_product_once(shop: Site) -> None:
    visitor = shop.visit()
    page = visitor.get("/category/food-drink_3/")
    seen: list[str] = []
    while True:
        seen += titles(page)
        following = re.search(r'href="([^"]+)">Next page', page.text)
        if following is None:
            break
        page = visitor.get("/category/food-drink_3/" + html.unescape(following[1]))
    assert len(seen) == len(set(seen)) > 50
    assert "Bordeaux Red Wine" in seen


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("wall clock gift for newborn", "Wall Clock"),
        ("a nice wall clock", "Wall Clock"),
        ("CLOCKS", "Clock"),
        ("soft baby blanket", "Soft Cotton Baby Blanket"),
        ("a dozen red roses", "A Dozen Red Roses"),
        ("red rose bouquet", "Red Rose Bouquet"),
        ("scarves", "Scarf"),
        ("chrysanthemum", "Chrysanthemum"),
        ("set of four", "Set of Four"),
        ("leather wallet", "Leather"),
        ("vegetarian hamper", "Vegetarian"),
        ("flowers", "flower"),
        ("煎茶", "Sencha"),
        ("茉莉花茶礼物", "Jasmine"),
        ("山水", "Ink Landscape"),
        ("exquisite clock !!! (urgent)", "Clock"),
    ],
)
def test_a_natural_query_finds_what_it_means(shop: Site, query: str, first: str) -> None:
    found = titles(shop.visit().get("/search/", q=query))
    assert found
    assert first.lower() in found[0].lower()


def test_a_product_is_found_by_its_title(shop: Site) -> None:
    visitor = shop.visit()
    for item in shop.items()[::2]:
        assert item["title"] in titles(visitor.get("/search/", q=item["title"])), item["title"]


def test_a_query_of_small_words_shows_everything_and_an_empty_one_nothing(shop: Site) -> None:
    visitor = shop.visit()
    everything = f"{len(shop.items())} products"
    assert everything in visitor.get("/search/", q="a gift").text
    for query in ("", "   ", "!?", "%", "_", "%%__"):
        assert "No products found" in visitor.get("/search/", q=query).text


@pytest.mark.parametrize(
    "target",
    [
        "q=%00",
        "q=clock%00",
        "q=%ED%A0%80",
        "q=%FF%FE",
        "q=" + "clock+" * 3_000,
        "q=" + "x" * 50_000,
        "q=" + "%F0%9F%8E%81" * 500,
        "q='+OR+1=1--",
        'q="wall+clock"+-oak+AND+(OR',
        "q=<script>alert(1)</script>",
        "q=clock&sort_by=nonsense",
        "q=clock&selected_facets=a:b&selected_facets=:",
        "q=clock&models=auth.user",
        "q[]=clock",
        "",
    ],
)
def test_a_hostile_query_gets_a_page(shop: Site, target: str) -> None:
    page = shop.visit().get(f"/search/?{target}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/x_99999999999999999999/",
        "/search/?q=clock&page=99999999999999999999",
        "/search/?q=clock&page=-1",
        "/search/?q=clock&page=x",
        "/accounts/login/",
        "/dashboard/",
        "/offers/",
        "/ranges/recommended/",
        "/basket/vouchers/add/",
        "/basket/saved/",
        "/checkout/payment-details/",
        "/checkout/user-address/edit/1/",
        "/static/../town/settings.py",
        "/static/%2e%2e/town/settings.py",
        "/pictures/../fernhill.svg",
        "/%00",
    ],
)
def test_what_the_shop_does_not_have_is_not_found(shop: Site, path: str) -> None:
    page = shop.visit({"promote": {"tag": "clock"}}).get(path)
    assert page.status_code == 404
    assert "Traceback" not in page.text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/basket/add/21/", {"quantity": "99999999999999999999"}),
        ("/basket/add/21/", {"quantity": "-1"}),
        ("/basket/add/21/", {"quantity": "1\x00"}),
        ("/basket/add/21/", {}),
        ("/basket/add/99999999999999999999/", {"quantity": "1"}),
        ("/basket/", {}),
        ("/basket/", {"form-TOTAL_FORMS": "x"}),
        ("/basket/", {f"form-{name}_FORMS": "99999999999" for name in FORM_COUNTS}),
        ("/checkout/", {"username": "nobody"}),
        ("/checkout/", {"username": "a\x00@example.org"}),
        ("/checkout/", {"username": "x" * 10_000 + "@example.org"}),
        ("/checkout/preview/", {"action": "place_order"}),
        ("/checkout/payment-method/", {}),
    ],
)
def test_a_hostile_form_changes_nothing_and_breaks_nothing(
    shop: Site, path: str, fields: dict[str, str]
) -> None:
    visitor = shop.visit()
    assert visitor.post(path, **fields).status_code < 500
    assert visitor.state()["changed"] == []
    assert visitor.get("/").status_code == 200


def test_a_shopper_is_not_led_to_another_host_after_adding(shop: Site) -> None:
    answer = shop.visit().post("/basket/add/21/", quantity="1", next="http://evil.example/")
    assert answer.headers["location"] in ("/", "http://fernhill.example/")


def test_an_address_without_a_country_is_asked_for_again(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item("Walnut Wall Clock"))
    visitor.post("/checkout/", username="guest@example.org")
    page = visitor.get("/checkout/shipping-address/").text
    assert page.count("<option") == 43
    assert page.index("Australia") < page.index("Vietnam")
    answer = visitor.post(
        "/checkout/shipping-address/",
        first_name="A",
        last_name="B",
        line1="1 High Street",
        line4="Dubai",
    )
    assert answer.status_code == 200
    assert "This field is required" in answer.text


def test_a_country_without_postcodes_needs_none(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item("Walnut Wall Clock"))
    visitor.order(country="AE", line4="Dubai", postcode="")
    assert visitor.state()["orders"][0]["ship_to"]["country"] == "AE"


def test_what_a_visitor_types_is_shown_as_text(shop: Site) -> None:
    visitor = shop.visit()
    visitor.add(shop.item("Walnut Wall Clock"))
    pages = visitor.order(first_name="<img src=x onerror=alert(1)>", last_name="&amp;")
    assert "<img src=x" not in "".join(page.text for page in pages)
    assert "&lt;img src=x" in pages[-1].text


def test_sigint_ends_the_site_as_sigterm_does(start_site: StartSite) -> None:
    site = start_site()
    assert site.stop(signal.SIGINT) == 0
    assert site.workplaces() == []
