"""People read the page in a browser: they find, follow, sort, and use what they use."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from comity.schema import (
    Status,
)


def test_it_opens_with_the_network_cut_without_a_request_or_an_error(run, show):
    run.vary()
    run.end(gated=True)
    found = show()
    found.at("")
    for outcome in run.kept:
        found.case(outcome)
    assert found.trouble == []


def test_a_replay_tells_what_was_asked_done_said_and_found(run, show):
    run.vary()
    run.end()
    opened = show().case(run.kept[0])
    told = opened.inner_text("#case")
    for text in (
        "My friend in Chengdu has a baby", "type", "clock", "Could not be done: gone",
        "A clock for you", "A clock is not given as a gift.", "To give a clock sounds like",
        "China", "Taiwan", "says what a clock means", "2.5 s in all", "A draft: nobody",
    ):  # fmt: skip
        assert text in told
    [mark] = opened.query_selector_all("#case .bubble mark")
    assert mark.text_content().startswith("a clock is unlucky")
    image = opened.query_selector("#case img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    assert "Tiny" in image.get_attribute("alt")
    opened.click("#case .steps summary")
    assert opened.inner_text("#case .steps pre") == '[1] button "Buy"'


def test_an_open_question_is_replayed_with_the_voices_in_its_answer(run, show):
    run.vary()
    run.end()
    shown_page = show()
    opened = shown_page.case(run.kept[-1])
    assert opened.inner_text("#case mark").startswith("Confucians")
    assert "confucian has something to say" in opened.inner_text("#case")
    assert "Whose voices are heard" in shown_page.at("").inner_text("#overview")


def test_cases_are_found_by_the_address_and_by_the_controls(run, show):
    run.vary()
    run.end()
    found = show()
    ids = [outcome.case.id for outcome in run.kept]
    for fragment, wanted in {
        "culture=cn": ids[:6],
        "suite=worldview": ids[6:],
        "status=dormant": [ids[4]],
        "agent=agents/mine.py:rash": ids[3:6],
        "finding=breach: silent": [ids[3]],
        "went=fault": [ids[3]],
        "went=open": [ids[2]],
        "mode=holds": [ids[0], ids[1], ids[3], ids[4]],
        "norm=cn.gift.clock&mode=contrast": [ids[2], ids[5]],
        "place=TW&status=judged": ids[:4],
        "place=NO": [],
        "q=KNOW yourself": ids[6:],
        "q=chengdu blanket&agent=agents/mine.py:careful": ids[:2],
    }.items():
        found.at(fragment)
        assert sorted(found.listed()) == sorted(wanted), fragment
    opened = found.at("")
    opened.select_option("select[name=status]", "dormant")
    assert "status=dormant" in opened.url
    opened.click("#list a")
    opened.wait_for_selector("#case-title")
    opened.click("#case >> text=All cases")
    opened.wait_for_selector("#case", state="hidden")
    assert found.listed() == [ids[4]]
    assert found.trouble == []


def test_a_case_that_is_not_there_is_said_to_be_none(run, show):
    run.careful()
    run.end()
    assert "There is no such case." in show().at("case=nobody").inner_text("#count")


def test_the_table_by_culture_is_sorted_by_its_heads_from_the_keyboard(run, show):
    run.careful()
    run.end()
    opened = show().at("")
    head = opened.locator("table.sortable:visible thead th").nth(2)
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(run, show, scheme):
    run.vary()
    run.break_twelve_norms()
    run.end(gated=True)
    found = show(color_scheme=scheme)
    for opened in (found.at(""), found.case(run.kept[0]), found.case(run.kept[6])):
        serious = [
            (one["id"], [node["html"] for node in one["nodes"]][:3])
            for one in Axe().run(opened).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_nothing_is_wider_than_a_narrow_screen(run, show):
    run.vary()
    run.end(gated=True)
    found = show(viewport={"width": 360, "height": 740})
    for opened in (found.at(""), found.case(run.kept[0])):
        assert opened.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_table_of_many_agents_is_wider_than_the_screen_by_itself(run, show):
    for name in ("careful", "forgetful", "hasty", "lecturing", "silent"):
        run.add("adhere", agent=f"agents/mine.py:{name}", found={"completed": True})
    run.end()
    opened = show(viewport={"width": 360, "height": 740}).at("")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_address_that_names_nothing_shows_the_page(run, show):
    run.careful()
    found = show()
    for fragment in ("%", "100%", "no-such-part"):
        assert found.at(fragment).inner_text("#count") == "1 of 1 cases"
    assert found.trouble == []


def test_a_run_without_a_case_has_a_page(run, show):
    run.end()
    found = show()
    opened = found.at("")
    assert "No case has ended" in opened.inner_text("main")
    assert opened.inner_text("#count") == "0 of 0 cases"
    assert found.trouble == []


def test_a_run_of_nothing_but_errors_has_a_page(run, show):
    for trial in range(1, 4):
        run.add(
            said=None, trial=trial, status=Status.INFRASTRUCTURE_ERROR, reason="the site was lost"
        )
    run.end(gated=True)
    found = show()
    opened = found.at("")
    assert "3 × the site was lost" in opened.inner_text("main")
    assert "The agent gave no answer." in found.case(run.kept[0]).inner_text("#case")
    assert found.trouble == []
