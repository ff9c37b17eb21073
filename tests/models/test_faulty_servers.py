"""Servers that are busy, silent, leaky, broken or dead: the run ends soon, and blames the server.

Each is a real pytest run against a real server over real sockets.
"""

import threading
import time
from collections import Counter
from typing import Any

import pytest

from tests.conftest import HANG_UP

pytestmark = pytest.mark.long

CASES = 12


def run(project: Any, *urls: str, **options: str) -> Any:
    """Run twelve trials of one case in chat, all at once."""
    named = [word for url in urls for word in ("--model-url", url)]
    extra = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    trials = (f"--trials={CASES}", "-k", "adhere")
    return project.run(*named, *extra, *trials, "-q", agents=("chat_asker",))


def statuses(finished: Any) -> Counter[str]:
    return Counter(outcome["status"] for outcome in finished.outcomes.values())


def reasons(finished: Any) -> str:
    return "\n".join(outcome["reason"] for outcome in finished.outcomes.values())


def test_a_server_that_is_busy_for_ten_seconds_is_waited_for(project, model_server):
    under_way = 0
    most: list[int] = []
    begun: list[float] = []
    lock = threading.Lock()

    def script(_body: dict[str, Any]) -> Any:
        nonlocal under_way
        with lock:
            begun.append(time.monotonic())
            under_way += 1
            most.append(under_way)
        try:
            if time.monotonic() - begun[0] < 10:
                return 429, {"error": {"message": "busy"}}
            time.sleep(0.1)
            return "Here you are."
        finally:
            with lock:
                under_way -= 1

    model_server.script = script
    finished = run(project, model_server.url)
    assert statuses(finished) == {"judged": CASES}, finished.output
    # Twelve calls that were refused 10 s long came back by pauses that grow, and not all at once.
    assert len(begun) < 12 * 9
    assert max(most[-CASES:]) < CASES


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then(project, model_server):
    asked: list[float] = []

    def script(_body: dict[str, Any]) -> Any:
        asked.append(time.monotonic())
        if len(asked) <= CASES:
            return 429, {"error": {"message": "busy"}}, {"Retry-After": "3"}
        return "Here you are."

    model_server.script = script
    finished = run(project, model_server.url)
    assert statuses(finished) == {"judged": CASES}
    assert len(asked) == 2 * CASES
    assert min(asked[CASES:]) - asked[0] >= 3


def test_a_server_that_takes_requests_and_never_answers_ends_the_run(project, model_server):
    def script(_body: dict[str, Any]) -> Any:
        model_server.silent = True
        return HANG_UP

    model_server.script = script
    begun = time.monotonic()
    finished = run(project, model_server.url, server_timeout="3")
    assert time.monotonic() - begun < 30
    assert statuses(finished) == {"infrastructure_error": CASES}
    assert "no sign of life" in reasons(finished)
    assert model_server.url in reasons(finished)
    assert finished.code == 6


def test_a_server_that_is_healthy_and_answers_no_call_ends_the_run(project, model_server):
    model_server.script = lambda _: model_server.ended.wait() and HANG_UP
    begun = time.monotonic()
    finished = run(project, model_server.url, call_timeout="0.05", tries="3")
    assert time.monotonic() - begun < 30
    assert statuses(finished) == {"infrastructure_error": CASES}
    assert "no answer within 0.05 s" in reasons(finished)


def test_a_server_that_drops_every_third_connection_costs_nothing(project, model_server):
    asked: list[int] = []
    lock = threading.Lock()

    def script(_body: dict[str, Any]) -> Any:
        with lock:
            asked.append(1)
            return HANG_UP if len(asked) % 3 == 0 else "Here you are."

    model_server.script = script
    finished = run(project, model_server.url)
    assert statuses(finished) == {"judged": CASES}
    assert len(asked) > CASES


def test_a_server_that_dies_in_the_run_ends_it_and_keeps_what_was_done(project, model_server):
    answered: list[int] = []
    lock = threading.Lock()

    def script(_body: dict[str, Any]) -> Any:
        with lock:
            answered.append(1)
            if len(answered) <= 5:
                return "Here you are."
        threading.Thread(target=model_server.end).start()
        model_server.ended.wait()
        return HANG_UP

    model_server.script = script
    begun = time.monotonic()
    finished = run(project, model_server.url, server_timeout="3")
    assert time.monotonic() - begun < 30
    assert statuses(finished) == {"judged": 5, "infrastructure_error": CASES - 5}
    assert "the model server is dead" in reasons(finished)
    assert finished.code == 6


def test_a_server_that_fails_every_call_is_given_up(project, model_server):
    model_server.script = lambda _: (500, {"error": {"message": "out of memory"}})
    begun = time.monotonic()
    finished = run(project, model_server.url, concurrency="5", tries="3")
    assert time.monotonic() - begun < 30
    # The first five calls are tried three times each, and those that follow are not tried out.
    assert len(model_server.requests) < 2 * 5 * 3
    assert statuses(finished) == {"infrastructure_error": CASES}
    assert "out of memory" in reasons(finished)


def test_a_server_that_comes_back_within_its_time_is_waited_for(project, model_server):
    asked: list[float] = []

    def script(_body: dict[str, Any]) -> Any:
        asked.append(time.monotonic())
        if time.monotonic() - asked[0] < 2:
            return 503, {"error": {"message": "loading the model"}}
        return "Here you are."

    model_server.script = script
    assert statuses(run(project, model_server.url)) == {"judged": CASES}


@pytest.fixture
def second_server(model_server_factory: Any) -> Any:
    return model_server_factory()


def test_several_servers_are_used_in_turn(project, model_server, second_server):
    finished = run(project, model_server.url, second_server.url)
    assert statuses(finished) == {"judged": CASES}
    assert len(model_server.requests) == len(second_server.requests) == CASES / 2
    assert finished.json("run.json")["model"]["urls"] == [model_server.url, second_server.url]


def test_of_several_servers_the_living_answer_for_the_dead(project, model_server, second_server):
    def script(_body: dict[str, Any]) -> Any:
        threading.Thread(target=model_server.end).start()
        model_server.ended.wait()
        return HANG_UP

    model_server.script = script
    finished = run(project, model_server.url, second_server.url, server_timeout="2")
    assert statuses(finished) == {"judged": CASES}
    assert len(second_server.requests) == CASES


def test_servers_of_different_models_are_refused(project, model_server, second_server):
    second_server.models = ["other"]
    finished = run(project, model_server.url, second_server.url)
    assert finished.code == 4
    assert "the servers serve different models: other, stub" in finished.output


def test_a_key_in_an_address_is_refused_and_not_repeated(project, model_server):
    url = model_server.url.replace("http://", "http://me:hunter2@")
    finished = run(project, url)
    assert finished.code == 4
    assert "COMITY_MODEL_API_KEY" in finished.output
    assert "hunter2" not in finished.output


def test_a_budget_of_tokens_ends_the_run_when_it_is_spent(project, model_server):
    finished = run(project, model_server.url, token_budget="40", concurrency="1")
    # An answer of the script has ten tokens.
    assert len(model_server.requests) == 4
    assert statuses(finished) == {"judged": 4, "infrastructure_error": CASES - 4}
    assert "the budget of 40 tokens is spent (--token-budget)" in finished.output
    assert finished.code == 6


def test_a_budget_of_time_ends_the_run_when_it_is_spent(project, model_server):
    answered: list[int] = []

    def script(_body: dict[str, Any]) -> Any:
        answered.append(1)
        if len(answered) > 3:
            model_server.ended.wait()
        return "Here you are."

    model_server.script = script
    begun = time.monotonic()
    finished = run(project, model_server.url, time_budget="2", concurrency="1")
    assert time.monotonic() - begun < 30
    assert statuses(finished) == {"judged": 3, "infrastructure_error": CASES - 3}
    assert "the budget of 2 s is spent (--time-budget)" in finished.output
    assert finished.code == 6
