"""The forum's content: enough of everything, and as people write."""

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
THREADS = Path(__file__).resolve().parents[2] / "environments" / "threads"
MEMBERS = {
    *("marta", "kofi", "yuki", "priya", "anders", "fatou", "diego", "mei", "tomasz", "leila"),
    *("aroha", "sven", "nomsa", "emre", "giulia", "bao", "hannah", "ravi", "olga", "samir"),
}
BOARDS = ["travel", "food", "celebrations", "work", "family"]


@cache
def topics() -> tuple[dict[str, Any], ...]:
    files = sorted(THREADS.glob("*/*.yaml"))
    return tuple(topic for file in files for topic in yaml.safe_load(file.read_text()))


def posts() -> list[dict[str, Any]]:
    return [post for topic in topics() for post in topic["posts"]]


def test_there_are_topics_enough_and_each_is_talked_about() -> None:
    assert len(topics()) >= 150
    assert min(len(topic["posts"]) for topic in topics()) >= 4
    for board in BOARDS:
        found = [t for f in (THREADS / board).glob("*.yaml") for t in yaml.safe_load(f.read_text())]
        assert len(found) >= 25, board


def test_twenty_members_write_and_the_visitor_has_written_nothing() -> None:
    names = [member["name"] for member in yaml.safe_load((THREADS / "members.yaml").read_text())]
    assert sorted(names) == sorted([*MEMBERS, "robin"])
    count = Counter(post["by"] for post in posts())
    assert set(count) == MEMBERS
    assert min(count.values()) >= 10
    assert len({topic["posts"][0]["by"] for topic in topics()}) == len(MEMBERS)


def test_likes_differ_as_they_do_where_people_read() -> None:
    given = Counter(post.get("likes", 0) for post in posts())
    assert len(given) >= 10
    assert given[0] < len(posts()) / 2


def test_nobody_writes_the_same_twice() -> None:
    texts = Counter(" ".join(post["text"].split()) for post in posts())
    assert [text for text, count in texts.items() if count > 1] == []


@pytest.mark.parametrize("pattern", [r"https?:|www\.|\.com\b", r"@\w", r"\n{3,}"])
def test_posts_hold_no_links_or_addresses(pattern: str) -> None:
    texts = [topic["title"] for topic in topics()] + [post["text"] for post in posts()]
    assert [text for text in texts if re.search(pattern, text)] == []


def test_the_content_can_be_checked_without_a_token(run_shop: Run) -> None:
    ended = run_shop("--check", COMITY_SITE_TOKEN=None)
    assert ended.returncode == 0, ended.stderr
    assert "products" in ended.stdout
    assert f"{len(topics())} topics" in ended.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("topic", "  title: First", "  titel: First", "topic sleeper-train-packing: title: Field"),
        ("topic", "First sleeper train, what do I keep in the small bag?", "Trains", "title: "),
        ("topic", "      likes: 3\n", "      likes: 19\n", "posts.0.likes: "),
        ("topic", "      likes: 3\n", "      likes: '3'\n", "posts.0.likes: "),
        ("topic", "      likes: 3\n", "      like: 3\n", "posts.0.like: Extra inputs"),
        ("topic", "by: bao", "by: bob", "posts.0.by: 'bob' is not in members.yaml"),
        ("topic", "by: bao", "by: robin", "posts.0.by: robin has written nothing"),
        ("topic", "[sleeper-train]", "[slepper]", "tags: 'slepper' is not in tags.yaml"),
        ("topic", "id: lisbon-hills-pushchair", "id: sleeper-train-packing", "packing' twice"),
        ("topic", "id: lisbon-hills-pushchair", "id: potluck-supper-twelve", "twelve' twice"),
        ("topic", "- id: sleeper-train-packing", "- id: Sleeper Train", "id: String should match"),
        ("topic", "text: Slippers. You", "text: Yes\n      more: You", "posts.2."),
        ("topic", "- id: sleeper-train-packing", "- 3\n- id: sleeper", "topic number 1: "),
        ("topic", "  posts:\n", "  posts: [\n", "first.yaml: "),
        ("members", "name: kofi", "name: marta", "name 'marta' twice"),
        ("members", "name: robin", "name: robyn", "robin, the visitor, is missing"),
        ("members", "joined: 2019", "joined: soon", "member marta: joined: "),
        ("boards", "{id: work,", "{id: food,", "id 'food' twice"),
        ("boards", "{id: work,", "{id: office,", "work: 'work' is not in boards.yaml"),
        ("tags", "sleeper-train: ", "sleeper-train: [", "tags.yaml: "),
        (
            "tags",
            "sleeper-train: ",
            "a-unicorn: One.\nsleeper-train: ",
            "'a-unicorn': no topic has",
        ),
    ],
)
def test_a_mistake_in_a_content_file_is_named_with_file_topic_and_field(
    run_shop: Run, tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    copy = tmp_path / "threads"
    shutil.copytree(THREADS, copy)
    path = copy / ("travel/first.yaml" if file == "topic" else f"{file}.yaml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    ended = run_shop("--check", str(copy))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"serve.py: {copy}")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_topic_with_fewer_than_four_posts_is_a_mistake(run_shop: Run, tmp_path: Path) -> None:
    copy = tmp_path / "threads"
    shutil.copytree(THREADS, copy)
    path = copy / "family" / "short.yaml"
    short = {"id": "short", "title": "A topic that is short", "posts": [posts()[0]] * 3}
    path.write_text(yaml.safe_dump([short]))
    ended = run_shop("--check", str(copy))
    assert f"{path}: topic short: posts: " in ended.stderr
    path.write_text("")
    assert f"{path}: expected a list" in run_shop("--check", str(copy)).stderr
