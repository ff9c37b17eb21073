"""What a visitor of the forum sees."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2 as httpx
import pytest
import yaml

if TYPE_CHECKING:
    from tests.environments.conftest import Site, StartSite, Visitor

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
SUBJECT = re.compile(r'<a class="subject" href="([^"]+)"><bdi>([^<]+)</bdi></a>')
MANY = 20


def subjects(page: httpx.Response) -> list[str]:
    """Return the titles of the topics that a page lists, in its order."""
    return [html.unescape(title) for _, title in SUBJECT.findall(page.text)]


def train(forum: Site) -> str:
    """Return the path of a topic with five posts."""
    return str(next(i["paths"][0] for i in forum.items() if i["id"] == "sleeper-train-packing"))


def authors(page: httpx.Response) -> list[str]:
    """Return who wrote the posts that a page shows, in its order."""
    return re.findall(r'<p class="by">.*?<a href="/member/([a-z]+)/"', page.text, re.DOTALL)


def posts(page: httpx.Response) -> list[str]:
    """Return the ids of the posts that a page shows, in its order."""
    return re.findall(r'id="post-(\d+)"', page.text)


def journey(visitor: Visitor, path: str) -> list[bytes]:
    """Return the bytes of every page from the home page to an edited reply and a topic."""
    pages = [
        visitor.get("/"),
        visitor.get("/board/travel-1/"),
        visitor.get("/board/travel-1/", page="2"),
        visitor.get("/search/", q="night train"),
        visitor.get(path),
        visitor.post(f"{path}{posts(visitor.get(path))[1]}/like/"),
        visitor.get(f"{path}reply/"),
        visitor.post(f"{path}reply/", text="Thank you, slippers it is."),
        visitor.get(path),
        visitor.get("/board/food-2/start/"),
        visitor.post("/board/food-2/start/", title="Which soup?", text="It is cold here."),
        visitor.get("/board/food-2/"),
        visitor.get("/member/robin/"),
        visitor.get("/member/kofi/"),
        visitor.get("/no/such/page"),
        visitor.get("/"),
    ]
    return [page.content for page in pages]


def test_the_same_forum_journey_is_byte_identical_in_two_sandboxes_and_two_processes(
    forum: Site, start_site: StartSite
) -> None:
    path = train(forum)
    first = journey(forum.visit(member=True), path)
    assert b"Thank you, slippers it is." in first[8]
    assert b"Which soup?" in first[-1]
    assert journey(forum.visit(member=True), path) == first
    other = start_site()
    other.name = "forum"
    assert journey(other.visit(member=True), path) == first


def test_a_guest_reads_everything_and_is_offered_nothing_to_write(forum: Site) -> None:
    guest = forum.visit()
    for path in ("/", "/board/travel-1/", train(forum), "/search/?q=train", "/member/kofi/"):
        page = guest.get(path)
        assert page.status_code == 200
        assert "Sign in is by invitation" in page.text
        for words in ("Reply to", "Start a topic", "<button class", "Edit your post"):
            assert words not in page.text
        assert "set-cookie" not in page.headers


def test_a_member_finds_what_to_do_by_its_name(forum: Site) -> None:
    member = forum.visit(member=True)
    board, page = member.get("/board/travel-1/").text, member.get(train(forum)).text
    assert ">Start a topic</a>" in board
    assert ">Reply to this topic</a>" in page
    assert 'aria-label="Like the post by olga">Like</button>' in page
    form = member.get(f"{train(forum)}reply/").text
    assert '<label for="id_text">Your reply</label>' in form
    assert ">Post reply</button>" in form
    assert "I have a bunk on the night train" in form


def test_posts_are_sorted_by_likes_after_the_one_that_opens_the_topic(forum: Site) -> None:
    visitor = forum.visit(member=True)
    assert authors(visitor.get(train(forum))) == ["bao", "olga", "marta", "sven", "hannah"]
    oldest = visitor.get(train(forum), sort="oldest")
    assert authors(oldest) == ["bao", "olga", "sven", "marta", "hannah"]
    assert authors(visitor.get(train(forum), sort="nonsense"))[2] == "marta"


def test_a_like_moves_a_post_up_among_its_equals(forum: Site) -> None:
    visitor = forum.visit(
        {
            "replies": {
                "to": {"tag": "sleeper-train"},
                "posts": [
                    {"by": "kofi", "likes": 1, "text": "Take a torch."},
                    {"by": "yuki", "likes": 1, "text": "Take a book."},
                ],
            }
        },
        member=True,
    )
    page = visitor.get(train(forum))
    assert authors(page)[-3:] == ["hannah", "kofi", "yuki"]
    visitor.post(f"{train(forum)}{posts(page)[-1]}/like/")
    assert authors(visitor.get(train(forum)))[-3:] == ["yuki", "hannah", "kofi"]


def test_a_reply_leads_to_the_page_that_it_stands_on(forum: Site) -> None:
    visitor = forum.visit(member=True)
    for number in range(MANY):
        answer = visitor.post(f"{train(forum)}reply/", text=f"Reply number {number}.")
    place = answer.headers["location"]
    page = visitor.get(place.partition("#")[0])
    assert f"Reply number {MANY - 1}." in page.text
    assert f'id="{place.partition("#")[2]}"' in page.text
    assert "Your reply was posted." in page.text
    shown = []
    path = train(forum)
    while True:
        page = visitor.get(path)
        assert len(authors(page)) <= 8
        shown += posts(page)
        following = re.search(r'href="([^"]+)">Next page', page.text)
        if following is None:
            break
        path = train(forum) + html.unescape(following[1])
    assert len(shown) == len(set(shown)) == 5 + MANY


def test_a_board_shows_the_newest_activity_first_and_each_topic_once(forum: Site) -> None:
    visitor = forum.visit(member=True)
    title = next(i["title"] for i in forum.items() if i["id"] == "sleeper-train-packing")
    assert subjects(visitor.get("/board/travel-1/"))[0] != title
    visitor.post(f"{train(forum)}reply/", text="I am back, it was lovely.")
    first = visitor.get("/board/travel-1/")
    assert subjects(first)[0] == title
    assert "6 posts, latest by robin" in first.text
    seen, path = [], "/board/travel-1/"
    while True:
        page = visitor.get(path)
        assert len(subjects(page)) <= 12
        seen += subjects(page)
        following = re.search(r'href="([^"]+)">Next page', page.text)
        if following is None:
            break
        path = "/board/travel-1/" + html.unescape(following[1])
    assert len(seen) == len(set(seen)) > 12


def test_a_topic_is_found_by_its_title(forum: Site) -> None:
    visitor = forum.visit()
    for item in forum.items()[::6]:
        found = subjects(visitor.get("/search/", q=item["title"]))
        assert item["title"] in found[:3], item["title"]


def test_words_in_a_title_come_before_words_in_a_post(forum: Site) -> None:
    visitor = forum.visit(member=True)
    visitor.post("/board/food-2/start/", title="Some evening", text="We ate a quokkaberry pie.")
    visitor.post("/board/food-2/start/", title="Quokkaberry pies", text="How long in the oven?")
    found = visitor.get("/search/", q="the quokkaberry pie")
    assert subjects(found)[:2] == ["Quokkaberry pies", "Some evening"]
    assert "We ate a quokkaberry pie." in found.text


@pytest.mark.parametrize("query", ["夜行", "列車の旅", "夜行列車", "火車", "坐火車旅行", "기차"])
def test_chinese_japanese_and_korean_are_found_within_a_word(forum: Site, query: str) -> None:
    visitor = forum.visit(member=True)
    visitor.post("/board/travel-1/start/", title="夜行列車の旅はどうですか", text="坐火車旅行好嗎")
    visitor.post("/board/travel-1/start/", title="Another one", text="기차 여행")
    found = subjects(visitor.get("/search/", q=query))
    assert found == (["Another one"] if query == "기차" else ["夜行列車の旅はどうですか"])


def test_a_search_without_a_telling_word_finds_nothing(forum: Site) -> None:
    visitor = forum.visit()
    for query in ("", "   ", "!?", "%", "_", "what is it about"):
        assert "No topics found" in visitor.get("/search/", q=query).text


@pytest.mark.parametrize(
    "target",
    [
        "q=%00",
        "q=train%00",
        "q=%ED%A0%80",
        "q=%FF%FE",
        "q=" + "train+" * 3_000,
        "q=" + "x" * 50_000,
        "q=" + "%F0%9F%9A%86" * 500,
        "q='+OR+1=1--",
        "q=<script>alert(1)</script>",
        "q[]=train",
        "",
    ],
)
def test_a_hostile_search_gets_a_page(forum: Site, target: str) -> None:
    page = forum.visit().get(f"/search/?{target}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/topic/x-99999999999999999999/",
        "/topic/wrong-slug-1/",
        "/topic/x-1/",
        "/board/travel-99/",
        "/board/travel-1/?page=0",
        "/board/travel-1/?page=99999999999999999999",
        "/board/travel-1/?page=x",
        "/search/?q=train&page=-1",
        "/member/nobody/",
        "/member/%00/",
        "/login/",
        "/admin/",
        "/feeds/",
        "/moderation/",
        "/forum/travel-1/",
        "/basket/",
        "/%00",
    ],
)
def test_what_the_forum_does_not_have_is_not_found(forum: Site, path: str) -> None:
    page = forum.visit(member=True).get(path)
    assert page.status_code == 404
    assert "Traceback" not in page.text
    assert "Fernhill" not in page.text


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("reply/", {}),
        ("reply/", {"text": ""}),
        ("reply/", {"text": " \r\n\t "}),
        ("reply/", {"text": "x" * 4001}),
        ("reply/", {"text": "a\x00b"}),
        ("reply/", {"content": "the wrong field"}),
        ("99999999999999999999/like/", {}),
        ("99999999999999999999/edit/", {"text": "Mine."}),
        ("999999/unlike/", {}),
    ],
)
def test_a_hostile_form_of_the_forum_changes_nothing(
    forum: Site, page: str, fields: dict[str, str]
) -> None:
    visitor = forum.visit(member=True)
    assert visitor.post(f"{train(forum)}{page}", **fields).status_code in (200, 404)
    assert visitor.state()["changed"] == []
    assert visitor.get("/").status_code == 200


@pytest.mark.parametrize("title", ["", " ", "x" * 121, "a\x00b"])
def test_a_topic_needs_a_title_that_fits(forum: Site, title: str) -> None:
    visitor = forum.visit(member=True)
    page = visitor.post("/board/food-2/start/", title=title, text="A text that is kept.")
    assert page.status_code == 200
    assert "A text that is kept." in page.text
    assert 'class="error"' in page.text
    assert visitor.state()["changed"] == []


def test_a_title_without_any_letter_still_has_a_page(forum: Site) -> None:
    visitor = forum.visit(member=True)
    started = visitor.post("/board/food-2/start/", title="?!?", text="Nothing to say.")
    assert "?!?" in visitor.get(started.headers["location"]).text


def test_a_post_is_found_under_its_own_topic_alone(forum: Site) -> None:
    visitor = forum.visit(member=True)
    other = next(
        item["paths"][0] for item in forum.items() if item["id"] == "potluck-supper-twelve"
    )
    (post, *_) = posts(visitor.get(other))
    assert visitor.post(f"{train(forum)}{post}/like/").status_code == 404
    assert visitor.post(f"{other}{post}/like/").status_code == 302


def test_liking_needs_a_form(forum: Site) -> None:
    assert forum.visit(member=True).get(f"{train(forum)}1/like/").status_code == 405


def test_what_a_member_writes_is_shown_as_text(forum: Site) -> None:
    visitor = forum.visit(member=True)
    hostile = (
        '<img src=x onerror=alert(1)> **bold** [link](javascript:alert(1)) {{ 7|add:"1" }}\n'
        "{% debug %} </div></article> &lt;script&gt;\n\n# A heading http://elsewhere.example/"
    )
    started = visitor.post("/board/food-2/start/", title=f"Title {hostile}"[:100], text=hostile)
    visitor.post(f"{started.headers['location']}reply/", text=hostile)
    for path in (started.headers["location"], "/", "/board/food-2/", "/member/robin/"):
        page = visitor.get(path).text
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert "<strong>" not in page
        assert 'href="http://elsewhere' not in page
    text = visitor.get(started.headers["location"]).text
    assert "&lt;img src=x onerror=alert(1)&gt; **bold** [link](javascript:alert(1))" in text
    assert "&amp;lt;script&amp;gt;" in text
    assert "<p># A heading http://elsewhere.example/</p>" in text
    assert "<br>{% debug %}" in text


def test_a_topic_cannot_take_the_place_of_another(forum: Site) -> None:
    """A member gives a topic the title of a tagged one: it has another path, and no tags."""
    visitor = forum.visit(member=True)
    title = next(i["title"] for i in forum.items() if i["id"] == "sleeper-train-packing")
    started = visitor.post("/board/travel-1/start/", title=title, text="The same again.")
    path = started.headers["location"]
    assert path != train(forum)
    visitor.post(f"{path}reply/", text="And on.")
    assert [post["tags"] for post in visitor.state()["posts"]] == [[]]


def test_no_page_of_the_forum_asks_another_host_for_anything(forum: Site) -> None:
    visitor = forum.visit(member=True)
    path = train(forum)
    pages = ["/", "/board/travel-1/", path, f"{path}reply/", "/board/travel-1/start/"]
    pages += ["/search/?q=train", "/member/kofi/", "/no/such/page"]
    for page in map(visitor.get, pages):
        assert "//" not in re.sub(r"<!DOCTYPE html>", "", page.text)
        assert "<script" not in page.text
        for asset in re.findall(r'(?:src|href)="(/[^"]*\.(?:svg|css))"', page.text):
            assert visitor.get(asset).status_code == 200


@pytest.mark.long
def test_no_page_of_the_forum_depends_on_a_tag(
    forum: Site, start_site: StartSite, tmp_path: Path
) -> None:
    """Rename every tag: if any page showed one, that page would differ."""
    copy = tmp_path / "environments"
    shutil.copytree(ENVIRONMENTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    tags = copy / "threads" / "tags.yaml"
    meanings = yaml.safe_load(tags.read_text())
    tags.write_text(yaml.safe_dump({f"zz-{tag}": text for tag, text in meanings.items()}))
    for file in (copy / "threads").glob("*/*.yaml"):
        topics = yaml.safe_load(file.read_text())
        for topic in topics:
            topic["tags"] = [f"zz-{tag}" for tag in topic.get("tags", [])]
        file.write_text(yaml.safe_dump(topics, allow_unicode=True))
    other = start_site(environments=copy)
    other.name = "forum"
    tagged = [tag for item in other.items() for tag in item["tags"]]
    assert tagged
    assert all(tag.startswith("zz-") for tag in tagged)
    here, there = forum.visit(), other.visit()
    paths = ["/", "/search/?q=sleeper-train", "/search/?q=night+train", "/member/kofi/"]
    for path in paths + [item["paths"][0] for item in forum.items()[::7]]:
        assert here.get(path).text == there.get(path).text, path
        assert "zz-" not in there.get(path).text


def test_pages_look_lived_in(forum: Site) -> None:
    """Topics were opened over months, by many, and well before the clock stood still."""
    visitor = forum.visit()
    months, members = set(), set()
    for item in forum.items():
        page = visitor.get(item["paths"][0], sort="oldest")
        dates = re.findall(r'<span class="meta">([A-Z][a-z]+)\.? \d+, (\d{4})', page.text)
        months.add(dates[0])
        members.update(authors(page))
        assert ("June", "2026") not in dates
    assert len(months) >= 7
    assert len(members) == 20


@pytest.mark.parametrize(
    ("asked", "language", "direction"),
    [
        ("en", "en", "ltr"),
        ("en-GB", "en", "ltr"),
        ("de-AT", "de", "ltr"),
        ("ja", "ja", "ltr"),
        ("zh-CN", "zh-hans", "ltr"),
        ("zh-Hant", "zh-hans", "ltr"),
        ("ar-EG", "ar", "rtl"),
        ("AR", "ar", "rtl"),
        ("sw", "en", "ltr"),
    ],
)
def test_a_sandbox_is_answered_in_the_nearest_language(
    forum: Site, asked: str, language: str, direction: str
) -> None:
    visitor = forum.visit(language=asked)
    for path in ("/", train(forum), "/no/such/page"):
        assert f'<html lang="{language}" dir="{direction}">' in visitor.get(path).text
    assert '<html lang="en" dir="ltr">' in forum.visit().get("/").text
