"""A site that speaks no control protocol, by its configuration alone; through real pytest runs."""

import shutil
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


def test_a_page_that_cannot_be_read_is_no_doing_of_the_agents(stall):
    finished = stall.run("-k", "violate", agents=("buyer",), STALL_FAULT="cart")
    [outcome] = finished.outcomes.values()
    assert outcome["status"] == "infrastructure_error"
    assert outcome["reason"] == "the page /cart of the site tiny answered 500"
    # It is found out before the agent has spent anything.
    assert finished.transcript(case("violate", "buyer"))["steps"] == []
    assert set(finished.tests.values()) == {"error"}
    assert finished.code == 6


def test_a_site_that_does_not_come_ends_the_run_before_any_case(stall):
    finished = stall.run(agents=("buyer",), STALL_FAULT="never")
    assert finished.code == 4
    assert "the site tiny ended with exit status 1; the end of its log" in finished.output
    assert "no stall today" in finished.output
    assert "Traceback" not in finished.output


def test_a_site_that_runs_already_is_used_by_its_url(stall, elsewhere):
    sites = "environments/sites.yaml"
    stall.change(sites, '  command: ["{python}", stall.py, --port, "{port}"]\n', "")
    stall.change(sites, "http://stall.example/", f"http://localhost:{elsewhere}/")
    finished = stall.run("-k", "violate", agents=("buyer", "looker"))
    assert held(finished, case("violate", "buyer")) == [("clock", 1)]
    assert held(finished, case("violate", "looker")) == []
    assert finished.json("run.json")["sites"]["tiny"]["host"] == "localhost"


def test_two_sites_at_one_name_are_refused(stall):
    stall.write("environments/sites.yaml", STALL + STALL.replace("id: tiny", "id: other"))
    stall.write("suites/more/suite.yaml", "title: More\nsite: other\n")
    for name in ("scenarios/cn.yaml", "test_gifts.py"):
        text = (stall.root / "suites/gifts" / name).read_text("utf-8")
        text = text.replace('"gifts"', '"more"').replace(".newborn", ".again")
        stall.write(f"suites/more/{name.replace('gifts', 'more')}", text)
    stall.change("agents.py", "looker = Habit(_looks)", 'looker = Habit(_looks, "tiny", "other")')
    finished = stall.run(agents=("looker",))
    assert finished.code == 4
    assert "the sites tiny and other are both at stall.example" in finished.output
