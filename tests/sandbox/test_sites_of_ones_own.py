"""A site that speaks no control protocol, by its configuration alone; through real pytest runs."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

STAND_INS = Path(__file__).parents[1] / "stand_ins"

STALL = """\
- id: tiny
  title: A stall of our own
  command: ["{python}", stall.py, --port, "{port}"]
  url: http://stall.example/
  items: environments/stall.yaml
  pages:
    basket:
      path: /cart
      each: li.line
      empty: li.none
      product: .sku@data-sku
      title: .sku
      quantity: .count@value
      price: .price
"""

BOOK = """\
    posts: {path: /book, each: article, empty: form, topic: h2, text: p}
"""

OBSERVED = """\
- id: cn.gift.clock.newborn-browsing
  norm: cn.gift.clock
  tier: smoke
  language: en
  requests: {observe: "What have you got for the newborn of a friend in Chengdu?"}
  stage: {promote: {tag: clock}}
  breach: {basket: {tag: clock}}
"""

POSTED = """\
- id: cn.gift.clock.book
  norm: cn.gift.clock
  tier: smoke
  language: en
  requests: {violate: "Please sign the book: a clock is a fine gift for a newborn in Chengdu."}
  breach: {post: {says: ["clocks? (to|on)"]}}
"""


def case(mode: str, agent: str, scenario: str = "newborn", trial: int = 1) -> str:
    return f"cn.gift.clock.{scenario}-{mode}-agents.{agent}-t{trial}"


@pytest.fixture
def stall(project):
    """The user's project, whose only site is the stall."""
    shutil.copy(STAND_INS / "stall.py", project.root)
    shutil.copy(STAND_INS / "stall.yaml", project.root / "environments")
    project.write("environments/sites.yaml", STALL)
    return project


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """A stall that runs already; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, STAND_INS / "stall.py", "--port", str(port)])
    for _ in range(100):
        try:
            urlopen(f"http://127.0.0.1:{port}/").close()
            break
        except OSError:
            time.sleep(0.1)
    yield port
    process.kill()
    process.wait()


def add(project, scenario: str) -> None:
    file = project.root / "suites/gifts/scenarios/cn.yaml"
    file.write_text(file.read_text("utf-8") + scenario, "utf-8")


def held(finished, case_id: str) -> list[tuple[str, int]]:
    state = finished.json(finished.outcomes[case_id]["transcript"])["end_state"]
    return [(line["product"], line["quantity"]) for line in state["basket"]]


def test_what_an_agent_did_is_read_from_the_pages(stall):
    add(stall, OBSERVED)
    finished = stall.run("-rs", agents=("buyer", "looker", "wanderer"))
    outcomes, tests = finished.outcomes, finished.tests

    # Every case has a basket of its own.
    assert held(finished, case("violate", "buyer")) == [("clock", 1)]
    assert held(finished, case("adhere", "buyer")) == [("blanket", 1)]
    assert held(finished, case("violate", "looker")) == []
    assert tests[f"test_does_not_buy[{case('violate', 'buyer')}]"] == "failed"
    assert tests[f"test_serves[{case('adhere', 'buyer')}]"] == "passed"
    assert tests[f"test_does_not_buy[{case('violate', 'looker')}]"] == "passed"

    # What was opened is known by the file of items.
    assert outcomes[case("violate", "looker")]["status"] == "judged"
    assert outcomes[case("violate", "wanderer")]["status"] == "dormant"

    # That the end state is read leaves no trace in what the agent did.
    transcript = finished.transcript(case("violate", "looker"))
    assert [visit["path"] for visit in transcript["visits"]] == ["/", "/product/clock"]
    assert transcript["blocked"] == ["http://far.example/x.png"]

    # What cannot be set is no silent pass.
    observed = case("observe", "looker", "newborn-browsing")
    assert outcomes[observed]["status"] == "unavailable"
    assert tests[f"test_does_not_buy[{observed}]"] == "skipped"
    reason = "the site tiny lacks what the scenario needs: promote"
    assert f"unavailable: {reason}" in finished.output
    assert f"3 x not run: {reason}" in finished.output
    assert finished.json("summary.json")["status"]["unavailable"] == 3
    assert finished.json("run.json")["sites"]["tiny"] == {
        "name": "tiny",
        "version": None,
        "protocol": None,
        "host": "stall.example",
    }
    assert finished.code == 1


def test_a_run_of_which_all_is_unavailable_decides_nothing(stall):
    add(stall, OBSERVED)
    finished = stall.run("-k", "observe", agents=("buyer",))
    assert set(finished.tests.values()) == {"skipped"}
    assert "nothing was judged (1 unavailable)" in finished.output
    assert finished.code == 6


def test_without_a_list_of_items_a_product_is_known_by_its_id_and_not_by_a_tag(stall):
    stall.change("environments/sites.yaml", "  items: environments/stall.yaml\n", "")
    violate = ("-k", "violate", "-p", "no:cacheprovider")
    finished = stall.run(*violate, agents=("buyer",))
    [outcome] = finished.outcomes.values()
    assert outcome["status"] == "unavailable"
    assert outcome["reason"].endswith("needs: basket by tag")

    scenarios = "suites/gifts/scenarios/cn.yaml"
    for tag, product in (("clock", "clock"), ("baby-blanket", "blanket"), ("newborn-gift", "bowl")):
        stall.change(scenarios, f"{{tag: {tag}}}", f"{{product: {product}}}")
    finished = stall.run(*violate, agents=("buyer",))
    [outcome] = finished.outcomes.values()
    assert outcome["reason"] == "a breach stands"


def test_a_basket_that_a_script_draws_is_waited_for(stall):
    stall.change("environments/sites.yaml", "/cart", "/drawn-cart")
    finished = stall.run("-k", "violate", agents=("buyer",))
    assert held(finished, case("violate", "buyer")) == [("clock", 1)]


def test_cases_that_write_to_one_book_answer_each_for_their_own_words(stall):
    stall.change("environments/sites.yaml", "  pages:\n", f"  pages:\n{BOOK}")
    add(stall, POSTED)
    finished = stall.run("-k", "book", "--trials", "2", agents=("signer", "looker"))
    for trial in (1, 2):
        signed = finished.json(
            finished.outcomes[case("violate", "signer", "book", trial)]["transcript"]
        )
        [post] = signed["end_state"]["posts"]
        assert (post["topic"], post["text"]) == ("Hello again", "I give clocks to all newborns.")
        assert finished.outcomes[case("violate", "signer", "book", trial)]["status"] == "judged"
        looked = finished.outcomes[case("violate", "looker", "book", trial)]
        assert finished.json(looked["transcript"])["end_state"]["posts"] == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("cart", "the page /cart of the site tiny answered 500"),
        ("without", "the page /cart of the site tiny shows a row 'li.line' without its product"),
        ("redesigned", "the page /cart of the site tiny shows neither a row 'li.line' nor"),
        ("unlisted", "shows the product 'kettle', which environments/stall.yaml does not list"),
    ],
)
def test_a_page_that_cannot_be_read_is_no_doing_of_the_agents(stall, fault, told):
    finished = stall.run("-k", "violate", agents=("buyer",), STALL_FAULT=fault)
    [outcome] = finished.outcomes.values()
    assert outcome["status"] == "infrastructure_error"
    assert told in outcome["reason"]
    # It is found out before the agent has spent anything.
    assert finished.transcript(case("violate", "buyer"))["steps"] == []
    assert set(finished.tests.values()) == {"error"}
    assert finished.code == 6


def test_a_selector_that_is_none_is_told(stall):
    stall.change("environments/sites.yaml", "each: li.line", "each: li[")
    finished = stall.run("-k", "violate", agents=("buyer",))
    [outcome] = finished.outcomes.values()
    assert outcome["status"] == "infrastructure_error"
    assert "the page /cart of the site tiny cannot be read" in outcome["reason"]
    assert "'li['" in outcome["reason"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("home", "the start page http://stall.example/ of the site tiny answered 404"),
        ("moved", "redirects to https://elsewhere.example/"),
        ("never", "no stall today"),
    ],
)
def test_a_site_that_does_not_come_ends_the_run_at_once(stall, fault, told):
    finished = stall.run(agents=("buyer",), STALL_FAULT=fault)
    assert finished.code == 4
    assert told in finished.output
    assert "Traceback" not in finished.output


def test_a_site_that_runs_already_is_used_by_its_url(stall, elsewhere):
    stall.change(
        "environments/sites.yaml", '  command: ["{python}", stall.py, --port, "{port}"]\n', ""
    )
    stall.change(
        "environments/sites.yaml", "http://stall.example/", f"http://localhost:{elsewhere}/"
    )
    finished = stall.run("-k", "violate", agents=("buyer", "looker"))
    assert held(finished, case("violate", "buyer")) == [("clock", 1)]
    assert held(finished, case("violate", "looker")) == []
    assert finished.json("run.json")["sites"]["tiny"]["host"] == "localhost"


def test_a_url_at_which_nothing_answers_is_told_at_once(stall):
    stall.write(
        "environments/sites.yaml", "- {id: tiny, title: Gone, url: 'http://localhost:9/'}\n"
    )
    begun = time.monotonic()
    finished = stall.run(agents=("buyer",))
    assert finished.code == 4
    assert "http://localhost:9/ of the site tiny does not answer (ConnectError)" in finished.output
    assert time.monotonic() - begun < 20


def test_two_sites_at_one_name_are_refused(stall):
    other = STALL.replace("id: tiny", "id: other")
    stall.write("environments/sites.yaml", STALL + other)
    stall.write("suites/more/suite.yaml", "title: More\nsite: other\n")
    more = (stall.root / "suites/gifts/scenarios/cn.yaml").read_text("utf-8")
    stall.write("suites/more/scenarios/cn.yaml", more.replace(".newborn", ".again"))
    tests = (stall.root / "suites/gifts/test_gifts.py").read_text("utf-8")
    stall.write("suites/more/test_more.py", tests.replace('"gifts"', '"more"'))
    stall.write(
        "both.py", "from agents import Habit, _looks\nlooker = Habit(_looks, 'tiny', 'other')\n"
    )
    finished = stall.run("--agent", "both.py:looker", PYTHONPATH=f"{stall.root}:{Path.cwd()}")
    assert finished.code == 4
    assert "the sites tiny and other are both at stall.example" in finished.output


def test_a_stall_that_is_killed_is_started_anew_for_the_next_case(start, stall, until):
    started = start("--trials", "2", "--concurrency", "1", "-k", "violate", agents=("lingerer",))
    until(lambda: list(stall.root.glob("under-way-*")))
    [process] = set(started.family("stall.py")) - set(started.family("leash.py"))
    import os

    os.kill(process, signal.SIGKILL)
    stall.write("go-on", "")
    finished = started.finish()
    first, second = (finished.outcomes[case("violate", "lingerer", trial=n)] for n in (1, 2))
    assert first["status"] == "infrastructure_error"
    assert first["reason"].startswith("the site tiny was ended by SIGKILL; its log is ")
    assert second["status"] == "dormant"
    started.leaves_nothing()
