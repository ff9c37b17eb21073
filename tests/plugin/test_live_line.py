"""While cases run, a line on the terminal says how far they are; a log of CI has none."""

import time


def test_somebody_who_looks_sees_how_far_the_cases_are(model_server, on_a_terminal):
    model_server.script = lambda _: time.sleep(1.5) or "Here you are."
    code, drawn = on_a_terminal(
        *("--model-url", model_server.url, "--trials", "2", "--concurrency", "3"),
        agents=("chat_asker",),
    )
    assert code == 1
    assert "3 running, 0/6 done" in drawn
    assert "cases/s" in drawn
    # The line is taken away again: the last thing drawn where it stood is an erasure.
    last = drawn.rindex("running, ")
    assert "\x1b[K" in drawn[last : last + 200]


def test_a_log_has_no_live_line(project, model_server):
    model_server.script = lambda _: time.sleep(1) or "Here you are."
    finished = project.run("--model-url", model_server.url, agents=("chat_asker",))
    assert "running, " not in finished.output
    assert "\x1b[" not in finished.output
