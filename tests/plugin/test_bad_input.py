"""Bad input ends the run before anything starts: one clear line with its fix, exit code 4."""

import pytest

from tests.conftest import UNDER_XDIST


def one_line(finished, *parts):
    """Assert that the run ended with 4 and one line that has all the parts, and started nothing."""
    assert finished.code == 4, finished.output
    [line] = [line for line in finished.output.splitlines() if line.startswith("ERROR: ")]
    for part in parts:
        assert part in line
    assert "Traceback" not in finished.output
    assert not (finished.root / "reports").exists()


@pytest.mark.parametrize(
    ("agent", "parts"),
    [
        ("nothing.py:agent", ("there is no file",)),
        ("agents.py:nobody", ("has no agent 'nobody'", "it has: asker, buyer")),
        ("agents.py", ("is no agent reference", "path/to/file.py:name")),
        ("no_such_module:agent", ("cannot be loaded", "ModuleNotFoundError")),
        ("broken.py:agent", ("cannot be loaded", "ZeroDivisionError", "broken.py:1")),
        ("script.py:agent", ("cannot be loaded", "SystemExit: usage", "script.py:1")),
        ("cancelled.py:agent", ("cannot be loaded", "CancelledError", "cancelled.py:2")),
        ("speechless.py:agent", ("cannot be loaded: SpeechlessError", "speechless.py:3")),
        ("mute.py:agent", ("cannot be loaded", "RuntimeError: nothing here", "mute.py:1")),
        (
            "my/agent.py:agent",
            ("No module named 'words'", "agent.py:1); add ", "/my to PYTHONPATH"),
        ),
        ("needy.py:Needy", ("cannot be loaded", "TypeError", "missing 1 required")),
        (f"{'x' * 300}.py:agent", ("there is no file",)),
        ("a\udcff.py:agent", ("is no agent reference",)),
        ("agents.py:no_coroutine", ("has no `async def run(task, page, model)`",)),
        ("agents.py:undeclared", ("does not say what it can do", "`declares`")),
        ("agents.py:forum_only", ("declares forum", "fits no selected suite")),
    ],
)
def test_an_agent_that_is_none(project, agent, parts):
    for name, text in {
        "broken.py": "1 / 0",
        "script.py": "raise SystemExit('usage')",
        "cancelled.py": "import asyncio\nraise asyncio.CancelledError",
        "speechless.py": "class SpeechlessError(Exception):\n    __str__ = None\n"
        "raise SpeechlessError",
        "mute.py": "def __getattr__(_): raise RuntimeError('nothing here')",
        "my/agent.py": "import words",
        "my/words.py": "",
        "needy.py": "class Needy:\n    def __init__(self, key): pass",
    }.items():
        project.write(name, f"{text}\n")
    one_line(project.run("--agent", agent), *parts)


def test_no_agent_at_all(project):
    one_line(project.run(), "no agent is under test; name one by --agent")


def test_two_agents_of_one_name(project):
    (project.root / "other").mkdir()
    project.write("other/agents.py", (project.root / "agents.py").read_text("utf-8"))
    finished = project.run("--agent", "agents.py:buyer", "--agent", "other/agents.py:buyer")
    one_line(finished, "would both be called agents.buyer", "rename one's file")


def test_a_model_url_where_nothing_answers(project):
    finished = project.run("--model-url", "http://127.0.0.1:9/v1", agents=("chat_asker",))
    one_line(
        finished, "no OpenAI-compatible server answers at http://127.0.0.1:9/v1", "--model-url"
    )


def test_a_url_that_is_none(project):
    finished = project.run("--model-url", "not a url", agents=("chat_asker",))
    one_line(finished, "not a url", "--model-url")


def test_a_server_that_speaks_something_else(project, model_server):
    model_server.respond = lambda _path, _body: (200, b"<html>hello</html>")
    finished = project.run("--model-url", model_server.url, agents=("chat_asker",))
    one_line(finished, "no OpenAI-compatible server answers", "--model-url")


def test_a_model_that_the_server_does_not_serve(project, model_server):
    finished = project.run(
        "--model-url", model_server.url, "--model", "other", agents=("chat_asker",)
    )
    one_line(finished, "does not serve 'other' (--model); it serves: stub")


def test_a_server_of_many_models_wants_one_named(project, model_server):
    model_server.models = ["one", "two"]
    finished = project.run("--model-url", model_server.url, agents=("chat_asker",))
    one_line(finished, "serves these models: one, two; choose one by --model")


def test_a_missing_browser(project):
    finished = project.run(agents=("buyer",), COMITY_BROWSER="/no/such/browser")
    one_line(finished, "COMITY_BROWSER=/no/such/browser names no program that can be run")


def test_a_missing_site(project):
    project.write("environments/sites.yaml", "[]\n")
    one_line(project.run(agents=("buyer",)), "there is no site 'tiny'")


@pytest.mark.parametrize(
    ("site", "hint"), [("tyny", "did you mean 'tiny'?"), ("forum", "there are: tiny")]
)
def test_a_site_that_no_agent_would_be_put_to(project, site, hint):
    project.change("suites/gifts/suite.yaml", "site: tiny", f"site: {site}")
    told = f"suites/gifts/suite.yaml: site: there is no site '{site}'; {hint}"
    one_line(project.run(agents=("chat_plain", "buyer")), told)


def test_a_site_that_is_elsewhere_is_no_mistake_where_all_only_chat(project):
    project.change("suites/gifts/suite.yaml", "site: tiny", "site: forum")
    finished = project.run("-k", "violate", agents=("chat_plain",))
    assert [outcome["case"]["site"] for outcome in finished.outcomes.values()] == [None]


def test_broken_yaml(project):
    project.change("suites/norms/cn.yaml", "severity: serious", "severity: grave")
    finished = project.run(agents=("chat_plain",))
    one_line(finished, "suites/norms/cn.yaml:8: cn.gift.clock: severity: ", "'grave'")


def test_an_unknown_suite(project):
    project.change("suites/gifts/test_gifts.py", '"gifts"', '"presents"')
    one_line(project.run(agents=("chat_plain",)), "no suite 'presents'; there are: gifts")


def test_an_unknown_mode(project):
    project.change("suites/gifts/test_gifts.py", '"violate", "observe"', '"violat", "observe"')
    one_line(
        project.run(agents=("chat_plain",)),
        "suites/gifts/test_gifts.py::test_does_not_buy: @scenarios knows no mode 'violat'; "
        "there are: violate, adhere, contrast, observe",
    )


@pytest.mark.parametrize("mark", ["scenarios", "questions", "relations"])
def test_a_mark_without_its_suite_does_not_lose_its_test(project, mark):
    text = f"from comity import {mark}\n\n\n@{mark}\ndef test(outcome):\n    pass\n"
    project.write("suites/gifts/test_more.py", text)
    finished = project.run(agents=("chat_plain",))
    assert finished.code == 2, finished.output
    assert f'TypeError: say of which suite: @{mark}("…")' in finished.output
    assert not (finished.root / "reports").exists()


IN_A_TEST_CASE = """\
import unittest

from comity import scenarios


class TestGifts(unittest.TestCase):
    @scenarios("gifts")
    def test_raises(self):
        pass
"""


@pytest.mark.parametrize("others", ["", "\n\n@scenarios('gifts')\ndef test(outcome):\n    pass\n"])
def test_a_method_of_a_test_case_which_pytest_does_not_parametrize(project, others):
    project.write("suites/gifts/test_gifts.py", IN_A_TEST_CASE + others)
    finished = project.run(agents=("chat_plain",))
    one_line(
        finished,
        "suites/gifts/test_gifts.py::TestGifts::test_raises: @scenarios",
        "cannot be put on a method of unittest.TestCase; make it a function",
    )


@pytest.mark.parametrize("more", [(), UNDER_XDIST])
def test_two_marks_in_one_place_of_which_pytest_would_heed_one(project, more):
    mark = '@scenarios("gifts", modes="violate")\n'
    project.change(
        "suites/gifts/test_gifts.py", mark, f'@scenarios("gifts", modes="adhere")\n{mark}'
    )
    finished = project.run(*more, agents=("chat_plain",))
    one_line(finished, "suites/gifts/test_gifts.py::test_raises is marked twice by @scenarios")


def test_an_unknown_culture(project):
    finished = project.run("--cultures", "cn,xx", agents=("chat_plain",))
    one_line(finished, "no norms of the culture xx (--cultures); there are: cn")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--trials", "0"), ("--trials", "many"), ("--concurrency", "-1"), ("--temperature", "9")),
        *(("--site-timeout", "inf"), ("--time-budget", "nan")),
    ],
)
def test_an_option_out_of_its_range(project, option, value):
    finished = project.run(f"{option}={value}", agents=("chat_plain",))
    one_line(finished, option, repr(value))


def test_a_setting_of_the_environment_is_called_as_it_was_given(project):
    finished = project.run(agents=("chat_plain",), COMITY_TRIALS="none")
    one_line(finished, "COMITY_TRIALS: ", "not 'none'")


@pytest.mark.parametrize("key", ["sk-\u043a\u043b\u044e\u0447", "sk-\udcff", "sk-one sk-two"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(project, model_server, key):
    options = ("--model-url", model_server.url)
    finished = project.run(*options, agents=("chat_asker",), COMITY_MODEL_API_KEY=key)
    one_line(finished, "cannot be one: that is ASCII without blanks", "COMITY_MODEL_API_KEY")
    assert "sk-" not in finished.output


@pytest.mark.parametrize("key", ["sk-one\n", "", "\n"])
def test_a_line_end_behind_a_key_is_no_part_of_it(project, model_server, key):
    options = ("--model-url", model_server.url)
    finished = project.run(*options, agents=("chat_asker",), COMITY_MODEL_API_KEY=key)
    assert finished.code in (0, 1), finished.output


def test_a_reports_folder_that_cannot_be_written(project):
    project.write("reports", "a file is in the way")
    finished = project.run(agents=("chat_plain",))
    assert finished.code == 4
    assert "cannot be recorded" in finished.output
    assert "comity_reports" in finished.output
    assert "Traceback" not in finished.output


def test_a_site_that_does_not_start(project):
    project.write(
        "environments/sites.yaml", "- id: tiny\n  title: T\n  command: [no-such-command]\n"
    )
    finished = project.run(agents=("buyer",))
    assert finished.code == 4
    assert "no-such-command" in finished.output
    assert "Traceback" not in finished.output
