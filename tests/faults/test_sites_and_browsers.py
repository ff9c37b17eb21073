"""A part of a run is really killed: what was under way is told as its failing, the rest is served.

Of twelve cases three linger when the fault strikes, four have finished, and five are to come.
"""

import re
import shutil
import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
TWELVE_CASES = ("--trials", "2", "--concurrency", "3")
AGENTS = ("buyer", "lingerer")
STALL = """\
- id: tiny
  title: A stall
  command: ["{python}", stall.py, --port, "{port}"]
  url: http://tiny.example/
  pages: {basket: {path: /cart, each: li.line, empty: li.none, product: a@data-sku}}
"""


def strike(watched, *words, by=signal.SIGKILL, without="\n", arguments=()) -> str:
    """Run the cases, do to the processes named what is asked, and return the output."""
    watched.start(*TWELVE_CASES, *arguments, agents=AGENTS)
    watched.until_under_way(3, finished=4)
    watched.kill(*words, by=by, without=without)
    watched.go_on()
    code, output = watched.finish()
    assert code == 1, output  # the buyer fails its tests; that beats an error
    assert len(watched.outcomes()) == 12
    assert watched.statuses()["infrastructure_error"] == len(watched.errors()) == 3, output
    assert watched.statuses()["agent_error"] == 0
    return str(output)


def test_a_killed_site_is_started_anew_for_the_next_case(watched):
    strike(watched, "tiny_shop.py", without="leash.py")
    for reason in watched.errors():
        assert reason.startswith("the site tiny was ended by SIGKILL; its log is "), reason
        assert "tiny.log" in reason
    assert (watched.root / "reports" / "latest" / "tiny-2.log").exists()


def test_a_site_that_hangs_is_stopped_and_started_anew(watched):
    strike(
        *(watched, "tiny_shop.py"),
        by=signal.SIGSTOP,
        without="leash.py",
        arguments=("--site-timeout", "3"),
    )
    for reason in watched.errors():
        assert reason.startswith("the site tiny did not answer for 3 s"), reason


def test_a_killed_site_that_speaks_no_protocol_is_started_anew_too(watched):
    shutil.copy(ROOT / "tests" / "stand_ins" / "stall.py", watched.root)
    (watched.root / "environments" / "sites.yaml").write_text(STALL)
    for scenarios in watched.root.glob("suites/gifts/scenarios/*.yaml"):
        scenarios.write_text(re.sub(r"tag: [a-z-]+", "product: clock", scenarios.read_text()))
    strike(watched, "stall.py", without="leash.py")
    for reason in watched.errors():
        assert reason.startswith("the site tiny was ended by SIGKILL; its log is "), reason


@pytest.mark.parametrize(
    ("words", "without", "told"),
    [
        (("--user-data-dir=",), "--type=", "the browser failed at http://tiny.example/"),
        (("--type=renderer",), "\n", "the browser's page crashed at http://tiny.example/"),
        (("run-driver",), "\n", "the browser failed at http://tiny.example/"),
    ],
    ids=["browser", "renderer", "driver"],
)
def test_a_killed_browser_is_launched_anew_for_the_next_case(watched, words, without, told):
    strike(watched, *words, without=without)
    for reason in watched.errors():
        assert reason.startswith(told), reason


def test_a_page_that_never_loads_is_named_and_soon_given_up(watched):
    watched.start("--site-timeout", "3", agents=("wanderer",), TINY_FAULT="never,endless,loop")
    code, output = watched.finish()
    assert code == 6, output
    assert watched.errors() == ["the start page http://tiny.example/ does not load within 3 s"] * 3
    assert "does not load within 3 s" in output


def test_a_killed_shop_leaves_nothing_and_is_started_anew(watched):
    sites = watched.root / "environments" / "sites.yaml"
    sites.write_text(
        "- id: shop\n  title: The shop\n"
        f'  command: ["{{python}}", "{ROOT / "environments" / "serve.py"}"]\n'
    )
    watched.project.change("suites/gifts/suite.yaml", "site: tiny", "site: shop")
    watched.project.change("agents.py", '{"tiny"}', '{"shop"}')
    watched.start("--concurrency", "2", agents=("lingerer",))
    watched.until_under_way(2, finished=0)
    watched.kill("serve.py", without="leash.py")
    watched.go_on()
    _, output = watched.finish()
    assert len(watched.errors()) == 2, output
    assert all("the site shop was ended by SIGKILL" in reason for reason in watched.errors())
    assert watched.statuses()["infrastructure_error"] == 2
    assert len(watched.outcomes()) == 3


def test_a_killed_run_leaves_nothing_but_what_it_had_finished(watched):
    watched.start(*TWELVE_CASES, agents=AGENTS)
    watched.until_under_way(3, finished=4)
    watched.process.kill()
    watched.finish()
    assert len(watched.outcomes()) == 4
    assert watched.statuses() == {"judged": 4}


def test_a_run_whose_site_does_not_start_is_not_the_latest_and_leaves_nothing(watched):
    sites = watched.root / "environments" / "sites.yaml"
    sites.write_text(
        "- id: tiny\n  title: Tiny\n  command: [sh, -c, 'echo no database >&2; exit 3']\n"
    )
    watched.start(agents=("wanderer",))
    code, output = watched.finish()
    assert code == 4, output
    assert "ended with exit status 3" in output
    assert "no database" in output
    reports = watched.root / "reports"
    assert [path.name for path in reports.iterdir()] == ["runs"]
    [run] = (reports / "runs").iterdir()
    assert {path.name for path in run.iterdir()} >= {"run.json", "tiny.log"}
