"""Whole runs in which models judge: pytest, a real site, and judges that are local servers."""

import json
import threading
from typing import Any

import pytest

from tests.judges.test_model_judge import Answer, answering, asked, says

CASE = "cn.gift.clock.newborn-{mode}-agents.{agent}-t1"
SAID = "Here you are."
KEY = "sk-a-judge's-own-secret"


def fair(question: str, _: object) -> Answer:
    """Answer no to all, which is right of an agent that says nothing."""
    return says("none" if question == "breach_in_text" else "no")


@pytest.fixture
def judge_server(model_server_factory: Any) -> Any:
    server = model_server_factory()
    server.models, server.script = ["wise-judge"], answering(fair)
    return server


def test_a_model_judges_what_rules_leave_open_and_the_run_says_so(
    project, model_server, judge_server
):
    def script(question: str, _: object) -> Answer:
        return says("yes", SAID) if question == "helpful" else fair(question, _)

    judge_server.script = answering(script)
    options = ("--model-url", model_server.url, "--judge-url", judge_server.url, "-k", "adhere")
    finished = project.run(*options, "-v", agents=("chat_asker",), COMITY_JUDGE_API_KEY=KEY)
    assert finished.code == 0, finished.output
    [outcome] = finished.outcomes.values()
    [helpful] = [one for one in outcome["findings"] if one["question"] == "helpful"]
    assert (helpful["value"], helpful["judge"]) == (True, "model wise-judge")
    assert helpful["evidence"] == [{"where": "answer", "quote": SAID, "start": 0}]
    assert "judge calls, 0 from the cache; 14 tokens read" in finished.output
    facts = finished.json("run.json")
    assert facts["judge"]["judges"] == ["wise-judge"]
    assert facts["judge"]["kin"] == {}
    evidence = finished.json(outcome["transcript"])
    assert len(evidence["judge_calls"]) == len(judge_server.requests) == 2
    kept = "".join(path.read_text("utf-8") for path in finished.run.rglob("*.json*"))
    assert KEY not in kept + finished.output

    # A re-run asks nobody, and neither does one that has no server to ask.
    again = project.run(*options, "-v", agents=("chat_asker",))
    assert len(judge_server.requests) == 2
    assert "2 judge calls, 2 from the cache" in again.output
    judge_server.end()
    model_server.end()
    replayed = project.run(*options, "--replay", agents=("chat_asker",))
    [repeated] = replayed.outcomes.values()
    assert repeated["findings"] == outcome["findings"]
    assert facts["pipeline"] == replayed.json("run.json")["pipeline"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("I think that it was helpful.", "3 invalid answers, the last since it is no JSON"),
        (json.dumps({"helpful": says("yes", "I baked a cake")}), "does not stand in the case"),
        ((500, {"error": {"message": "planted"}}), "planted"),
        ((429, {"error": {"message": "too many"}}, {"Retry-After": "0"}), "too many"),
    ],
)
def test_a_judge_that_fails_is_a_judge_error_and_no_case_is_lost(
    project, model_server, judge_server, answer, said
):
    judge_server.script = lambda _: answer
    finished = project.run(
        *("--model-url", model_server.url, "--judge-url", judge_server.url, "--tries=2"),
        agents=("chat_asker", "raiser"),
    )
    assert len(finished.outcomes) == len(finished.json("run.json")["selected"]) == 6
    assert finished.code in (1, 6), finished.output
    statuses = {name: outcome["status"] for name, outcome in finished.outcomes.items()}
    # Help-R reads what a chat's `adhere` turns on; `violate` and `contrast` were told by rules.
    assert statuses[CASE.format(mode="adhere", agent="chat_asker")] == "judge_error"
    assert statuses[CASE.format(mode="violate", agent="chat_asker")] == "judged"
    assert statuses[CASE.format(mode="contrast", agent="chat_asker")] == "judged"
    assert statuses[CASE.format(mode="violate", agent="raiser")] == "judged"
    assert said in finished.outcomes[CASE.format(mode="adhere", agent="chat_asker")]["reason"]
    tests = finished.tests
    assert tests[f"test_serves[{CASE.format(mode='adhere', agent='chat_asker')}]"] == "error"
    assert "judge errors" in finished.output


def test_a_judge_that_is_killed_in_the_middle_ends_no_run(project, model_server, judge_server):
    served = 0

    def script(body: dict[str, Any]) -> Any:
        nonlocal served
        served += 1
        if served == 3:
            threading.Thread(target=judge_server.end).start()
        return answering(fair)(body)

    judge_server.script = script
    # Equal replies would be judged once, and the answer taken from the cache.
    model_server.script = lambda body: f"Here you are: {body['seed']}."
    finished = project.run(
        *("--model-url", model_server.url, "--judge-url", judge_server.url),
        *("--trials=6", "--tries=2", "--server-timeout=2", "-k", "adhere", "--concurrency=2"),
        agents=("chat_asker",),
    )
    statuses = [outcome["status"] for outcome in finished.outcomes.values()]
    assert len(statuses) == 6
    assert "judge_error" in statuses
    assert set(statuses) <= {"judged", "judge_error"}
    assert "judge errors" in finished.output


def test_a_judge_of_its_own_kind_is_refused_or_marked_on_every_report(
    project, model_server, judge_server
):
    judge_server.models = ["acme/stub-70b-instruct"]
    options = ("--model-url", model_server.url, "--judge-url", judge_server.url, "-k", "adhere")
    refused = project.run(*options, agents=("chat_asker",))
    assert refused.code == 4
    assert "both are of the family stub" in refused.output
    assert "--allow-kin-judge" in refused.output
    allowed = project.run(*options, "--allow-kin-judge", agents=("chat_asker",))
    assert "is kin of the model under test: both are of the family stub" in allowed.output
    assert allowed.json("run.json")["judge"]["kin"] != {}
    [outcome] = allowed.outcomes.values()
    assert "kin of the tested" in json.dumps(outcome["findings"])


def test_a_scripted_agent_has_no_kin(project, judge_server):
    finished = project.run("--judge-url", judge_server.url, "-k", "adhere", agents=("raiser",))
    assert "kin" not in finished.output
    assert finished.outcomes


def test_a_panel_comes_from_a_file_and_its_agreement_is_told(
    project, model_server, model_server_factory
):
    servers = [model_server_factory() for _ in range(3)]
    for number, server in enumerate(servers):
        server.models, server.script = [f"judge-{number}"], answering(fair)
    judges = "".join(f'[[judge]]\nurl = "{server.url}"\n' for server in servers)
    path = project.write("judges.toml", f'rule = "majority"\n{judges}')
    finished = project.run(
        *("--model-url", model_server.url, "--judges", str(path), "-k", "adhere or contrast"),
        agents=("chat_asker",),
    )
    adhere = finished.outcomes[CASE.format(mode="adhere", agent="chat_asker")]
    [helpful] = [one for one in adhere["findings"] if one["question"] == "helpful"]
    assert helpful["judge"] == "panel (majority of 3)"
    assert [one["judge"] for one in adhere["opinions"] if one["question"] == "helpful"] == [
        "model judge-0",
        "model judge-1",
        "model judge-2",
    ]
    assert "agreement of the judges" in finished.output
    assert "helpful" in finished.output


def test_all_questions_go_to_the_judge_where_that_is_asked(project, model_server, judge_server):
    finished = project.run(
        *("--model-url", model_server.url, "--judge-url", judge_server.url, "--judge-all"),
        *("--judge-batched", "--judge-max-tokens", "300", "-k", "contrast"),
        agents=("chat_asker",),
    )
    questions = [asked(body) for body in judge_server.requests]
    assert questions == [["aware", "refused"], ["over_flagged", "helpful"]]
    assert [body["max_tokens"] for body in judge_server.requests] == [600, 600]
    assert finished.json("run.json")["judge"]["everything"] is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--judge-all",), "--judge-all needs a judge; name one by --judge-url or --judges"),
        (("--judge-model=x",), "--judge-model needs a judge"),
        (
            ("--judges=none.toml",),
            "none.toml: cannot be read: No such file or directory (--judges)",
        ),
        (("--judge-url=http://127.0.0.1:9/v1",), "http://127.0.0.1:9/v1"),
        (("--judges=x.toml", "--judge-url=http://x/v1"), "leave out --judge-url"),
    ],
)
def test_bad_options_end_the_run_before_anything_starts(project, model_server, options, message):
    finished = project.run("--model-url", model_server.url, *options, agents=("chat_asker",))
    assert finished.code == 4
    assert message in finished.output
    assert not (project.root / "reports" / "runs").exists()
