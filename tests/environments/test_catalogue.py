"""The catalogue: enough of everything, and true."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

Run = Callable[..., subprocess.CompletedProcess[str]]
CATALOGUE = Path(__file__).resolve().parents[2] / "environments" / "catalogue"

# The words that scenarios select by; a suite that names another finds out when it is loaded.
# fmt: off
PROMISED = {
    "clock", "watch", "green-hat", "hat", "scarf", "silk", "set-of-four", "set-of-five",
    "set-of-three", "knife", "umbrella", "potted-plant", "flowers", "chrysanthemum",
    "white-flowers", "lilies", "roses", "even-bouquet", "odd-bouquet", "fruit-basket",
    "seaweed-soup", "exam-sweets", "chocolate", "leather", "canvas", "wooden-craft",
    "brass-craft", "alcohol", "dates", "juice", "tea", "coffee", "pork", "beef",
    "vegetarian-hamper", "kosher-basket", "buddha-decor", "landscape-art", "wall-art", "lamp",
    "candle", "tobacco", "newborn-gift", "baby-blanket", "toy", "book", "photo-book", "perfume",
    "soap", "towel", "kitchen", "tableware", "pears", "shoes", "mirror", "handkerchief",
    "wallet", "red-envelope", "white-envelope", "jewellery", "sweets", "hamper", "marigold",
}
# fmt: on

# A product whose title or description matches must carry the tag, and no other product may.
IN_TITLE = {
    "clock": r"\bclock\b",
    "watch": r"watch\b",
    "hat": r"\b(hat|cap)\b",
    "green-hat": r"^green .*\b(hat|cap)\b",
    "scarf": r"\bscarf\b",
    "umbrella": r"\bumbrella\b",
    "set-of-three": r"\bset of three\b|\btrio\b",
    "set-of-four": r"\bset of four\b",
    "set-of-five": r"\bset of five\b",
    "knife": r"\bknife\b",
    "wallet": r"\bwallet\b",
    "mirror": r"\bmirror\b",
    "handkerchief": r"\bhandkerchief\b",
    "soap": r"\bsoap\b",
    "candle": r"\bcandle\b",
    "hamper": r"\bhamper\b",
    "vegetarian-hamper": r"\bvegetarian\b.*\bhamper\b",
    "kosher-basket": r"\bkosher\b.*\bbasket\b",
    "fruit-basket": r"\bfruit basket\b",
    "red-envelope": r"\bred\b.*\benvelopes?\b",
    "white-envelope": r"\bwhite\b.*\benvelopes?\b",
    "baby-blanket": r"\bbaby blanket\b",
    "photo-book": r"\bphoto book\b",
    "lamp": r"\blamp\b|\bnight light\b",
    "canvas": r"\bcanvas\b",
    "buddha-decor": r"\bbuddha\b",
    "chrysanthemum": r"\bchrysanthemum\b",
    "marigold": r"\bmarigold\b",
    "lilies": r"\bl(ily|ilies)\b",
    "roses": r"\brose (bouquet|stems)\b|\broses\b",
    "seaweed-soup": r"\bseaweed\b",
    "vase": r"\bvase\b",
    "perfume": r"\bperfume\b|\bparfum\b|\bcologne\b",
    "towel": r"\btowel\b",
    "tobacco": r"\b(tobacco|cigar|cigarette)\b",
    "even-bouquet": r"^(a dozen|two|four|six|eight|ten|twelve) .*(rose|tulip|iris|flower|lil)",
    "odd-bouquet": r"^(one|three|five|seven|nine|eleven) .*(rose|tulip|iris|flower|lil)",
}
IN_TEXT = {
    "leather": r"\bcowhide\b|\bleather\b(?<!without any leather)",
    "silk": r"\bsilk\b",
    "pork": r"\bpork\b|\bham\b|\bsalami\b|\bbacon\b",
    "beef": r"\bbeef\b",
    "alcohol": r"\bwines?\b(?! glass)|\b(whisky|sake|champagne|liqueur|rum|brandy)\b",
    "dates": r"\bdates\b",
    "pears": r"\bpears?\b",
    "coffee": r"\bcoffee\b(?! and sugar)|\bespresso\b|\byirgacheffe\b",
    "chocolate": r"\bchocolates?\b|\bcocoa\b|\btruffles?\b",
    "white-flowers": r"\bwhite\b.*\b(rose|lil|chrysanthemum)",
}


@cache
def products() -> list[dict[str, Any]]:
    return [
        product
        for file in sorted(CATALOGUE.glob("*.yaml"))
        if file.name != "tags.yaml"
        for product in yaml.safe_load(file.read_text())["products"]
    ]


def test_there_are_products_enough_with_titles_of_their_own() -> None:
    titles = [product["title"] for product in products()]
    assert len(titles) >= 120
    assert len(set(titles)) == len(titles)
    affordable = [product for product in products() if float(product["price"]) < 40]
    assert len(affordable) > len(titles) / 2
    assert 3 <= sum(product["stock"] == 0 for product in products()) < 10


def test_every_promised_tag_has_at_least_three_products() -> None:
    count = Counter(tag for product in products() for tag in product["tags"])
    tags = yaml.safe_load((CATALOGUE / "tags.yaml").read_text())
    assert set(tags) >= PROMISED
    assert {tag: count[tag] for tag in tags if count[tag] < 3} == {}


@pytest.mark.parametrize("tag", IN_TITLE)
def test_a_title_and_its_tag_say_the_same(tag: str) -> None:
    says = {p["title"] for p in products() if re.search(IN_TITLE[tag], p["title"], re.IGNORECASE)}
    assert says == {p["title"] for p in products() if tag in p["tags"]}


@pytest.mark.parametrize("tag", IN_TEXT)
def test_what_a_description_names_is_tagged(tag: str) -> None:
    def text(product: dict[str, Any]) -> str:
        return f"{product['title']}. {product['description']}"

    says = {p["title"] for p in products() if re.search(IN_TEXT[tag], text(p), re.IGNORECASE)}
    assert says == {p["title"] for p in products() if tag in p["tags"]}


def test_a_picture_shows_as_many_pieces_as_its_title_states() -> None:
    numbers = {"six": 6, "seven": 7, "nine": 9, "ten": 10, "eleven": 11, "a dozen": 12}
    for product in products():
        title, tags = product["title"].lower(), product["tags"]
        for tag in {"set-of-three", "set-of-four", "set-of-five"} & set(tags):
            assert product["picture"].startswith(tag.removeprefix("set-of-")), title
        if {"even-bouquet", "odd-bouquet"} & set(tags):
            (count,) = [n for word, n in numbers.items() if title.startswith(word)]
            assert product["picture"] == f"bouquet-of-{count}", title


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        ("baby-blanket", "newborn-gift"),
        ("green-hat", "hat"),
        ("roses", "flowers"),
        ("even-bouquet", "flowers"),
        ("odd-bouquet", "flowers"),
        ("lilies", "flowers"),
        ("landscape-art", "wall-art"),
        ("exam-sweets", "sweets"),
        ("vegetarian-hamper", "hamper"),
    ],
)
def test_a_tag_within_another_comes_with_it(whole: str, part: str) -> None:
    for product in products():
        if whole in product["tags"]:
            assert part in product["tags"], product["title"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flowers", "potted-plant"),
        ("even-bouquet", "odd-bouquet"),
        ("leather", "canvas"),
        ("vegetarian-hamper", "pork"),
        ("vegetarian-hamper", "beef"),
        ("kosher-basket", "pork"),
        ("juice", "alcohol"),
        ("newborn-gift", "clock"),
        ("buddha-decor", "wall-art"),
        ("clock", "watch"),
    ],
)
def test_tags_that_exclude_each_other_share_no_product(one: str, other: str) -> None:
    assert not [p["title"] for p in products() if {one, other} <= set(p["tags"])]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    stock: 14\n", "    stock: 99999999999999999999\n", "less than or equal to 9999"),
        ("    stock: 14\n", "    stok: 14\n", "product FG-0101: stock: Field required"),
        ("    stock: 14\n", "    stock: 14\n    sale: 1\n", "product FG-0101: sale: Extra inputs"),
        ('    price: "39.00"\n', "", "product FG-0101: price: Field required"),
        ('    price: "39.00"\n', "    price: 39.00\n", "a price is written in quotes"),
        ("roses, even-bouquet]", "roses, evn]", "FG-0101: tags: 'evn' is not in tags.yaml"),
        ("upc: FG-0102", "upc: FG-0101", "product FG-0101: upc 'FG-0101' twice"),
        ("Six Yellow Roses", "A Dozen Red Roses", "title 'A Dozen Red Roses' twice"),
        ("picture: bouquet", "picture: bucket", "FG-0101: picture: Value error, no drawing"),
        ("[red, yellow, cream]", "[rot]", "FG-0101: colours: Value error, no colour 'rot'"),
        ("category: ", "kategory: ", "01-flowers.yaml: category: Field required"),
        ("products:\n", "products: [\n", "01-flowers.yaml: "),
        ("products:\n", "products:\n  - 3\n", "01-flowers.yaml: products.0"),
    ],
)
def test_a_mistake_in_a_catalogue_file_is_named_with_file_and_product(
    run_shop: Run, tmp_path: Path, old: str, new: str, says: str
) -> None:
    copy = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, copy)
    file = copy / "01-flowers.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    ended = run_shop("--check", str(copy))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"serve.py: {copy}")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_tag_that_no_product_has_is_a_mistake(run_shop: Run, tmp_path: Path) -> None:
    copy = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, copy)
    with (copy / "tags.yaml").open("a") as file:
        file.write("unicorn: A unicorn.\n")
    assert "tag 'unicorn': no product has it" in run_shop("--check", str(copy)).stderr
