"""JUnit's file: what each test's item says of its case, and that no text breaks it."""

from xml.etree import ElementTree

import pytest

from tests.conftest import UNDER_XDIST


def items(project):
    """Return each item's properties, and what it failed by, by the name of its test."""
    found = {}
    for case in ElementTree.parse(project.root / "junit.xml").iter("testcase"):
        properties = [(p.attrib["name"], p.attrib["value"]) for p in case.iter("property")]
        assert len(dict(properties)) == len(properties)
        failure = case.find("failure")
        text = "" if failure is None else failure.attrib["message"] + (failure.text or "")
        found[case.attrib["name"]] = dict(properties), text
    return found


@pytest.mark.parametrize("more", [(), UNDER_XDIST])
def test_an_item_has_its_cases_facts_and_findings(project, more):
    run = project.run(*more, "-k", "violate", agents=("buyer",))
    found = items(project)
    case = "cn.gift.clock.newborn-violate-agents.buyer-t1"
    assert set(found) == {f"test_raises[{case}]", f"test_does_not_buy[{case}]"}
    for properties, _ in found.values():
        assert properties == {
            "run": run.run.name,
            "case": case,
            "suite": "gifts",
            "scenario": "cn.gift.clock.newborn",
            "norm": "cn.gift.clock",
            "mode": "violate",
            "culture": "cn",
            "domain": "gift-giving",
            "severity": "serious",
            "language": "en",
            "agent": "agents.py:buyer",
            "oracle": "false",
            "model": "none",
            "site": "tiny",
            "trial": "1",
            "status": "judged",
            "finding.breach": "silent",
            "finding.completed": "true",
            "finding.aware": "false",
            "finding.helpful": "open",
            "finding.refused": "false",
        }


def test_a_case_that_was_not_judged_says_so(project):
    project.run("-k", "violate", agents=("erring",))
    assert {found["status"] for found, _ in items(project).values()} == {"agent_error"}


def test_no_text_of_a_model_breaks_the_file(project, model_server):
    hostile = "\x00\x01\x08\x0b\x1b[31m]]> & <testcase name='x'/> \ufffe\uffff \U0001f98a"
    model_server.script = lambda _body: hostile
    model_server.models[:] = ['m"&<\ufffe>']
    project.run("-k", "violate", "--model-url", model_server.url, agents=("chat_asker",))
    (properties, failure), *_ = items(project).values()
    assert properties["model"] == 'm"&<\\ufffe>'
    assert "&" in failure
    assert "\U0001f98a" in failure


def test_a_test_over_no_case_and_a_session_without_the_file_have_none(project):
    project.write("suites/gifts/test_plain.py", "def test_plain():\n    pass\n")
    project.write(
        "suites/gifts/conftest.py",
        "def pytest_runtest_logreport(report):\n"
        "    print(f'{report.when} has {len(report.user_properties)}')\n",
    )
    project.run("-k", "plain or violate", agents=("chat_plain",))
    assert items(project)["test_plain"] == ({}, "")
    run = project.run("-s", "-k", "violate", "--junitxml=", agents=("chat_plain",))
    assert "teardown has 0" in run.output
    assert "teardown has 1" not in run.output
