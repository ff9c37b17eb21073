"""A run that is repeated asks the model nothing; a replay needs no server at all."""

from itertools import count
from typing import Any

AGENTS = ("chat_asker", "asker")


def counting(server: Any) -> None:
    """Let every answer be another."""
    numbers = count()
    server.script = lambda _: f"Answer {next(numbers)}."


def calls(finished: Any) -> list[dict[str, Any]]:
    return [call for case_id in finished.outcomes for call in finished.transcript(case_id)["calls"]]


def replies(finished: Any) -> dict[str, str]:
    return {case_id: outcome["reply"] for case_id, outcome in finished.outcomes.items()}


def test_a_repeated_run_makes_no_call_and_meets_the_same_answers(project, model_server):
    counting(model_server)
    first = project.run("--model-url", model_server.url, agents=AGENTS)
    asked = len(model_server.requests)
    again = project.run("--model-url", model_server.url, agents=AGENTS)
    assert len(model_server.requests) == asked
    assert replies(again) == replies(first)
    assert {call["cached"] for call in calls(again)} == {True}
    assert first.code == again.code


def test_trials_have_answers_of_their_own(project, model_server):
    counting(model_server)
    more = ("--model-url", model_server.url, "--trials", "3", "-k", "adhere")
    first = project.run(*more, agents=("chat_asker",))
    assert len(set(replies(first).values())) == len(model_server.requests) == 3


def test_other_sampling_asks_anew(project, model_server):
    one = ("--model-url", model_server.url, "-k", "adhere")
    project.run(*one, agents=("chat_asker",))
    project.run(*one, "--temperature", "0.5", agents=("chat_asker",))
    project.run(*one, "--seed", "1", agents=("chat_asker",))
    assert len(model_server.requests) == 3


def test_another_server_is_asked_for_answers_of_its_own(
    project, model_server, model_server_factory
):
    other = model_server_factory()
    for server in (model_server, other, model_server, other):
        project.run("--model-url", server.url, "-k", "adhere", agents=("chat_asker",))
    assert len(model_server.requests) == len(other.requests) == 1


def test_a_server_that_was_started_anew_is_asked_anew(project, model_server):
    started = ["1700000000.5"]
    respond = model_server.respond

    def vllm(path: str, body: dict[str, Any]) -> tuple[Any, ...]:
        if path == "/health":
            return 200, {}
        if path == "/metrics":
            return 200, f"# HELP\nprocess_start_time_seconds {started[-1]}\n".encode()
        return respond(path, body)

    model_server.respond = vllm
    one = ("--model-url", model_server.url, "-k", "adhere")
    for _ in range(2):
        project.run(*one, agents=("chat_asker",))
    assert len(model_server.requests) == 1
    started.append("1700000999.5")  # other weights may be behind the name now
    project.run(*one, agents=("chat_asker",))
    assert len(model_server.requests) == 2


def test_no_cache_asks_anew_and_keeps_nothing(project, model_server):
    one = ("--model-url", model_server.url, "-k", "adhere")
    for more in (["--no-cache"], ["--no-cache"], [], []):
        project.run(*one, *more, agents=("chat_asker",))
    assert len(model_server.requests) == 3


def test_a_replay_needs_no_server(project, model_server):
    counting(model_server)
    first = project.run("--model-url", model_server.url, agents=AGENTS)
    model_server.end()
    again = project.run("--replay", agents=AGENTS)
    assert (again.code, replies(again)) == (first.code, replies(first))
    assert {outcome["case"]["model"] for outcome in again.outcomes.values()} == {"stub"}


def test_a_replay_knows_a_model_by_the_folder_that_it_was_served_from(project, model_server):
    model_server.models = ["weights"]
    project.write("given/weights/config.json", "{}")
    one = ("-k", "adhere")
    project.run(*one, "--model-url", model_server.url, agents=("chat_asker",))
    again = project.run(*one, "--replay", "--model", "given/weights", agents=("chat_asker",))
    assert again.code == 0, again.output


def test_a_replay_says_what_it_lacks(project, model_server):
    project.run("--model-url", model_server.url, "-k", "adhere", agents=("chat_asker",))
    again = project.run("--replay", "-k", "adhere or contrast", agents=("chat_asker",))
    assert again.code == 6
    assert "no answer of stub to this call (--replay)" in again.output
    assert len(model_server.requests) == 1


def test_a_replay_of_what_was_never_run_is_refused(project):
    finished = project.run("--replay", agents=("chat_asker",))
    assert finished.code == 4
    assert "the call cache has no answers of any model; run once without --replay" in (
        finished.output
    )


def test_a_replay_without_a_cache_is_refused(project):
    finished = project.run("--replay", "--no-cache", agents=("chat_asker",))
    assert finished.code == 4
    assert "--replay" in finished.output
    assert "leave out --no-cache" in finished.output


def test_an_answer_that_the_context_is_exceeded_is_kept_too(project, model_server):
    message = "This model's maximum context length is 4096 tokens"
    model_server.script = lambda _: (400, {"error": {"message": message}})
    one = ("--model-url", model_server.url, "-k", "adhere")
    for _ in range(2):
        finished = project.run(*one, agents=("chat_asker",))
        [outcome] = finished.outcomes.values()
        assert outcome["status"] == "agent_error"
    assert len(model_server.requests) == 1


def test_a_damaged_cache_is_told_of_and_left_out(project, model_server):
    one = ("--model-url", model_server.url, "-k", "adhere")
    project.run(*one, agents=("chat_asker",))
    [file] = (project.root / "cache" / "calls").glob("*.sqlite3")
    for path in file.parent.iterdir():
        path.write_bytes(b"damaged " * 1000)
    finished = project.run(*one, agents=("chat_asker",))
    assert finished.code == 0
    assert "the call cache" in finished.output
    assert "delete it" in finished.output
