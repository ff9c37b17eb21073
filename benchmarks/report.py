"""How large the report of a large run is, and how soon a browser has it open.

The run is a stored one, by default the latest, whose cases are repeated as further trials until
there are as many as asked. A copy shares no text and no picture with its original: every line of
what was seen, and the answer, carry the copy's number, and each picture counts as one of its own,
so that the page saves nothing by what they have in common. The page is opened from the disk in a
browser without a network, each time in a new context; it is open when the list of cases stands and
its controls answer.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from figures import in_turns, median, publish, table
from playwright.sync_api import Page, sync_playwright

from comity.reporting.html.page import page
from comity.run.store import OUTCOMES_FILE, RUN_FILE
from comity.sandbox.browser import find_browser

READY = "html[data-ready]"


def enlarged(run: Path, into: Path, count: int) -> None:
    """Write a run of `count` outcomes to the folder `into`, by repeating those of `run`."""
    lines = [json.loads(line) for line in (run / OUTCOMES_FILE).read_text("utf-8").splitlines()]
    for part in ("transcripts", "screenshots"):
        (into / part).mkdir(parents=True)
    facts = json.loads((run / RUN_FILE).read_text("utf-8"))
    (into / RUN_FILE).write_text(json.dumps({**facts, "selected": []}), "utf-8")
    with (into / OUTCOMES_FILE).open("w", encoding="utf-8") as file:
        for number in range(count):
            outcome = repeated(run, into, lines[number % len(lines)], number)
            file.write(json.dumps(outcome, ensure_ascii=False) + "\n")


def repeated(run: Path, into: Path, line: dict[str, Any], number: int) -> dict[str, Any]:
    """Write the evidence of one more trial of a case; return its line."""
    name = f"{number:05}"
    told = json.loads((run / line["transcript"]).read_text("utf-8"))
    transcript = told["transcript"]
    seen = [step["observed"] for step in transcript["steps"]] + [transcript["last_page"]]
    for one in filter(None, seen):
        lines = one["text"].split("\n")
        one["text"] = "\n".join(f"{text} {number * 7919 + at:x}" for at, text in enumerate(lines))
    if transcript["reply"]:
        transcript["reply"]["text"] += f" ({name})"
    (into / f"transcripts/{name}.json").write_text(json.dumps(told), "utf-8")
    attachments = {}
    if shot := line["attachments"].get("screenshot"):
        attachments["screenshot"] = f"screenshots/{name}.png"
        # What follows a picture's end is not read, but makes it another file.
        (into / attachments["screenshot"]).write_bytes((run / shot).read_bytes() + name.encode())
    return {
        **line,
        "case": {**line["case"], "trial": number + 1},
        "case_id": name,
        "transcript": f"transcripts/{name}.json",
        "attachments": attachments,
    }


def opened(make: Callable[[], Page], address: str) -> dict[str, float]:
    """Open the page; return the seconds that each thing that a reader does first took."""
    shown, seconds = make(), {}

    def timed(name: str, act: Callable[[], object]) -> None:
        start = time.perf_counter()
        act()
        seconds[name] = time.perf_counter() - start

    def open_it() -> None:
        shown.goto(address)
        shown.wait_for_selector(READY, state="attached")

    def find() -> None:
        shown.evaluate("location.hash = 'q=wall clock&went=fault'")
        shown.wait_for_function("document.querySelector('#chosen').hidden === false")

    def replay() -> None:
        shown.click("#list a")
        shown.wait_for_selector("#case-title")

    timed("open the page", open_it)
    timed("filter the cases by text", find)
    timed("open a case", replay)
    shown.context.close()
    return seconds


def measured(run: Path, counts: list[int], rounds: int) -> list[tuple[str, ...]]:
    """Return a row for each number of outcomes: size, writing, opening."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        program = find_browser(driver.chromium.executable_path)
        browser = driver.chromium.launch(executable_path=program)
        for count in counts:
            large, file = Path(folder) / str(count), Path(folder) / f"{count}.html"
            enlarged(run, large, count)
            start = time.perf_counter()
            content = page(large)
            writing = time.perf_counter() - start
            file.write_bytes(content)

            def make() -> Page:
                return browser.new_context(offline=True).new_page()

            address = file.as_uri()
            found = in_turns({"": partial(opened, make, address)}, rounds)[""]
            figures = (median((one[name] for one in found), ".2f") for name in found[0])
            rows.append((f"{count:,}", f"{len(content) / 1e6:.1f}", f"{writing:.0f}", *figures))
        browser.close()
    return rows


def main() -> None:
    """Measure, and print or publish the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path("reports/latest"))
    parser.add_argument("--outcomes", type=int, nargs="+", default=[500, 5_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--into", type=Path, help="a Markdown file that takes the section")
    asked = parser.parse_args()
    rows = measured(asked.run.resolve(), asked.outcomes, asked.rounds)
    head = (
        "outcomes", "MB", "s to write", "s to open", "s to filter", "s to open a case",
    )  # fmt: skip
    text = (
        "The page of `comity report`, opened from the disk without a network: the median (lowest "
        f"to highest) of {asked.rounds} times, each in a new browser context.\n\n"
        f"{table(head, rows)}"
    )
    publish("Report", text, asked.into)


if __name__ == "__main__":
    main()
