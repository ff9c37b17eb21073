"""The client speaks with a real server over real sockets, and records every call."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from comity.errors import AgentError, ConfigurationError, InfrastructureError
from comity.models.call_cache import CallCache
from comity.models.chat import CallSettings, Completion, Sampling
from comity.models.client import ChatModel
from comity.models.recorded import CaseModel
from comity.models.replica import _retry_after, checked_url

ASK: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]


@asynccontextmanager
async def connected(*servers: Any, **settings: Any) -> AsyncIterator[ChatModel]:
    urls = [server.url for server in servers]
    model = await ChatModel.connect(urls, "stub", CallSettings(**settings))
    try:
        yield model
    finally:
        await model.close()


def ask(server: Any, *settings: Any, **options: Any) -> tuple[Completion, CaseModel]:
    return asyncio.run(asked(server, *settings, **options))


async def asked(
    server: Any, sampling: Sampling | None = None, trial: int = 1, **options: Any
) -> tuple[Completion, CaseModel]:
    key = options.pop("api_key", "none")
    sampling = sampling or Sampling()
    async with connected(server, sampling=sampling, tries=3, api_key=key) as model:
        case_model = CaseModel(model, trial=trial)
        return await case_model.complete(ASK, **options), case_model


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


IN_PASSING = [
    *((status, {}) for status in (408, 429, 500, 502, 503, 504, 507, 520, 524, 529, 530)),
    (200, b""),
    (200, b"<html>a proxy's page</html>"),
    (200, b'{"choices": [{"message": {"content": "cut o'),
    (200, {"error": {"code": 502, "message": "upstream"}}),
    (200, {"error": "no luck today"}),
]


@pytest.mark.parametrize("answer", IN_PASSING)
def test_what_may_pass_is_asked_again(model_server, answer):
    answers = [answer, "At last."]
    model_server.script = lambda _: answers.pop(0)
    assert ask(model_server)[0].text == "At last."


@pytest.mark.parametrize(
    ("answer", "status"),
    [((501, {}), 501), ((200, {"error": {"code": 404}}), 404), ((307, {}), 307)],
)
def test_what_will_not_pass_is_not_asked_again(model_server, answer, status):
    model_server.script = lambda _: answer
    with pytest.raises(InfrastructureError, match=f"refuses: {status}"):
        ask(model_server)
    assert len(model_server.requests) == 1


def test_an_error_under_200_is_told_without_the_key(model_server):
    told = {"error": {"message": "Incorrect API key provided: sk-live-1", "code": 401}}
    model_server.script = lambda _: (200, told)
    with pytest.raises(InfrastructureError) as raised:
        ask(model_server, api_key="sk-live-1")
    assert "401 Incorrect API key provided: [key]" in str(raised.value)


def test_an_answer_of_odd_encoding_is_read_as_what_it_is(model_server):
    known = model_server.respond
    model_server.respond = lambda path, body: (
        *known(path, body),
        {"Content-Type": "application/json; charset=hex"},
    )
    assert ask(model_server)[0].text == "Here you are."


@pytest.mark.parametrize(
    ("content", "text", "thinking"),
    [
        ("<think>\nA clock?\n</think>\n\nA fine gift.", "A fine gift.", "<think>\nA clock?\n"),
        ("A clock?\n</think>\n\nA fine gift.", "A fine gift.", "A clock?\n"),
        ("<think></think>A fine gift.", "A fine gift.", "<think>"),
        ("<think>A clock, and then", "", "<think>A clock, and then"),
        ("Write <think> and </think> around it.", "Write <think> and </think> around it.", ""),
        ("A fine gift.", "A fine gift.", ""),
    ],
)
def test_what_a_model_thinks_is_none_of_what_it_says(model_server, content, text, thinking):
    model_server.script = lambda _: content
    completion, model = ask(model_server)
    assert (completion.text, completion.thinking) == (text, thinking)
    [call] = model.calls
    assert call.response["choices"][0]["message"]["content"] == content


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_what_a_server_calls_thinking_is_thinking(model_server, name):
    model_server.script = lambda _: {"role": "assistant", "content": "Yes.", name: "Hm."}
    completion, _ = ask(model_server)
    assert (completion.text, completion.thinking) == ("Yes.", "Hm.")


@pytest.mark.parametrize(
    "message", [{"content": None, "reasoning": "A clock"}, {"content": "<think>A clock"}]
)
def test_a_model_that_is_cut_off_while_it_thinks_has_not_answered(model_server, message):
    choice = {"message": message, "finish_reason": "length"}
    usage = {"prompt_tokens": 7, "completion_tokens": 512}
    model_server.script = lambda _: (200, {"choices": [choice], "usage": usage})
    with pytest.raises(AgentError, match="still thinking when its tokens were spent"):
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


@pytest.mark.parametrize("arguments", [None, ""])
def test_what_a_server_leaves_untold_is_no_trouble(model_server, arguments):
    function = {"name": "back", "arguments": arguments}
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

    async def names() -> frozenset[str]:
        async with connected(model_server) as model:
            return model.names

    assert asyncio.run(names()) == {"stub", "weights ?"}


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
        (said("[" * 100_000), False),
        ((400, {"error": {"message": "tools need --enable-auto-tool-choice"}}), False),
    ],
)
def test_native_tools_are_believed_in_once_they_are_seen(model_server, answer, native):
    model_server.script = lambda _: answer

    async def probe() -> list[bool]:
        async with connected(model_server) as model:
            return list(await asyncio.gather(*(model.native_tools() for _ in range(5))))

    assert asyncio.run(probe()) == [native] * 5
    assert len(model_server.requests) == 1


def test_a_replay_uses_no_tools_where_the_server_refused_them(model_server, tmp_path):
    cache = CallCache(tmp_path / "calls.sqlite3")
    model_server.script = lambda body: (400, {}) if body.get("tools") else "Here you are."

    async def use(model: ChatModel) -> tuple[bool, str]:
        case_model = CaseModel(model)
        try:
            return await case_model.native_tools(), (await case_model.complete(ASK)).text
        finally:
            await model.close()

    async def twice() -> list[tuple[bool, str]]:
        live = await use(await ChatModel.connect([model_server.url], "stub", cache=cache))
        model_server.end()
        return [live, await use(await ChatModel.replay([], "stub", cache))]

    assert asyncio.run(twice()) == [(False, "Here you are.")] * 2
    cache.close()


def test_tools_are_probed_again_after_a_hiccup(model_server):
    answers = [(530, {}), said('{"word": "courtesy"}')]
    model_server.script = lambda _: answers.pop(0)

    async def probe() -> bool:
        async with connected(model_server) as model:
            return await model.native_tools()

    assert asyncio.run(probe())


def test_the_environments_proxies_and_keys_are_not_used(model_server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for name in ("API_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer secret\nX-Corp: secret")
    assert ask(model_server)[0].text == "Here you are."
    assert model_server.headers
    assert not [one for one in model_server.headers if "secret" in str(one)]


WRONG = ["http://host:port/v1", "http://[::1/v1", "http://[zz]/v1", "http://a\u200bb/v1", "host:80"]


@pytest.mark.parametrize("url", [*WRONG, "https:/me:secret@host/v1", "me:secret@host:80/v1"])
def test_an_address_that_is_none_is_told_without_what_may_be_secret(url):
    with pytest.raises(ConfigurationError, match="a base URL such as http://host:8000/v1") as told:
        checked_url(url)
    assert "secret" not in str(told.value)


async def together(model: ChatModel, calls: int) -> list[Any]:
    cases = [CaseModel(model, trial=trial + 1).complete(ASK) for trial in range(calls)]
    return await asyncio.gather(*cases, return_exceptions=True)


def timed(*servers: Any, calls: int, **settings: Any) -> tuple[float, list[Any]]:
    async def work() -> tuple[float, list[Any]]:
        async with connected(*servers, **settings) as model:
            begun = time.monotonic()
            answers = await together(model, calls)
            return time.monotonic() - begun, answers

    return asyncio.run(work())


def test_of_several_servers_the_free_answer_for_one_that_asks_to_be_left_alone(
    model_server, model_server_factory
):
    held_off = model_server_factory()
    held_off.script = lambda _: (429, {}, {"Retry-After": "600"})
    took, answers = timed(held_off, model_server, calls=16)
    assert {answer.text for answer in answers} == {"Here you are."}
    assert took < 15


def test_calls_that_wait_for_a_place_are_made_elsewhere_once_the_server_is_dead(
    model_server, model_server_factory
):
    dying = model_server_factory()
    refused = []

    def script(_body: dict[str, Any]) -> Any:
        refused.append(1)
        if len(refused) <= 4:
            return 429, {}  # so that it has one place, and the others wait for it
        dying.silent = True
        return dying.ended.wait()

    dying.script = script
    took, answers = timed(dying, model_server, calls=12, server_timeout=2)
    assert {answer.text for answer in answers} == {"Here you are."}
    assert took < 40


def test_calls_that_wait_for_a_place_are_not_made_once_the_budget_is_spent(model_server):
    async def spend() -> list[Any]:
        async with connected(model_server, token_budget=30) as model:
            model.replicas.all[0].flow.limit = 1.0
            return await together(model, 16)

    answers = asyncio.run(spend())
    assert len([one for one in answers if isinstance(one, Completion)]) < 8
    assert len(model_server.requests) < 8
    assert {str(one) for one in answers if isinstance(one, Exception)} == {
        "the budget of 30 tokens is spent (--token-budget)"
    }


def test_a_budget_that_cannot_be_kept_ends_the_calls(model_server):
    model_server.script = lambda _: (200, {"choices": [{"message": {"content": "Yes."}}]})

    async def spend() -> None:
        async with connected(model_server, token_budget=30) as model:
            await CaseModel(model).complete(ASK)
            await CaseModel(model).complete(ASK)

    with pytest.raises(InfrastructureError, match="does not tell how many tokens"):
        asyncio.run(spend())
    assert len(model_server.requests) == 1


def test_a_health_endpoint_that_has_had_enough_is_a_sign_of_life(model_server):
    known, asked_for = model_server.respond, []

    def respond(path: str, body: dict[str, Any]) -> tuple[Any, ...]:
        asked_for.append(path)
        if path.endswith("/models") and len(asked_for) > 2:
            return 429, {}
        return known(path, body)

    def script(_body: dict[str, Any]) -> str:
        time.sleep(4)
        return "At last."

    model_server.respond, model_server.script = respond, script

    async def late() -> Completion:
        async with connected(model_server, server_timeout=1) as model:
            return await CaseModel(model).complete(ASK)

    assert asyncio.run(late()).text == "At last."
