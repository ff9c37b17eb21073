"""No text of a run acts on the page, or hides in it."""

import json

from comity.reporting.html.text import shown
from comity.schema import (
    EndState,
    Evidence,
    Observation,
    Post,
    Reply,
    Step,
    Transcript,
)

HOSTILE = (
    (
        '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked=2">'
        "\"'><svg onload=alert(1)> <!-- {{ 7*7 }} {% raw %} \u2028 \u202egnp.exe\u202c \x1b[2J "
        "javascript:window.hacked=3 &lt;b&gt; \ud83d\ude00 \x00"
    )
    .encode("utf-16", "surrogatepass")
    .decode("utf-16")
)


def test_no_text_of_a_run_runs_or_breaks_the_page(run, show):
    long = HOSTILE * 400
    seen = Observation(url=f"javascript:{HOSTILE}", title=HOSTILE, text=long)
    norm = run.labelled.library.norms["cn.gift.clock"]
    hostile = norm.model_copy(
        update={
            "statement": HOSTILE,
            "why": HOSTILE,
            "agreement": "varies",
            "agreement_note": HOSTILE,
        }
    )
    outcome = run.add(
        agent=f"{HOSTILE.replace(chr(0), '')}.py:x",
        model=HOSTILE,
        request={"norm": hostile},
        reason=HOSTILE,
        judge_errors=(HOSTILE,),
        findings=(
            run.finding("aware", True, (Evidence(where="answer", quote=HOSTILE),), HOSTILE),
            run.finding("breach", "silent", (Evidence(where=HOSTILE, quote=HOSTILE),), HOSTILE),
        ),
        transcript=Transcript(
            steps=(
                Step(index=1, action={"action": HOSTILE, HOSTILE: HOSTILE}, at=1, error=HOSTILE,
                     target=HOSTILE, observed=seen),
            ),
            last_page=seen,
            blocked=(HOSTILE,),
            reply=Reply(text=long),
        ),
        end_state=EndState(posts=(Post(id="1", topic=HOSTILE, text=long),)),
        attachments={"screenshot": HOSTILE.replace("\0", "")},
    )  # fmt: skip
    run.keep(run.asked(long))
    run.labelled.store.write_facts({"model": {"name": HOSTILE}, "versions": {"comity": HOSTILE}})
    run.end()
    summed = json.loads((run.folder / "summary.json").read_text("utf-8"))
    told = {"verdict": HOSTILE, "why": HOSTILE, "cases": [HOSTILE], "metric": HOSTILE,
            "slice": {HOSTILE: HOSTILE}}  # fmt: skip
    summed["verdict"] = {
        "verdict": HOSTILE, "gate": {"file": HOSTILE}, "reasons": [HOSTILE],
        "criteria": [told], "rulings": [told],
    }  # fmt: skip
    (run.folder / "summary.json").write_text(json.dumps(summed), "utf-8")

    found = show()
    found.at("")
    assert found.page.locator("#list a").count() == 2
    for kept in (outcome, run.kept[-1]):
        found.page.evaluate("id => { location.hash = new URLSearchParams({case: id}) }",
                            shown(kept.case.id))  # fmt: skip
        found.page.wait_for_selector("#case-title")
        for summary_line in found.page.query_selector_all("#case summary"):
            summary_line.click()
        assert "</script><script>window.hacked" in found.page.inner_text("#case")
    found.at(f"q={HOSTILE}&case={HOSTILE}")
    assert found.page.evaluate("window.hacked") is None
    assert found.page.locator("#case script, #case svg, main [onerror], main [onload]").count() == 0
    assert found.trouble == []


def test_an_address_that_is_no_page_of_the_web_is_no_link(run, show):
    run.careful()
    opened = show().at("")
    for address in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "no address"):
        assert opened.evaluate("one => outside('x', one).tagName", address) == "BDI"
    assert opened.evaluate("outside('x', 'https://example.org/').tagName") == "A"


def test_what_turns_text_around_or_hides_in_it_is_shown():
    assert shown("a\u202eb\x1b[0m") == "a⟨U+202E⟩b⟨U+001B⟩[0m"
    assert shown("نمی\u200cدانم") == "نمی\u200cدانم"
    assert shown("\ud800") == "?"
    assert shown("x" * 3_000).endswith("… (1,000 more characters)")
