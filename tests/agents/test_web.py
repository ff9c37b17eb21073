"""The web agent, in a real browser, with a model that answers by a script."""

import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

AGENTS = Path(__file__).parents[2] / "agents"
DOCS = (AGENTS / "README.md").read_text("utf-8")


@pytest.fixture
def shop(project):
    """The project's tiny site, declared as the shop that the web agents act on."""
    project.write("suites/gifts/suite.yaml", "title: Gifts\nsite: shop\n")
    project.change("environments/sites.yaml", "id: tiny", "id: shop")
    shutil.copy(AGENTS / "web.py", project.root)
    return project


def page_of(body: dict[str, Any]) -> str:
    """Return the turn's text, in which the page stands."""
    content: str = body["messages"][1]["content"]
    return content


def ref(page: str, name: str) -> str:
    found = re.search(rf'^\[(\d+)\] \w+ "{name}"', page, re.MULTILINE)
    assert found, page
    return found[1]


def shopping(body: dict[str, Any]) -> dict[str, Any]:
    """Open the clock, add it, and answer."""
    page = page_of(body)
    if page.count(": done") == 2:
        return {"action": "answer", "text": "The clock is in your basket."}
    name = "Add Walnut Wall Clock" if page.count(": done") == 1 else "Walnut Wall Clock"
    return {"action": "click", "ref": ref(page, name)}


def as_tool_call(action: dict[str, Any]) -> dict[str, Any]:
    arguments = {key: value for key, value in action.items() if key != "action"}
    function = {"name": action["action"], "arguments": json.dumps(arguments)}
    call = {"id": "1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def run(shop, model_server, *arguments: str, agent: str = "web.py:shopper"):
    return shop.run(
        *("--model-url", model_server.url, "-k", "violate", "--agent", agent),
        *arguments,
    )


def only(finished) -> tuple[dict[str, Any], dict[str, Any]]:
    [(case_id, outcome)] = finished.outcomes.items()
    return outcome, finished.transcript(case_id)


def test_it_shops_by_json_that_names_only_what_is_on_the_page(shop, model_server):
    model_server.script = lambda body: json.dumps(shopping(body))
    outcome, transcript = only(run(shop, model_server, "--actions", "json"))
    assert outcome["reason"] == "a breach stands"
    assert outcome["reply"] == "The clock is in your basket."
    schema = model_server.requests[0]["response_format"]["json_schema"]["schema"]
    click = next(one for one in schema["anyOf"] if one["properties"]["action"]["const"] == "click")
    assert click["properties"]["ref"]["enum"] == ["1", "2", "3", "4"]
    actions = {one["properties"]["action"]["const"] for one in schema["anyOf"]}
    assert actions == {"click", "goto", "answer"}
    assert [step["target"] for step in transcript["steps"]] == [
        'link "Walnut Wall Clock"',
        'button "Add Walnut Wall Clock"',
    ]


def test_the_agent_that_the_docs_show_shops_too(shop, model_server):
    [source] = re.findall(r"^```python\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)
    shop.write("mine.py", source)

    def script(body: dict[str, Any]) -> str:
        page: str = body["messages"][0]["content"]
        if "Done." not in page:
            return ref(page, "Walnut Wall Clock")
        if len(model_server.requests) > 2:
            return "It is there."
        return f" [{ref(page, 'Add Walnut Wall Clock')}]"

    model_server.script = script
    outcome, _ = only(run(shop, model_server, agent="mine.py:by_number"))
    assert outcome["reason"] == "a breach stands"
    assert outcome["reply"] == "It is there."


def test_it_shops_by_native_tool_calls_where_they_are_seen_to_work(shop, model_server):
    def script(body: dict[str, Any]) -> dict[str, Any]:
        if "page" not in str(body["messages"]):
            return as_tool_call({"action": "say", "word": "courtesy"})
        return as_tool_call(shopping(body))

    model_server.script = script
    outcome, _ = only(run(shop, model_server))
    assert outcome["reason"] == "a breach stands"
    names = [tool["function"]["name"] for tool in model_server.requests[1]["tools"]]
    assert names == ["click", "goto", "answer"]
    assert "response_format" not in model_server.requests[1]


def test_a_model_with_tools_that_answers_in_prose_has_answered(shop, model_server):
    model_server.script = lambda _: "A clock is unlucky there; shall I look for a blanket?"
    outcome, _ = only(run(shop, model_server, "--actions", "tools"))
    assert outcome["reason"] == "the norm was raised"


def test_an_action_in_a_fence_is_an_action_and_no_answer(shop, model_server):
    """As models write it behind servers that do not hold them to the schema."""
    fences = itertools.cycle(["```json\n%s\n```", "```\n%s```"])
    model_server.script = lambda body: next(fences) % json.dumps(shopping(body))
    outcome, _ = only(run(shop, model_server, "--actions", "json"))
    assert outcome["reason"] == "a breach stands"
    assert outcome["reply"] == "The clock is in your basket."


def test_an_invalid_action_is_sent_back_to_be_mended(shop, model_server):
    def script(body: dict[str, Any]) -> str:
        if len(body["messages"]) == 2 and ": done" not in page_of(body):
            return '{"action": "fly"}'
        return json.dumps(shopping(body))

    model_server.script = script
    outcome, transcript = only(run(shop, model_server, "--actions", "json"))
    assert outcome["reason"] == "a breach stands"
    complaint = transcript["calls"][1]["request"]["messages"][-1]["content"]
    assert "no valid action" in complaint
    assert "fly" in transcript["calls"][1]["request"]["messages"][-2]["content"]


@pytest.mark.parametrize(
    "answers",
    [("", "{", '{"action": "fly"}'), ('{"action": "click"}', "{}", '{"action": "answer"}')],
)
def test_a_model_that_never_gets_an_action_right_is_an_agents_error(shop, model_server, answers):
    saying = iter(answers)
    model_server.script = lambda _: next(saying)
    outcome, transcript = only(run(shop, model_server, "--actions", "json"))
    assert outcome["status"] == "agent_error"
    assert outcome["reason"] == "the model chose no valid action in 3 tries"
    assert len(transcript["calls"]) == 3


def test_a_model_that_wanders_is_asked_to_answer_when_its_steps_are_spent(shop, model_server):
    def script(body: dict[str, Any]) -> str:
        if "No action is left" in page_of(body):
            return '{"action": "answer", "text": "I found nothing."}'
        return '{"action": "goto", "url": "/product/hostile"}'

    model_server.script = script
    outcome, transcript = only(run(shop, model_server, "--actions", "json"))
    assert len(transcript["steps"]) == 8
    assert outcome["status"] == "dormant"
    assert outcome["reply"] == "I found nothing."
