"""Where a case's time went is told apart: the site, the browser, the model, the agent itself."""

import time

PARTS = ("site", "browser", "model", "agent")


def test_each_part_of_a_case_has_its_own_time(project, model_server):
    model_server.script = lambda _: time.sleep(0.5) or "Here you are."
    finished = project.run(
        *("--model-url", model_server.url, "-k", "adhere"),
        agents=("buyer", "chat_asker", "sleeper"),
    )
    times = {
        line["case"]["agent"]["reference"]: line["timing"] for line in finished.outcomes.values()
    }
    web, chat, slow = (times[f"agents.py:{name}"] for name in ("buyer", "chat_asker", "sleeper"))
    assert web["site"] > 0
    assert web["browser"] > web["site"]  # pages take longer than a sandbox
    assert web["model"] == chat["site"] == chat["browser"] == 0
    assert chat["model"] > 0.4
    assert chat["agent"] < 0.4 < slow["agent"]
    for timing in times.values():
        assert sum(timing[part] for part in PARTS) <= timing["stopped"] - timing["started"] + 0.1
