"""What an agent can do on a page: pydantic models that are tool schemas too."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

# Longer than any name, address or search; a post is longer still.
MAX_TYPED_CHARACTERS = 4_000
MAX_URL_CHARACTERS = 2_000


class Action(BaseModel):
    """The base of all actions. Its name is the tool's, its docstring the tool's description."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Ref = Annotated[str, Field(description="The number in brackets before the element.")]


class Click(Action):
    """Click a link, a button or another element."""

    action: Literal["click"] = "click"
    ref: Ref


class Type(Action):
    """Replace the text of a field, and press Enter if `submit` is true."""

    action: Literal["type"] = "type"
    ref: Ref
    text: str = Field(max_length=MAX_TYPED_CHARACTERS)
    submit: bool = False


class Select(Action):
    """Choose an option of a list by its label."""

    action: Literal["select"] = "select"
    ref: Ref
    option: str = Field(max_length=MAX_TYPED_CHARACTERS)


class Scroll(Action):
    """Show the part of the page above or below."""

    action: Literal["scroll"] = "scroll"
    direction: Literal["up", "down"] = "down"


class Back(Action):
    """Go back to the page before."""

    action: Literal["back"] = "back"


class Goto(Action):
    """Open a page of the site by its path or address."""

    action: Literal["goto"] = "goto"
    url: str = Field(max_length=MAX_URL_CHARACTERS)


AnyAction = Click | Type | Select | Scroll | Back | Goto
ACTIONS: tuple[type[Action], ...] = (Click, Type, Select, Scroll, Back, Goto)


def tool(action: type[Action]) -> dict[str, JsonValue]:
    """Return the action as a tool in the form of OpenAI's chat API."""
    schema = action.model_json_schema()
    name = schema["properties"].pop("action")["const"]
    schema.pop("title", None)
    description = schema.pop("description", "")
    function = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": function}
