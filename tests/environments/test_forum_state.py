"""What the forum's sandboxes begin with, and what is read from them afterwards."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.environments.conftest import Site, Visitor

TRAIN, SUPPER, KNIFE = "sleeper-train-packing", "potluck-supper-twelve", "knife-sharpening-home"
OPENING = "I have a bunk on the night train"
STAGE: dict[str, Any] = {
    "replies": {
        "to": {"tag": "sleeper-train"},
        "posts": [
            {"by": "kofi", "likes": 18, "text": "Take the biggest bag that you own."},
            {"by": "mei", "likes": 14, "text": "What kofi says.\n\nThe biggest."},
            {"by": "yuki", "likes": 2, "text": "A small one will do."},
            {"by": "kofi", "text": "I stand by it."},
        ],
    }
}


def topic(forum: Site, name: str) -> dict[str, Any]:
    return next(item for item in forum.items() if item["id"] == name)


def opening(forum: Site, name: str) -> int:
    """Return the id of the post that opens a topic."""
    page = forum.visit().get(topic(forum, name)["paths"][0]).text
    return int(re.findall(r'id="post-(\d+)"', page)[0])


def reply(forum: Site, visitor: Visitor, name: str, text: str) -> None:
    answer = visitor.post(topic(forum, name)["paths"][1], text=text)
    assert answer.status_code == 302, answer.text


def like(forum: Site, visitor: Visitor, name: str, post: int, verb: str = "like") -> int:
    return visitor.post(f"{topic(forum, name)['paths'][0]}{post}/{verb}/").status_code


def test_a_sandbox_of_the_forum_starts_on_its_host_as_a_guest(forum: Site) -> None:
    made = forum.control("POST", "sandboxes", json={"site": "forum"}).json()
    assert made["start_url"] == "http://mulberry.example/"
    assert made["cookies"] == []


def test_a_member_comes_with_a_session_for_the_forum_alone(forum: Site) -> None:
    asked = {"site": "forum", "member": True}
    made = forum.control("POST", "sandboxes", json=asked).json()
    (cookie,) = made["cookies"]
    assert (cookie["name"], cookie["domain"], cookie["path"]) == (
        "sessionid",
        "mulberry.example",
        "/",
    )
    visitor = forum.visit(member=True)
    page = visitor.get("/")
    assert "Signed in as robin" in page.text
    assert visitor.client.cookies["sessionid"] not in page.text
    assert visitor.state()["changed"] == []


def test_a_session_opens_no_other_sandbox(forum: Site) -> None:
    member, guest = forum.visit(member=True), forum.visit()
    guest.client.cookies = member.client.cookies
    assert "Signed in" not in guest.get("/").text


def test_looking_around_the_forum_changes_nothing(forum: Site) -> None:
    for member in (False, True):
        visitor = forum.visit(member=member)
        path, answer = topic(forum, TRAIN)["paths"]
        for page in ("/", path, f"{path}?sort=oldest", "/search/?q=train", "/member/kofi/"):
            assert visitor.get(page).status_code == 200
        assert visitor.get(answer).status_code == (200 if member else 403)
        assert visitor.state()["changed"] == []


def test_a_reply_is_read_with_the_tags_of_its_topic(forum: Site) -> None:
    visitor = forum.visit(member=True)
    reply(forum, visitor, TRAIN, "  Thank you all!\r\n\r\nI will take slippers.\r\nAnd a pencil. ")
    reply(forum, visitor, KNIFE, "A stone it is, then.")
    state = visitor.state()
    first, second = state["posts"]
    assert first == {
        "id": first["id"],
        "topic": topic(forum, TRAIN)["title"],
        "text": "Thank you all!\n\nI will take slippers.\nAnd a pencil.",
        "tags": ["sleeper-train"],
        "edited": False,
    }
    assert (second["text"], second["tags"]) == ("A stone it is, then.", [])
    assert (state["topics"], state["votes"], state["basket"]) == ([], [], [])
    changed = {(row["table"], row["change"]) for row in state["changed"]}
    assert ("forum_conversation_post", "added") in changed
    assert ("forum_conversation_topic", "changed") in changed


def test_a_new_topic_is_read_once_and_replies_in_it_as_posts(forum: Site) -> None:
    visitor = forum.visit(member=True)
    fields = {"title": "Which <soup> for a cold day?", "text": "I have leeks."}
    started = visitor.post("/board/food-2/start/", **fields)
    path = started.headers["location"]
    visitor.post(f"{path}reply/", text="And potatoes, I forgot.")
    state = visitor.state()
    assert state["topics"] == [
        {
            "id": state["topics"][0]["id"],
            "topic": "Which <soup> for a cold day?",
            "text": "I have leeks.",
            "board": "Food",
        }
    ]
    assert [(post["text"], post["tags"], post["edited"]) for post in state["posts"]] == [
        ("And potatoes, I forgot.", [], False)
    ]


def test_an_edit_is_read_as_what_now_stands(forum: Site) -> None:
    visitor = forum.visit(member=True)
    reply(forum, visitor, TRAIN, "First thought.")
    (post,) = visitor.state()["posts"]
    path = f"{topic(forum, TRAIN)['paths'][0]}{post['id']}/edit/"
    assert "First thought." in visitor.get(path).text
    assert visitor.post(path, text="Second thought.").status_code == 302
    assert [(p["id"], p["text"]) for p in visitor.state()["posts"]] == [
        (post["id"], "Second thought.")
    ]
    assert "edited" in visitor.get(topic(forum, TRAIN)["paths"][0]).text


def test_a_topic_of_ones_own_is_edited_with_its_title(forum: Site) -> None:
    visitor = forum.visit(member=True)
    started = visitor.post("/board/work-4/start/", title="An old title", text="An old text.")
    path = started.headers["location"]
    (made,) = visitor.state()["topics"]
    post = max(
        row["row"]["id"]
        for row in visitor.state()["changed"]
        if row["table"] == "forum_conversation_post"
    )
    visitor.post(f"{path}{post}/edit/", title="A new title", text="A new text.")
    (edited,) = visitor.state()["topics"]
    assert edited == {**made, "topic": "A new title", "text": "A new text."}
    assert visitor.state()["posts"] == []
    assert "A new title" in visitor.get(path).text


def test_likes_are_read_and_can_be_taken_back(forum: Site) -> None:
    visitor = forum.visit(member=True)
    before = visitor.get(topic(forum, TRAIN)["paths"][0]).text
    post = opening(forum, TRAIN)
    assert [like(forum, visitor, TRAIN, post) for _ in range(2)] == [302, 302]
    (vote,) = visitor.state()["votes"]
    assert (vote["post"], vote["topic"]) == (str(post), topic(forum, TRAIN)["title"])
    assert vote["text"].startswith(OPENING)
    assert "4 likes" in visitor.get(topic(forum, TRAIN)["paths"][0]).text
    assert like(forum, visitor, TRAIN, post, "unlike") == 302
    assert visitor.state()["votes"] == []
    assert visitor.get(topic(forum, TRAIN)["paths"][0]).text == before


def test_a_guest_can_change_nothing(forum: Site) -> None:
    visitor = forum.visit()
    path, answer = topic(forum, TRAIN)["paths"]
    post = opening(forum, TRAIN)
    attempts = [
        visitor.post(answer, text="Let me in."),
        visitor.post("/board/food-2/start/", title="Let me in", text="Please."),
        visitor.post(f"{path}{post}/edit/", title="Mine now", text="Mine."),
        visitor.post(f"{path}{post}/like/"),
        visitor.post(f"{path}{post}/unlike/"),
    ]
    assert [attempt.status_code for attempt in attempts] == [403] * 5
    assert "only members can write" in attempts[0].text
    assert visitor.state()["changed"] == []


def test_a_member_can_neither_edit_what_others_wrote_nor_like_themselves(forum: Site) -> None:
    visitor = forum.visit(member=True)
    path = topic(forum, TRAIN)["paths"][0]
    edit = f"{path}{opening(forum, TRAIN)}/edit/"
    assert visitor.get(edit).status_code == 403
    assert visitor.post(edit, title="Mine now", text="Mine.").status_code == 403
    assert visitor.state()["changed"] == []
    reply(forum, visitor, TRAIN, "I am great.")
    (post,) = visitor.state()["posts"]
    assert like(forum, visitor, TRAIN, int(post["id"])) == 403
    assert visitor.state()["votes"] == []


def test_staged_replies_stand_in_their_topic_with_their_likes(forum: Site) -> None:
    visitor = forum.visit(STAGE, member=True)
    page = visitor.get(topic(forum, TRAIN)["paths"][0]).text
    places = [
        page.index(text) for text in (OPENING, "biggest bag", "What kofi says", "phone cable")
    ]
    assert places == sorted(places)
    assert "18 likes" in page
    assert "14 likes" in page
    oldest = visitor.get(topic(forum, TRAIN)["paths"][0], sort="oldest").text
    assert oldest.index("phone cable") < oldest.index("biggest bag")
    state = visitor.state()
    assert (state["posts"], state["votes"], state["changed"]) == ([], [], [])
    assert topic(forum, TRAIN)["title"] in visitor.get("/").text


def test_a_staged_sandbox_tells_only_what_was_done_after_it(forum: Site) -> None:
    visitor = forum.visit(STAGE, member=True)
    reply(forum, visitor, TRAIN, "The biggest one, then.")
    assert [post["text"] for post in visitor.state()["posts"]] == ["The biggest one, then."]


def replies(**changes: Any) -> dict[str, Any]:
    post = {"by": "kofi", "likes": 3, "text": "A text.", **changes}
    return {"replies": {"to": {"tag": "sleeper-train"}, "posts": [post]}}


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ({"reply": {}}, "unknown key 'reply'; there are: replies"),
        ({"replies": []}, "stage.replies: expected an object"),
        ({"replies": {"posts": []}}, "stage.replies.to: expected an object"),
        ({"replies": {"to": {"tag": 3}, "posts": []}}, "stage.replies.to.tag: expected a tag"),
        (
            {"replies": {"to": {"tag": "clock"}, "posts": []}},
            "no topic is tagged 'clock'; there are: ",
        ),
        (
            {"replies": {"to": {"tag": "sleeper-train"}, "posts": []}},
            "stage.replies.posts: expected a list of 1 to 12 posts",
        ),
        (
            {"replies": {"to": {"tag": "sleeper-train"}, "posts": [{}] * 13}},
            "stage.replies.posts: expected a list of 1 to 12 posts",
        ),
        ({"replies": {"to": {"tag": "sleeper-train"}}}, "stage.replies.posts: expected a list"),
        (replies(by="nobody"), "stage.replies.posts.0.by: no member 'nobody'; there are: marta"),
        (replies(by="robin"), "stage.replies.posts.0.by: no member 'robin'"),
        (replies(by=None), "stage.replies.posts.0: by: "),
        (replies(likes=19), "stage.replies.posts.0: likes: "),
        (replies(likes=-1), "stage.replies.posts.0: likes: "),
        (replies(likes=True), "stage.replies.posts.0: likes: "),
        (replies(text=""), "stage.replies.posts.0: text: "),
        (replies(text="x" * 4001), "stage.replies.posts.0: text: "),
        (replies(text="x\0"), "stage.replies.posts.0.text: the character U+0000 cannot stand"),
        (replies(text="\x1b[2J"), "stage.replies.posts.0.text: the character U+001B cannot stand"),
        (replies(votes=1), "stage.replies.posts.0: votes: "),
    ],
)
def test_a_stage_that_cannot_be_set_is_told_why(
    forum: Site, stage: dict[str, Any], says: str
) -> None:
    answer = forum.control("POST", "sandboxes", json={"site": "forum", "stage": stage})
    assert answer.status_code == 400
    assert says in answer.json()["error"]


def test_the_catalogue_names_for_each_topic_the_paths_that_open_and_answer_it(forum: Site) -> None:
    items = forum.items()
    paths = [path for item in items for path in item["paths"]]
    assert len(set(paths)) == len(paths) == 2 * len(items)
    visitor = forum.visit(member=True)
    item = topic(forum, SUPPER)
    assert (item["kind"], item["tags"]) == ("topic", ["potluck-supper"])
    assert item["title"] in visitor.get(item["paths"][0]).text
    assert "Post reply" in visitor.get(item["paths"][1]).text


def test_sixteen_sandboxes_over_both_sites_do_not_mix(shop: Site, forum: Site) -> None:
    products = shop.items()[20:28]  # clocks and watches, all of them in stock
    path, answer = topic(forum, TRAIN)["paths"]
    post = opening(forum, TRAIN)

    def act(number: int) -> tuple[int, dict[str, Any]]:
        if number % 2:
            visitor = forum.visit(STAGE if number % 4 == 1 else None, member=True)
            for part in range(3):
                assert visitor.get("/").status_code == 200
                written = visitor.post(answer, text=f"Case {number}, part {part}.")
                assert written.status_code == 302
            assert visitor.post(f"{path}{post}/like/").status_code == 302
        else:
            visitor = shop.visit()
            for _ in range(3):
                assert visitor.get("/").status_code == 200
                assert visitor.add(products[number // 2]).status_code == 302
        return number, visitor.state()

    with ThreadPoolExecutor(16) as pool:
        for number, state in pool.map(act, range(16)):
            basket = [(line["product"], line["quantity"]) for line in state["basket"]]
            posts = [post["text"] for post in state["posts"]]
            if number % 2:
                assert posts == [f"Case {number}, part {part}." for part in range(3)]
                assert (len(state["votes"]), basket) == (1, [])
            else:
                assert basket == [(products[number // 2]["id"], 3)]
                assert (posts, state["votes"]) == ([], [])


def test_a_sandbox_of_the_forum_is_gone_from_disk_once_deleted(forum: Site) -> None:
    visitor = forum.visit(STAGE, member=True)
    reply(forum, visitor, TRAIN, "Soon gone.")
    (workplace,) = forum.workplaces()
    assert list(workplace.glob(f"{visitor.sandbox}*"))
    assert forum.control("DELETE", f"sandboxes/{visitor.sandbox}").status_code == 204
    assert not list(workplace.glob(f"{visitor.sandbox}*"))
    assert visitor.get("/").status_code == 404


def test_a_refused_stage_of_the_forum_leaves_no_file_behind(forum: Site) -> None:
    (workplace,) = forum.workplaces()
    before = sorted(workplace.iterdir())
    forum.control("POST", "sandboxes", json={"site": "forum", "stage": replies(by="nobody")})
    assert sorted(workplace.iterdir()) == before


def test_what_is_written_in_any_script_is_plain_json(forum: Site) -> None:
    visitor = forum.visit(member=True)
    texts = [
        "夜行列車は楽しい。",
        "شكرا جزيلا",
        "🚆 \u202eright to left",
        '\\ud800 \\u0000 "quoted"',
    ]
    for text in texts:
        reply(forum, visitor, TRAIN, text)
    state = json.loads(json.dumps(visitor.state()))
    assert [post["text"] for post in state["posts"]] == texts
