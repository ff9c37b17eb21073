"""What the sites' pages say in other languages, and what stays the same whatever they say."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from tests.environments.conftest import Look, Site, StartSite

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
LOCALES = ("de", "ja", "zh_Hans", "ar")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SAID = {
    "de": ("In den Warenkorb", "Geschenke für jeden Tag", "Blumen &amp; Pflanzen"),
    "ja": ("カートに入れる", "毎日の贈り物", "花・植物"),
    "zh-Hans": ("加入购物车", "日常好礼", "鲜花与绿植"),
    "ar": ("أضف إلى السلة", "هدايا لكل يوم", "الزهور والنباتات"),
}


def written(locale: str) -> Catalog:
    path = ENVIRONMENTS / "locale" / locale / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return read_po(file, locale)


def messages() -> set[str]:
    """Return all that our own templates and views mark for translation."""
    sources = [
        *(templatize(path.read_text("utf-8")) for path in ENVIRONMENTS.glob("templates/**/*.html")),
        *(path.read_text("utf-8") for path in ENVIRONMENTS.glob("*/*.py")),
    ]
    found = set()
    for source in sources:
        for _, message, _, _ in extract(
            "python", io.BytesIO(source.encode()), keywords=DEFAULT_KEYWORDS
        ):
            found.add(message if isinstance(message, str) else message[0])
    for path in (ENVIRONMENTS / "catalogue").glob("[0-9]*.yaml"):
        found |= set(yaml.safe_load(path.read_text("utf-8"))["category"].split(" > "))
    for board in yaml.safe_load((ENVIRONMENTS / "threads" / "boards.yaml").read_text("utf-8")):
        found |= {board["name"], board["description"]}
    return found


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_is_written_in_every_language(locale: str) -> None:
    catalogue = written(locale)
    missing = {
        message
        for message in messages()
        if message not in catalogue or not catalogue[message].string
    }
    assert missing == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_message_says_what_the_english_one_says_of_names_and_numbers(locale: str) -> None:
    for message in written(locale):
        if not message.id:
            continue
        english = message.id if isinstance(message.id, str) else message.id[1]
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        wanted = set(PLACEHOLDER.findall(english))
        for form in forms:
            # Where a language has a word for one and for two, it needs no number.
            assert wanted - {"counter"} <= set(PLACEHOLDER.findall(form)) <= wanted, english
        assert "counter" not in wanted or any("%(counter)s" in form for form in forms)


@pytest.mark.parametrize("language", SAID)
def test_a_page_speaks_the_language_of_its_sandbox(shop: Site, language: str) -> None:
    page = shop.visit(language=language).get("/").text
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language.lower()}" dir="{direction}">' in page
    for words in SAID[language]:
        assert words in page
    assert "Add to basket" not in page
    assert "Walnut Wall Clock" in shop.visit(language=language).get("/search/?q=wall+clock").text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Reisen", "Worüber der Platz spricht", "Beiträge, zuletzt von")),
        ("ja", ("旅行", "広場で話題になっていること", "最新：")),
        ("zh-Hans", ("旅行", "广场上正在聊什么", "篇帖子")),
        ("ar", ("السفر", "ما الذي تتحدث عنه الساحة", "آخرها من")),
    ],
)
def test_the_forum_speaks_the_language_of_its_sandbox(
    forum: Site, language: str, words: tuple[str, ...]
) -> None:
    page = forum.visit(language=language).get("/").text
    for expected in words:
        assert expected in page
    assert "Travel<" not in page


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        *(("zh-CN", "zh-hans"), ("de-AT", "de"), ("ar-EG", "ar"), ("en-GB", "en")),
        *(("fr", "en"), ("es", "en")),
    ],
)
def test_the_nearest_language_is_spoken(shop: Site, asked: str, spoken: str) -> None:
    assert f'<html lang="{spoken}"' in shop.visit(language=asked).get("/").text


@pytest.mark.parametrize("language", ["en", *SAID])
def test_the_browser_has_no_say_in_the_language(shop: Site, language: str) -> None:
    visitor = shop.visit(language=language)
    page = visitor.get("/").content
    visitor.client.headers["Accept-Language"] = "en" if language == "ja" else "ja"
    assert visitor.get("/").content == page


def test_english_pages_are_as_they_were_written(shop: Site) -> None:
    visitor = shop.visit()
    assert '<html lang="en" dir="ltr">' in visitor.get("/").text
    page = visitor.add(shop.item("Walnut Wall Clock"), quantity=2)
    assert "Your basket comes to $68.00." in visitor.get("/").text
    assert page.status_code == 302
    for path in ("/", "/search/?q=tea", "/basket/", "/category/food-drink_3/"):
        # Oscar's own English catalogue says "cart".
        assert "cart" not in visitor.get(path).text.lower()


def test_what_is_done_is_the_same_in_every_language(shop: Site) -> None:
    def done(language: str) -> dict[str, object]:
        visitor = shop.visit({"promote": {"tag": "clock"}}, language=language)
        visitor.add(shop.item("Walnut Wall Clock"), quantity=2)
        first = [page.status_code for page in visitor.order()]
        visitor.add(shop.item("Stoneware Mug"))
        state = visitor.state()
        changed = [(row["table"], row["change"]) for row in state["changed"]]
        return {"pages": first, "done": (state["basket"], state["orders"]), "changed": changed}

    english = done("en")
    assert english["done"][1]  # type: ignore[index]
    for language in SAID:
        assert done(language) == english


@pytest.mark.parametrize(
    ("language", "amount"),
    [
        ("en", "$68.00"),
        ("de", "68,00\N{NO-BREAK SPACE}$"),
        ("ja", "$68.00"),
        ("zh-Hans", "US$68.00"),
        ("ar", "68.00\N{NO-BREAK SPACE}US$\N{LEFT-TO-RIGHT MARK}"),
    ],
)
def test_an_amount_is_written_as_its_language_writes_it(
    shop: Site, language: str, amount: str
) -> None:
    visitor = shop.visit(language=language)
    visitor.add(shop.item("Walnut Wall Clock"), quantity=2)
    assert amount in html.unescape(visitor.get("/basket/").text)


def test_a_whole_order_can_be_placed_in_arabic(shop: Site) -> None:
    visitor = shop.visit(language="ar")
    visitor.add(shop.item("Medjool Dates Gift Box"))
    pages = [page.text for page in visitor.order() if page.status_code == 200]
    assert "شكرًا لطلبك" in pages[-1]
    for page in pages:
        for english in ("Continue", "First name", "Country", "Place order", "Delivery", "Total"):
            assert f">{english}" not in page
        assert 'dir="rtl"' in page
    assert any('<option value="JP">اليابان</option>' in page for page in pages)


def test_pages_in_other_languages_stay_small(shop: Site, look: Look) -> None:
    for language in ("ja", "ar"):
        visitor = shop.visit({"promote": {"tag": "clock"}}, language=language)
        for page in look(visitor, "/", "/search/?q=gift", language=language):
            assert page.cut == 0


def test_messages_are_compiled_again_where_an_earlier_start_was_killed(
    start_site: StartSite, tmp_path: Path
) -> None:
    left = tmp_path / "cache" / "sites" / "messages-unfinished" / "de" / "LC_MESSAGES"
    left.mkdir(parents=True)
    (left / "django.mo").write_bytes(b"cut sh")
    site = start_site(cache=tmp_path / "cache")
    assert "In den Warenkorb" in site.visit(language="de").get("/").text
    assert not (tmp_path / "cache" / "sites" / "messages-unfinished").exists()
