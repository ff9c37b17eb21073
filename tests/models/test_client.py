"""The client speaks with a real server over real sockets, and records every call."""

import asyncio
from typing import Any

import httpx2
import pytest

from comity.errors import AgentError, InfrastructureError
from comity.models.chat import CallSettings, Completion, Sampling
from comity.models.client import ChatModel
from comity.models.recorded import CaseModel
from comity.models.replica import _retry_after

ASK: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]


def ask(server: Any, *settings: Any, **options: Any) -> tuple[Completion, CaseModel]:
    return asyncio.run(asked(server, *settings, **options))


async def asked(
    server: Any, sampling: Sampling | None = None, trial: int = 1, **options: Any
) -> tuple[Completion, CaseModel]:
    settings = CallSettings(sampling=sampling or Sampling(), tries=3)
    model = await ChatModel.connect([server.url], "stub", settings)
    case_model = CaseModel(model, trial=trial)
    try:
        return await case_model.complete(ASK, **options), case_model
    finally:
        await model.close()


def test_an_answer_comes_with_its_record(model_server):
    completion, model = ask(model_server)
    assert completion.text == "Here you are."
    [call] = model.calls
    assert call.request["messages"] == ASK
    assert call.response is not None
    assert (call.prompt_tokens, call.completion_tokens, call.error) == (7, 3, None)


def test_sampling_settings_are_sent_and_the_seed_counts_up_with_the_trial(model_server):
    ask(model_server, Sampling(temperature=0.7, top_p=0.9, max_tokens=99, seed=3), trial=2)
    [body] = model_server.requests
    sent = {key: body[key] for key in ("model", "temperature", "top_p", "max_tokens", "seed")}
    assert sent == {
        "model": "stub",
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 99,
        "seed": 4,
    }


def test_an_agent_may_ask_for_fewer_tokens_and_not_for_more(model_server):
    ask(model_server, max_tokens=10)
    ask(model_server, max_tokens=100_000)
    assert [body["max_tokens"] for body in model_server.requests] == [10, 512]


def test_a_server_that_fails_in_passing_is_asked_again(model_server):
    answers = [(503, {}), (500, {}), "At last."]
    model_server.script = lambda _: answers.pop(0)
    completion, model = ask(model_server)
    assert completion.text == "At last."
    assert len(model.calls) == 1


def test_a_server_that_goes_on_failing_is_trouble_of_the_infrastructure(model_server):
    model_server.script = lambda _: (503, {"error": {"message": "out of \x1b[31mmemory"}})
    with pytest.raises(InfrastructureError, match=r"out of \\x1b\[31mmemory"):
        ask(model_server)
    assert len(model_server.requests) == 3


def test_a_prompt_beyond_the_context_is_the_agents_error(model_server):
    message = "This model's maximum context length is 4096 tokens"
    model_server.script = lambda _: (400, {"error": {"message": message, "code": 400}})
    with pytest.raises(AgentError, match="the prompt exceeds the model's context"):
        ask(model_server)


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>a proxy's page</html>"),
        (200, b""),
        (200, {"choices": []}),
        (200, {"choices": "none"}),
        (200, [1, 2]),
        (200, {"choices": [{"message": {"content": 5}}]}),
        (400, {"error": {"message": "no such option"}}),
        (401, {"error": {"message": "no key"}}),
        (404, {"error": {"message": "no such model"}}),
    ],
)
def test_an_answer_that_is_no_completion_is_trouble_of_the_infrastructure(model_server, answer):
    model_server.script = lambda _: answer
    with pytest.raises(InfrastructureError):
        ask(model_server)


def test_an_answer_without_text_is_an_empty_one(model_server):
    model_server.script = lambda _: {"role": "assistant", "content": None}
    completion, _ = ask(model_server)
    assert (completion.text, completion.tool_calls) == ("", ())


def test_half_a_character_is_an_answer_and_no_trouble(model_server):
    model_server.script = lambda _: (
        200,
        b'{"choices": [{"message": {"content": "fine \\ud83d"}, "finish_reason": "length"}]}',
    )
    completion, model = ask(model_server)
    assert completion.text == "fine ?"
    assert model.calls[0].model_dump_json()


def test_an_answer_that_is_too_deep_is_none(model_server):
    model_server.script = lambda _: (200, ("[" * 100_000).encode())
    with pytest.raises(InfrastructureError, match="no chat completion was answered"):
        ask(model_server)


def test_what_a_server_leaves_untold_is_no_trouble(model_server):
    function = {"name": "back", "arguments": None}
    answer = {
        "choices": [{"message": {"content": None, "tool_calls": [{"function": function}]}}],
        "usage": {"prompt_tokens": None, "completion_tokens": None},
    }
    model_server.script = lambda _: (200, answer)
    completion, model = ask(model_server)
    assert [call.arguments for call in completion.tool_calls] == ["{}"]
    assert (model.calls[0].prompt_tokens, model.calls[0].completion_tokens) == (0, 0)


def test_a_call_is_kept_as_it_was_sent(model_server):
    messages: list[dict[str, Any]] = [{"role": "user", "content": "half \ud83d"}]

    async def asked_and_changed() -> CaseModel:
        model = CaseModel(await ChatModel.connect([model_server.url], "stub"))
        await model.complete(messages)
        messages[0]["content"] = "changed"
        return model

    [call] = asyncio.run(asked_and_changed()).calls
    assert call.request["messages"] == [{"role": "user", "content": "half ?"}]
    assert call.model_dump_json()


def test_what_is_no_json_is_the_agents_error(model_server):
    for odd in (float("nan"), object()):
        with pytest.raises((TypeError, ValueError)):
            ask(model_server, response_format={"type": odd})
    assert not model_server.requests


def test_a_server_that_tells_half_a_character_of_itself_can_be_used(model_server):
    known, listed = model_server.respond, {"data": [{"id": "stub", "root": "weights \ud83d"}]}
    model_server.respond = lambda path, body: (
        (200, listed) if path.endswith("/models") else known(path, body)
    )

    async def connected() -> ChatModel:
        return await ChatModel.connect([model_server.url], "stub")

    assert asyncio.run(connected()).names == {"stub", "weights ?"}


def test_a_pause_that_no_calendar_has_is_not_taken():
    assert _retry_after(httpx2.Headers({"retry-after": f"Mon, 01 Jan {'9' * 20} 00:00:00"})) is None


def test_tool_calls_are_passed_on_as_the_model_wrote_them(model_server):
    call = {"id": "1", "type": "function", "function": {"name": "click", "arguments": "{broken"}}
    model_server.script = lambda _: {"role": "assistant", "content": "", "tool_calls": [call]}
    completion, _ = ask(model_server)
    [made] = completion.tool_calls
    assert (made.name, made.arguments) == ("click", "{broken")


def said(arguments: str) -> dict[str, Any]:
    call = {"id": "1", "type": "function", "function": {"name": "say", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


@pytest.mark.parametrize(
    ("answer", "native"),
    [
        (said('{"word": "courtesy"}'), True),
        (said('"flee"'), False),
        (said("{"), False),
        ("courtesy", False),
        ((400, {"error": {"message": "tools need --enable-auto-tool-choice"}}), False),
    ],
)
def test_native_tools_are_believed_in_once_they_are_seen(model_server, answer, native):
    model_server.script = lambda _: answer

    async def probe() -> list[bool]:
        model = await ChatModel.connect([model_server.url], "stub")
        try:
            return list(await asyncio.gather(*(model.native_tools() for _ in range(5))))
        finally:
            await model.close()

    assert asyncio.run(probe()) == [native] * 5
    assert len(model_server.requests) == 1


def test_the_environments_proxies_are_not_asked(model_server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(model_server)[0].text == "Here you are."
