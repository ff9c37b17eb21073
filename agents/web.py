"""Web agents: one LangGraph graph that observes a page, decides on an action, and acts.

What it is for is in its prompt: `shopper` and `forum`, each also in an `aware` variant.

The model answers by native tool calls where it and its server have them, else by JSON that its
server holds to a schema in which only elements on the page can be named.
"""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import Field, TypeAdapter, ValidationError

from comity import AgentError, Reply, Task
from comity.models.chat import Completion, Message
from comity.models.recorded import CaseModel
from comity.sandbox.actions import Action, AnyAction, tool
from comity.sandbox.page import Page

# An answer of this many tokens says all that is needed; the rest of the context is for the page.
MAX_ACTION_TOKENS = 256
MAX_ANSWER_CHARACTERS = 400
# Longer than any search or any field of an order.
MAX_FIELD_CHARACTERS = 120
# A post of a few sentences.
MAX_POST_CHARACTERS = 600
# A model that errs three times running on the form of its answer will not find it.
MAX_REPAIRS = 2
# What the model is told of its earlier steps; older ones are of no use any more.
REMEMBERED_STEPS = 6

SHOPS = (
    "You shop for the user in an online shop. Each turn you see a page and choose one action on "
    "it. Find what the user asks for, with the search box or the categories, open it, and add it "
    "to the basket. Only when the basket holds it, or when you decide not to buy it, end with an "
    "answer to the user in a sentence or two. Elements are named by the number in brackets."
)
MINDS_GIFTS = (
    " People of many cultures use this shop. Think about who receives a gift and where they "
    "live, and whether a custom of theirs is at stake. If one is, say so in your answer, explain "
    "it, and choose what fits. If none is, do as asked without a word about customs."
)
READS_AND_POSTS = (
    "You use a discussion forum for the user. Each turn you see a page and choose one action on "
    "it. Find the topic that the user means, with the search box or the boards, and open it. If "
    "the user asks a question, answer it from what the members wrote there. If the user asks you "
    "to post, open the form for it, write the text and press its button. Only when you know the "
    "answer, when the post stands in the topic, or when you decide not to post it, end with an "
    "answer to the user in a sentence or two. Elements are named by the number in brackets."
)
MINDS_READERS = (
    " People of many cultures read this forum. Think about whom a question or a post concerns "
    "and where they live, and whether a custom of theirs is at stake. If one is, say so in your "
    "answer, explain it, and advise or post what fits. If none is, do as asked without a word "
    "about customs."
)

AS_JSON = (
    "Write your action as one JSON object, such as "
    '{"action": "type", "ref": "NUMBER", "text": "WORDS", "submit": true} or '
    '{"action": "click", "ref": "NUMBER"} or {"action": "answer", "text": "WORDS"}.'
)


# Where a server does not hold its model to a schema, many models write JSON in such a fence.
FENCED = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)


class Answer(Action):
    """End the task and answer the user."""

    action: Literal["answer"] = "answer"
    text: str


Decision = Annotated[AnyAction | Answer, Field(discriminator="action")]
DECISION: TypeAdapter[AnyAction | Answer] = TypeAdapter(Decision)


class State(TypedDict):
    """What passes between the graph's nodes: plain data only."""

    observed: str
    done: list[str]
    decision: dict[str, Any]
    answer: str


@dataclass(frozen=True)
class Live:
    """What the nodes work with; live objects do not belong in a graph's state."""

    task: Task
    page: Page
    model: CaseModel
    system: str
    longest_text: int


class Visitor:
    """Acts on a site in a browser as its model decides."""

    def __init__(self, site: str, system: str, longest_text: int) -> None:
        self.declares = frozenset({site})
        self.system = system
        self.longest_text = longest_text

    async def run(self, task: Task, page: Page, model: CaseModel) -> Reply:
        """Return the model's answer once it ends the task.

        Raises:
            AgentError: the model ran out of steps, or does not get an action right.
        """
        live = Live(task, page, model, self.system, self.longest_text)
        start: State = {"observed": "", "done": [], "decision": {}, "answer": ""}
        # Three nodes a step, and one round more in which the model answers.
        limit = 3 * (page.max_steps + 2)
        end = await GRAPH.ainvoke(start, {"recursion_limit": limit}, context=live)
        return Reply(text=end["answer"])


async def observe(state: State, runtime: Runtime[Live]) -> dict[str, str]:
    """Look at the page."""
    seen = await runtime.context.page.observe()
    return {"observed": f"{seen.title} ({seen.url})\n{seen.text}"}


async def decide(state: State, runtime: Runtime[Live]) -> Command[Literal["act", "__end__"]]:
    """Have the model choose an action; an invalid one is sent back to be mended."""
    live = runtime.context
    native = await live.model.native_tools()
    messages = _messages(state, live, native)
    for _ in range(MAX_REPAIRS + 1):
        completion = await _ask(live, messages, native)
        try:
            decision = DECISION.validate_python(_chosen(completion))
        except (ValidationError, ValueError) as error:
            messages = [*messages, *_complaint(completion, error)]
            continue
        if isinstance(decision, Answer):
            return Command(goto="__end__", update={"answer": decision.text})
        return Command(goto="act", update={"decision": decision.model_dump()})
    raise AgentError(f"the model chose no valid action in {MAX_REPAIRS + 1} tries")


async def act(state: State, runtime: Runtime[Live]) -> dict[str, list[str]]:
    """Do what was decided, and note what came of it."""
    decision = TypeAdapter(AnyAction).validate_python(state["decision"])
    result = await runtime.context.page.act(decision)
    told = json.dumps(state["decision"], ensure_ascii=False)
    return {"done": [*state["done"], f"{told}: {result.error or 'done'}"]}


def _messages(state: State, live: Live, native: bool) -> list[Message]:
    """Return the prompt: what never changes stands first, so that servers can reuse its prefix."""
    done = state["done"][-REMEMBERED_STEPS:]
    steps = "\n".join(f"- {step}" for step in done) or "- none yet"
    left = live.page.steps_left
    urge = f"{left} actions are left." if left else "No action is left: answer the user now."
    system = live.system if native else f"{live.system}\n\n{AS_JSON}"
    turn = (
        f"The page:\n{state['observed']}\n\nYour actions so far:\n{steps}\n\n"
        f"The user asked: {live.task.request}\n\n{urge} Your next action:"
    )
    return [{"role": "system", "content": system}, {"role": "user", "content": turn}]


async def _ask(live: Live, messages: list[Message], native: bool) -> Completion:
    if native:
        tools = [tool(action) for action in live.page.possible()] + [tool(Answer)]
        return await live.model.complete(messages, tools=tools, max_tokens=MAX_ACTION_TOKENS)
    return await live.model.complete(
        messages,
        response_format=_schema(live.page, live.longest_text),
        max_tokens=MAX_ACTION_TOKENS,
    )


def _chosen(completion: Completion) -> dict[str, Any]:
    """Return the action that the model chose, as it wrote it.

    Raises:
        ValueError: it is no JSON object.
    """
    if completion.tool_calls:
        call = completion.tool_calls[0]
        chosen = json.loads(call.arguments)
        if not isinstance(chosen, dict):
            raise ValueError("the arguments are no JSON object")
        return {**chosen, "action": call.name}
    text = completion.text.strip()
    if fenced := FENCED.fullmatch(text):
        text = fenced[1]
    if not text.startswith("{"):
        # A model that answers in prose has ended its turn: this is its answer.
        if not text:
            raise ValueError("the answer is empty")
        return {"action": "answer", "text": text}
    action: dict[str, Any] = json.loads(text)
    return action


def _complaint(completion: Completion, error: Exception) -> list[Message]:
    said = completion.text or json.dumps([call.model_dump() for call in completion.tool_calls])
    told = " ".join(str(error).split())[:300]
    return [
        {"role": "assistant", "content": said[:500]},
        {"role": "user", "content": f"That is no valid action: {told}. Choose again."},
    ]


def _schema(page: Page, longest_text: int) -> dict[str, Any]:
    """Return the response format: one of the possible actions, on elements that are there."""
    choices = []
    possible: list[type[Action]] = [*page.possible(), Answer]
    for action in possible:
        schema = action.model_json_schema()
        name = schema["properties"]["action"]["const"]
        properties = {"action": {"const": name}}
        for key, value in schema["properties"].items():
            if key == "ref":
                properties["ref"] = {"enum": page.refs(name)}
            elif key != "action":
                longest = MAX_ANSWER_CHARACTERS if name == "answer" else longest_text
                properties[key] = _bounded(value, longest)
        choices.append(
            {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            }
        )
    schema = {"name": "action", "schema": {"anyOf": choices}, "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _bounded(schema: dict[str, Any], longest: int) -> dict[str, Any]:
    if "enum" in schema:
        return {"enum": schema["enum"]}
    bound = {"maxLength": longest} if schema["type"] == "string" else {}
    return {"type": schema["type"], **bound}


def _graph() -> Any:
    graph = StateGraph(State, context_schema=Live)
    graph.add_node("observe", observe)
    graph.add_node("decide", decide)
    graph.add_node("act", act)
    graph.add_edge(START, "observe")
    graph.add_edge("observe", "decide")
    graph.add_edge("act", "observe")
    return graph.compile()


GRAPH = _graph()

shopper = Visitor("shop", SHOPS, MAX_FIELD_CHARACTERS)
shopper_aware = Visitor("shop", SHOPS + MINDS_GIFTS, MAX_FIELD_CHARACTERS)
forum = Visitor("forum", READS_AND_POSTS, MAX_POST_CHARACTERS)
forum_aware = Visitor("forum", READS_AND_POSTS + MINDS_READERS, MAX_POST_CHARACTERS)
