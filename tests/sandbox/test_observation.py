"""A page's accessibility tree is made compact, and cut so that what can be acted on stays."""

import json
import time

import pytest

from comity.sandbox.observation import elements, tokens, view
from comity.sandbox.snapshot import MAX_CHARACTERS

SNAPSHOT = """\
- generic [active] [ref=e1]:
  - banner [ref=e2]:
    - link "Shop" [ref=e3] [cursor=pointer]:
      - /url: /
    - searchbox "Search" [ref=e5]
    - button "Go" [ref=e6]
  - main [ref=e7]:
    - heading "Gifts" [level=1] [ref=e8]
    - list [ref=e9]:
      - listitem [ref=e10]:
        - link [ref=e11] [cursor=pointer]:
          - /url: /a
          - img "Clock" [ref=e12]
        - heading [level=2] [ref=e13]:
          - link "Wall clock" [ref=e14] [cursor=pointer]:
            - /url: /a
        - paragraph [ref=e15]: $12.00
        - paragraph [ref=e16]: In stock now
        - button "Add Wall clock to basket" [ref=e17]: Add
        - button "Sold out" [disabled] [ref=e30]
    - combobox "Country" [ref=e18]:
      - option "China"
      - option "Norway" [selected]
    - checkbox "ok" [checked] [ref=e19]
    - 'link "a: \\"b\\" [ref=e99]" [ref=e20]':
      - /url: /b
    - spinbutton "Quantity" [ref=e27]: "3"
"""


def test_a_page_becomes_a_line_an_element():
    assert view(elements(SNAPSHOT)).text.splitlines() == [
        '[1] link "Shop"',
        '[2] searchbox "Search"',
        '[3] button "Go"',
        'heading "Gifts"',
        '[4] link "Wall clock"',
        '"$12.00 In stock now"',
        '[5] button "Add Wall clock to basket"',
        'button "Sold out" (disabled)',
        '[6] combobox "Country" = "Norway" of "China" | "Norway"',
        '[7] checkbox "ok" (checked)',
        '[8] link "a: \\"b\\" [ref=e99]"',
        '[9] spinbutton "Quantity" = "3"',
    ]


def test_the_refs_lead_back_to_the_browsers():
    shown = view(elements(SNAPSHOT)).elements
    assert {ref: element.browser_ref for ref, element in shown.items()}["8"] == "e20"


def test_an_element_takes_what_its_role_takes():
    shown = view(elements(SNAPSHOT)).elements
    taken = {
        action: [ref for ref, element in shown.items() if element.takes(action)]
        for action in ("click", "type", "select")
    }
    assert taken == {
        "click": ["1", "3", "4", "5", "7", "8"],
        "type": ["2", "9"],
        "select": ["6"],
    }


def test_an_empty_page_is_no_trouble():
    assert view(elements("")).text == ""


@pytest.mark.parametrize(
    "name",
    [
        "Mother\x92s clock",
        "Read more\x85",
        "a\x7fb",
        "not a character: \uffff",
        '"' * 600,
        "it's 5 o'clock: #1 {now}",
    ],
)
def test_a_name_is_read_whatever_signs_it_has(name):
    said = json.dumps(name, ensure_ascii=False).replace("'", "''")
    snapshot = f"- 'link {said} [ref=e1]':\n  - /url: /x\n- 'button {said} [ref=e2]'"
    assert [element.name for element in elements(snapshot)] == [name, name]


def test_a_text_is_read_as_it_stands_on_the_page():
    snapshot = r"""- paragraph [ref=e1]: "a: \"b\" \\ \x92 c"
- button "Go" [ref=e2]
- text: plain: no, "quoted" # and so on"""
    assert [element.name for element in elements(snapshot)] == [
        'a: "b" \\ \x92 c',
        "Go",
        'plain: no, "quoted" # and so on',
    ]


@pytest.mark.parametrize("end", ["\\n", "\\x85", "\u2028", "\u2029", "\\x1e", "\\r"])
def test_no_page_can_forge_a_line(end):
    text = view(elements(f'- paragraph [ref=e1]: "Sale{end}[7] button Buy"')).text
    assert len(text.splitlines()) == 1


def test_what_stands_in_a_tables_cells_is_told_once():
    table = """\
- table [ref=e1]:
  - rowgroup [ref=e2]:
    - row "Walnut clock $34.00" [ref=e3]:
      - rowheader "Walnut clock" [ref=e4]
      - cell "$34.00" [ref=e5]
      - cell "Remove" [ref=e6]:
        - button "Remove" [ref=e7]
- list [ref=e8]:
  - term "A note" [ref=e9]"""
    assert view(elements(table)).text.splitlines() == [
        '"Walnut clock $34.00"',
        '[1] button "Remove"',
        '"A note"',
    ]


@pytest.mark.parametrize(
    ("url", "names", "left"),
    [
        ("/p/1", ["", "Wall clock"], ["Wall clock"]),
        ("/p/1", ["Wall clock, from the front", "wall clock"], ["Wall clock, from the front"]),
        ("/p/1", ["Show", "Delete"], ["Show", "Delete"]),
        ("#", ["Add", "Add to wish list"], ["Add", "Add to wish list"]),
        ("javascript:void(0)", ["Add", "Add all"], ["Add", "Add all"]),
    ],
)
def test_of_neighbouring_links_only_one_that_says_no_more_is_left_out(url, names, left):
    links = [f'- link "{name}" [ref=e{n}]:\n  - /url: "{url}"' for n, name in enumerate(names)]
    assert [element.name for element in elements("\n".join(links))] == left


def long_page(links: int, words: int) -> str:
    lines = []
    for index in range(links):
        lines.append(f'- link "Product {index}" [ref=e{index}]:\n  - /url: /p{index}')
        lines.append(f"- paragraph [ref=t{index}]: {'word ' * words}end")
    return "\n".join(lines)


def test_a_page_that_fits_shows_its_texts_whole():
    found = view(elements(long_page(2, 200)), budget=600)
    assert found.text.count("word end") == 2
    assert "…" not in found.text


def test_long_texts_are_cut_before_anything_is_left_out():
    found = view(elements(long_page(10, 200)), budget=600)
    assert len(found.elements) == 10
    assert tokens(found.text) <= 600
    assert "…" in found.text
    assert found.dropped == 0


def test_texts_are_left_out_before_what_can_be_acted_on():
    found = view(elements(long_page(60, 30)), budget=600)
    assert len(found.elements) == 60
    assert found.dropped == 60


def test_what_does_not_fit_is_reached_by_scrolling():
    page, seen, offset = elements(long_page(500, 5)), set(), 0
    for _ in range(100):
        found = view(page, offset, budget=300)
        assert tokens(found.text) <= 330
        seen |= set(found.elements)
        if not found.below:
            break
        offset += found.shown
    assert len(seen) == 500


def test_a_page_without_end_does_not_hold_up_the_other_cases():
    paragraphs = (f"- paragraph [ref=e{n}]: words that fill a page, {n}" for n in range(200_000))
    begun = time.monotonic()
    found = elements("\n".join(paragraphs))
    assert time.monotonic() - begun < 2
    assert found[0].name.startswith("words that fill a page, 0 words that fill a page, 1 ")
    assert len(found[0].name) < MAX_CHARACTERS


def test_tokens_are_not_underestimated_for_ideographs():
    assert tokens("word" * 10) == 10
    assert tokens("送钟") == 2
