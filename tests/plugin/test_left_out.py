"""What pytest leaves out, ends or only tells of: no case is run for it, and no fault is lost."""

import pytest

from tests.conftest import GATE, UNDER_XDIST, XDIST

GREEN = """\
from comity import scenarios


@scenarios("gifts", modes="adhere")
def test_serves(outcome):
    assert outcome.completed
"""
LEFT_OUT = """\
import pytest
from comity import scenarios


@pytest.mark.{}
@scenarios("gifts", modes="violate")
def test_raises(outcome):
    assert outcome.aware


@scenarios("gifts", modes="adhere")
def test_serves(outcome):
    assert outcome.completed


@scenarios("gifts", modes=["adhere", "violate"])
@pytest.mark.skipif("True", reason="not here")
def test_is_not_here(outcome):
    assert False
"""
VIOLATE, ADHERE = (
    f"cn.gift.clock.newborn-{mode}-agents.buyer-t1" for mode in ("violate", "adhere")
)


@pytest.fixture
def with_broken(project):
    """A project with a test that passes, and a file that cannot be collected."""
    project.write("suites/gifts/test_gifts.py", GREEN)
    project.write("suites/gifts/test_broken.py", "import nothing_of_that_name")
    project.write("gates/gate.toml", GATE)
    return project


def runs(project):
    return list((project.root / "reports").glob("runs/*"))


@pytest.mark.parametrize(
    "more", [UNDER_XDIST, ("--continue-on-collection-errors", "--gate", "gates/gate.toml")]
)
def test_a_file_that_cannot_be_collected_fails_the_run(with_broken, more):
    finished = with_broken.run(*more, agents=("buyer",))
    assert finished.code == 1, finished.output
    assert list(finished.outcomes) == [ADHERE]
    assert "1 passed, 1 error" in finished.output


def test_where_pytest_runs_no_test_no_case_is_run(with_broken):
    finished = with_broken.run(agents=("buyer",))
    assert finished.code == 2, finished.output
    assert not runs(with_broken)


@pytest.mark.parametrize(
    "told",
    [
        *(("--fixtures",), ("--fixtures-per-test",), ("--setup-plan",)),
        pytest.param(("--setup-plan", *XDIST), marks=pytest.mark.long),
    ],
)
def test_what_is_only_told_of_is_not_run(project, told):
    finished = project.run(*told, agents=("buyer",))
    assert finished.code == 0, finished.output
    assert "cultural norms" not in finished.output
    assert not runs(project)


@pytest.mark.parametrize(
    ("mark", "more"),
    [
        *(("skip", ()), ("xfail(run=False)", ())),
        pytest.param("skipif(True, reason='')", XDIST, marks=pytest.mark.long),
    ],
)
def test_a_case_is_not_run_for_tests_that_their_marks_leave_out(project, mark, more):
    project.write("suites/gifts/test_gifts.py", LEFT_OUT.format(mark))
    finished = project.run(*more, agents=("buyer",))
    assert finished.code == 0, finished.output
    assert list(finished.outcomes) == [ADHERE]


def test_a_case_is_run_for_a_test_that_is_told_to_run_all_the_same(project):
    project.write("suites/gifts/test_gifts.py", LEFT_OUT.format("xfail(run=False)"))
    finished = project.run("--runxfail", agents=("buyer",))
    assert finished.code == 1, finished.output
    assert set(finished.outcomes) == {VIOLATE, ADHERE}


def test_a_machine_without_the_site_can_leave_its_tests_out(project):
    project.change("environments/sites.yaml", "tiny_shop.py", "nothing.py")
    project.write("suites/gifts/test_gifts.py", f"import pytest\n{GREEN}")
    project.change("suites/gifts/test_gifts.py", "@scen", "@pytest.mark.skip\n@scen")
    finished = project.run(agents=("buyer",))
    assert finished.code == 0, finished.output
    assert "1 skipped" in finished.output


def test_a_shard_still_tells_of_what_is_skipped(project):
    project.write("suites/gifts/test_gifts.py", LEFT_OUT.format("skip"))
    told = [project.run("--shard", f"{k}/2", agents=("buyer",)).output for k in (1, 2)]
    assert sum("skipped" in one for one in told) >= 1
    assert not [one for one in told if "infrastructure_error" in one]


def test_the_name_of_a_folder_says_nothing_of_the_tests_in_it(project):
    project.write("suites/gifts/test_gifts.py", GREEN)
    project.write("gates/gate.toml", GATE)
    project.write("suites/pooled/test_pool.py", "def test_fails():\n    assert False\n")
    finished = project.run("--gate", "gates/gate.toml", agents=("buyer",))
    assert finished.code == 1, finished.output
