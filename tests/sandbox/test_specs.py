"""`sites.yaml` and the files of items: every mistake is told with file, line, field and fix."""

from pathlib import Path

import pytest

from comity.errors import ScenarioError
from comity.sandbox.specs import SiteSpec, load_specs

SITES = """\
- id: stall
  title: A stall
  command: ["{python}", stall.py, "{port}"]
  url: http://stall.example/
  items: environments/items.yaml
  pages:
    basket: {path: /cart, each: li.line, empty: .none, product: .sku@data-sku}
"""

ITEMS = """\
- {id: clock, kind: product, title: Clock, tags: [clock], paths: [/product/clock]}
- {id: bowl, kind: product, title: Bowl}
"""


def loaded(root: Path, sites: str = SITES, items: str = ITEMS) -> dict[str, SiteSpec]:
    (root / "environments").mkdir(exist_ok=True)
    (root / "environments/sites.yaml").write_text(sites)
    (root / "environments/items.yaml").write_text(items)
    return load_specs(root / "environments/sites.yaml", root)


def test_a_site_is_known_by_its_pages(tmp_path):
    [spec] = loaded(tmp_path).values()
    assert spec.pages.basket is not None
    assert spec.pages.basket.readings == {"product": ".sku@data-sku"}


def test_the_readmes_example_is_one(tmp_path):
    text = (Path(__file__).parents[2] / "environments/README.md").read_text("utf-8")
    [example] = [part for part in text.split("```")[1::2] if part.startswith("yaml\n- id: stall")]
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/stall-items.yaml").write_text(ITEMS)
    [spec] = loaded(tmp_path, example.removeprefix("yaml\n")).values()
    assert spec.pages.posts is not None
    assert spec.is_alone


def test_cases_are_alone_where_posts_are_seen_by_all_unless_it_is_said_otherwise(tmp_path):
    assert not loaded(tmp_path)["stall"].is_alone
    posts = SITES + "    posts: {path: /book, each: article, empty: form, text: p}\n"
    assert loaded(tmp_path, posts)["stall"].is_alone
    assert not loaded(tmp_path, posts + "  alone: false\n")["stall"].is_alone


MISTAKES = {
    "a sign that nobody sees": (
        "http://stall.example/",
        '"http://stall.example/\\n"',
        r"stall: 'http://stall.example/\n' has a sign that nobody sees; take it out",
    ),
    "neither command nor url": (
        SITES,
        "- {id: stall, title: A stall}\n",
        ":1: stall: a site has a `command` that starts it, or a `url`, or both",
    ),
    "pages beside the protocol": (
        "  url: http://stall.example/\n",
        "",
        ":1: stall: `pages` is for a site without the control protocol, which has a `url`",
    ),
    "no port": (', "{port}"]', "]", "stall: the `command` of a site with a `url` is told its"),
    "a port that nobody gives": (
        '  command: ["{python}", stall.py, "{port}"]\n  url: http://stall.example/\n',
        '  url: "http://stall.example:{port}/"\n',
        ":1: stall: ",
    ),
    "another scheme": ("http://", "ftp://", "is no address of a page, such as http://stall.exa"),
    "a secret": ("//stall", "//me:secret@stall", "leave user and password out"),
    "a rule for the browser": (
        "http://stall.example/",
        "'http://a,MAP * 1.2.3.4/'",
        "is no host name",
    ),
    "https on loopback": ("http://", "https://", "is found on loopback; its `url` is http"),
    "no empty": ("empty: .none, ", "", ":7: stall: pages.basket.empty: is missing; add it"),
    "a misspelt reading": (
        "product: .sku",
        "produkt: .sku",
        ":7: stall: pages.basket.produkt: unknown field; did you mean `product`?",
    ),
    "a path that is none": ("/cart", "//evil.example/", "is no path on the site, such as /basket"),
    "a second site of the id": (SITES, SITES + SITES, ":8: stall: id: stands twice"),
    "no file of items": ("items.yaml", "goods.yaml", "goods.yaml: cannot be read"),
}


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_place_and_its_fix(tmp_path, old, new, message):
    assert old in SITES
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, SITES.replace(old, new))
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: bowl", "id: clock", "environments/items.yaml:2: clock: id: stands twice"),
        ("title: Bowl", "titel: Bowl", "items.yaml:2: bowl: titel: unknown field; did you mean"),
        ("title: Bowl", "title: Bowl, site: forum", "items.yaml:2: bowl: site: is not written"),
        ("title: Bowl", "title: Bowl, paths: ['/show?id=7']", "items.yaml:2: bowl: paths."),
        ("title: Bowl", "title: Bowl, paths: [bowl]", "'bowl' is no path, such as /wall-clock"),
    ],
)
def test_a_mistake_in_the_items_is_told_as_well(tmp_path, old, new, message):
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, items=ITEMS.replace(old, new))
    assert message in str(caught.value)
