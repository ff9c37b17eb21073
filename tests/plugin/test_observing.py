"""Where a run's time went is told, and what happened can be read by a program."""

import json
import re
from pathlib import Path
from typing import Any

CASE = "cn.gift.clock.newborn-adhere-agents.asker-t1"
KEY = "sk-swordfish-0815"


def events(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_the_summary_says_what_the_run_waited_for(project, model_server):
    one = ("--model-url", model_server.url)
    finished = project.run(*one, agents=("asker",))
    assert "waited mostly for the browser: of " in finished.output
    assert "3 model calls, 0 from the cache; 21 tokens read and 9 written" in finished.output
    again = project.run(*one, agents=("asker",))
    assert "3 model calls, 3 from the cache\n" in again.output


def test_what_a_terminal_cannot_show_leaves_the_summary_its_lines(project):
    finished = project.run_from_scratch(
        "-k", "adhere", "--agent", "agents.py:chat_plain", PYTHONIOENCODING="ascii"
    )
    assert finished.code == 0, finished.output
    assert "\nagents.py:chat_plain on gifts: 1 cases, 1 judged\n" in finished.output
    assert "\\u2500" in finished.output  # the table's rule, which ASCII does not have


def test_verbose_says_it_for_each_case(project, model_server):
    finished = project.run("--model-url", model_server.url, "-v", "-k", "adhere", agents=("asker",))
    [line] = [line for line in finished.output.splitlines() if "queue" in line]
    seconds = r"\d+\.\d"
    parts = ("queue", "site", "browser", "model", "agent", "judging")
    told = ", ".join(f"{part} {seconds}" for part in parts)
    assert re.fullmatch(rf"{CASE}: {told} s; 1 call, 0 cached, 10 tokens", line), line


def test_otherwise_there_is_no_line_for_each_case(project, model_server):
    finished = project.run("--model-url", model_server.url, "-k", "adhere", agents=("asker",))
    assert "queue" not in finished.output


def test_a_busy_server_is_told_of(project, model_server):
    answers: list[Any] = [(429, {}), (429, {}), "Fine."]
    model_server.script = lambda _: answers.pop(0)
    finished = project.run("--model-url", model_server.url, "-k", "adhere", agents=("chat_asker",))
    assert f"{model_server.url} said 2 times that it is busy" in finished.output
    assert "2 tried again" in finished.output


def test_the_log_has_what_happened_case_by_case(project, model_server):
    answers: list[Any] = [(503, {"error": {"message": "loading"}}), "Fine."]
    model_server.script = lambda _: answers.pop(0)
    log = project.root / "log.jsonl"
    project.run(
        *("--model-url", model_server.url, "-k", "adhere", "--log-json", str(log)),
        agents=("chat_asker",),
    )
    found = events(log)
    case = CASE.replace("asker", "chat_asker")
    assert [(event["event"], event["case"]) for event in found] == [
        ("run started", None),
        ("case started", case),
        ("busy", case),
        ("retry", case),
        ("call", case),
        ("case ended", case),
        ("run ended", None),
    ]
    [call] = [event for event in found if event["event"] == "call"]
    assert (call["tries"], call["cached"], call["model"]) == (2, False, "stub")
    [ended] = [event for event in found if event["event"] == "case ended"]
    assert ended["status"] == "judged"
    assert ended["model"] > 0


def test_the_key_stands_nowhere(project, model_server):
    """Some servers repeat the key that they refuse."""
    model_server.script = lambda _: (401, {"error": {"message": f"wrong key {KEY}"}})
    log = project.root / "log.jsonl"
    finished = project.run(
        *("--model-url", model_server.url, "--log-json", str(log), "-v"),
        agents=("chat_asker",),
        COMITY_MODEL_API_KEY=KEY,
    )
    assert "wrong key [key]" in finished.output
    written = [path for path in project.root.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    assert KEY not in finished.output
