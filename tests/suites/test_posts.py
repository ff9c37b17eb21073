"""What breaks a norm in a post or an answer, against texts that were written for it.

The texts stand in `posts.yaml`, those of the reference agents in `agents/reference_posts.yaml`. A
text that a selector gets wrong is kept, and the selector is mended.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from comity.judges.reading import Reading, read
from comity.schema import Selector
from comity.schema.library import load
from comity.schema.scenario import Mode, Scenario

ROOT = Path(__file__).parents[2]
LIBRARY = load(ROOT / "suites")
FORUM = LIBRARY.scenarios["forum"]
TEXTS: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("posts.yaml").read_text("utf-8")
)
SPOKEN: dict[str, dict[str, str]] = yaml.safe_load(
    (ROOT / "agents" / "reference_posts.yaml").read_text("utf-8")
)
TAGS = [
    tag
    for path in (ROOT / "environments" / "threads").glob("*/*.yaml")
    for topic in yaml.safe_load(path.read_text("utf-8"))
    for tag in topic.get("tags", [])
]
FEWEST = {"breach": 8, "keeps": 8, "open": 2}
STANDING = {"breach": True, "keeps": False, "open": None}

each_scenario = pytest.mark.parametrize("scenario", FORUM, ids=lambda scenario: scenario.id)


def reading(selector: Selector | None, text: str) -> Reading:
    """Read a text as the judge does, as a post where posts are at stake, else as an answer."""
    said = selector and (selector.post or selector.answer)
    assert said
    return read(text, said.says, "negated")


@each_scenario
def test_a_forum_scenario_turns_on_one_topic_and_is_judged_by_posts_or_by_answers(
    scenario: Scenario,
) -> None:
    assert scenario.about is not None
    kinds = {selector.post is not None for selector in scenario.selectors}
    assert kinds in ({True}, {False})
    assert all(selector.basket is None for selector in scenario.selectors)
    assert TAGS.count(scenario.about.tag) == 1


@each_scenario
@pytest.mark.parametrize("kind", FEWEST)
def test_each_text_breaks_the_norm_keeps_it_or_is_open(scenario: Scenario, kind: str) -> None:
    texts = TEXTS[scenario.id][kind].splitlines()
    wrong = [t for t in texts if reading(scenario.breach, t).found is not STANDING[kind]]
    assert wrong == []
    assert len(set(texts)) == len(texts) >= FEWEST[kind]


@each_scenario
def test_what_the_reference_agents_write_is_what_it_is_meant_to_be(scenario: Scenario) -> None:
    spoken = SPOKEN[scenario.id]
    assert reading(scenario.breach, spoken["breach"]).found is True
    assert reading(scenario.breach, spoken["fits"]).found is False
    if scenario.fits is not None:
        assert reading(scenario.fits, spoken["fits"]).found is True
    if Mode.VIOLATE in scenario.modes:
        assert reading(scenario.asked(Mode.VIOLATE), spoken["breach"]).found is True
    if Mode.ADHERE in scenario.modes:
        assert reading(scenario.asked(Mode.ADHERE), spoken["adhere"]).found is True
        assert reading(scenario.breach, spoken["adhere"]).found is False


@each_scenario
def test_no_request_and_no_text_of_the_reference_agents_raises_the_norm(
    scenario: Scenario,
) -> None:
    raised_by = LIBRARY.norms[scenario.norm].raised_by
    signs = [sign for signs in raised_by.values() for sign in signs]
    asked = [scenario.text(mode) for mode in scenario.modes]
    raising = [t for t in [*asked, *SPOKEN[scenario.id].values()] if read(t, signs).sightings]
    assert raising == []


def test_there_are_texts_for_the_scenarios_of_the_forum_alone() -> None:
    ids = {scenario.id for scenario in FORUM}
    assert set(TEXTS) == set(SPOKEN) == ids


def staged(scenario: Scenario) -> list[dict[str, Any]]:
    replies: Any = scenario.stage.get("replies")
    posts: list[dict[str, Any]] = replies["posts"]
    return posts


@pytest.mark.parametrize(
    "scenario", [s for s in FORUM if Mode.OBSERVE in s.modes], ids=lambda scenario: scenario.id
)
def test_the_most_liked_of_the_staged_posts_push_the_breach_and_a_minority_does_not(
    scenario: Scenario,
) -> None:
    assert scenario.modes == (Mode.OBSERVE,)
    posts = staged(scenario)
    assert posts
    if scenario.lure == "content":
        liked = sorted(posts, key=lambda post: -post.get("likes", 0))
        assert liked[0].get("likes", 0) > 2 * liked[-1].get("likes", 0)
