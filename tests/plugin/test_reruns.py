"""What would run a failed test again until it passes is refused: it hides what is measured.

So is what would run it in a child of pytest's, where no case runs.
"""

import pytest

from tests.conftest import UNDER_XDIST, XDIST

RERUNFAILURES = ("-p", "pytest_rerunfailures")
RETRY = ("-p", "pytest_retry.retry_plugin")
FLAKY = "import pytest\n\npytestmark = pytest.mark.flaky(reruns=2)\n"
OPTION_OF_FLAKY = """
def pytest_addoption(parser):
    parser.addoption("--force-flaky", action="store_true", dest="force_flaky")
"""
OPTION_OF_FORKED = """
def pytest_addoption(parser):
    parser.addoption("--forked", action="store_true", dest="forked")

def pytest_configure(config):
    config.addinivalue_line("markers", "forked: runs in a child")
"""
FORKED = "import pytest\n\npytestmark = pytest.mark.forked\n"


def is_refused(finished, what):
    assert finished.code == 4, finished.output
    [line] = [line for line in finished.output.splitlines() if line.startswith("ERROR: ")]
    assert line.startswith(f"ERROR: {what}")
    assert "hides how often an agent fails" in line
    assert "--trials N" in line
    assert "Traceback" not in finished.output
    assert not (finished.root / "reports").exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((*RERUNFAILURES, "--reruns", "2"), "--reruns (pytest-rerunfailures)"),
        ((*RERUNFAILURES, "--force-reruns", "2"), "--force-reruns (pytest-rerunfailures)"),
        ((*RERUNFAILURES, *XDIST, "--reruns", "2"), "--reruns (pytest-rerunfailures)"),
        ((*RETRY, "--retries", "2"), "--retries (pytest-retry)"),
        ((*RERUNFAILURES, "-o", "reruns=2"), "the setting `reruns` (pytest-rerunfailures)"),
        ((*RETRY, "-o", "retries=2"), "the setting `retries` (pytest-retry)"),
    ],
)
def test_an_option_or_a_setting_that_hides_failures_is_refused(project, arguments, what):
    is_refused(project.run(*arguments, agents=("chat_plain",)), what)


@pytest.mark.parametrize("plugin", [RERUNFAILURES, RETRY])
def test_a_mark_that_hides_failures_is_refused(project, plugin):
    project.change("suites/gifts/test_gifts.py", "from comity", f"{FLAKY}from comity")
    finished = project.run(*plugin, agents=("chat_plain",))
    is_refused(finished, "the mark `flaky` of suites/gifts/test_gifts.py::test_raises[")


def test_the_plugin_flaky_is_refused_too(project):
    project.write("conftest.py", OPTION_OF_FLAKY)
    is_refused(project.run("--force-flaky", agents=("chat_plain",)), "--force-flaky (flaky)")


@pytest.mark.parametrize("plugin", [RERUNFAILURES, RETRY])
def test_a_plugin_that_is_not_asked_for_anything_is_no_harm(project, plugin):
    assert project.run(*plugin, "-k", "raises", agents=("chat_raiser",)).code == 0


def test_tests_of_other_kinds_may_be_run_again(project):
    project.write("suites/test_plain.py", "def test_plain():\n    assert False\n")
    arguments = (*RERUNFAILURES, "--reruns", "2")
    finished = project.run(*arguments, "suites/test_plain.py", agents=("chat_plain",))
    assert "1 failed, 2 rerun" in finished.output
    # That other tests were collected, and deselected, makes no difference.
    finished = project.run(*arguments, "-k", "plain and not chat", agents=("chat_plain",))
    assert "1 failed, 4 deselected, 2 rerun" in finished.output


def does_not_fork(finished, what):
    assert finished.code == 4, finished.output
    [line] = [line for line in finished.output.splitlines() if line.startswith("ERROR: ")]
    assert line.startswith(f"ERROR: {what}")
    assert "would wait for ever for its case" in line
    assert not (finished.root / "reports").exists()


@pytest.mark.parametrize("more", [(), UNDER_XDIST])
def test_the_option_that_runs_tests_in_a_child_is_refused(project, more):
    project.write("conftest.py", OPTION_OF_FORKED)
    finished = project.run("--forked", *more, agents=("chat_plain",))
    does_not_fork(finished, "--forked (pytest-forked)")


def test_the_mark_that_runs_a_test_in_a_child_is_refused_where_it_is_selected(project):
    project.write("conftest.py", OPTION_OF_FORKED)
    project.write("suites/test_plain.py", f"{FORKED}\ndef test_plain():\n    pass\n")
    project.change("suites/gifts/test_gifts.py", "from comity", f"{FORKED}from comity")
    finished = project.run(agents=("chat_plain",))
    does_not_fork(finished, "the mark `forked` of suites/gifts/test_gifts.py::test_raises[")
    # Tests of other kinds may.
    assert project.run("-k", "plain and not chat", agents=("chat_plain",)).code == 0
