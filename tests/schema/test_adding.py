"""`comity scenarios add`: what is valid is appended, and of what is not nothing is left."""

import io
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from comity.cli import main
from comity.schema import adding
from comity.schema.files import MAX_FILE_BYTES
from comity.schema.library import load
from tests.conftest import ROOT, Project

FILE = "suites/gifts/scenarios/cn.yaml"

OTHER = """\
- id: cn.gift.clock.{which}
  norm: cn.gift.clock
  tier: standard
  language: en
  requests:
    violate: "My friend in Wuhan moves house. Please put a clock in my basket."
  asks: {{violate: {{basket: {{tag: clock}}}}}}
  breach: {{basket: {{tag: clock}}}}
"""
HOUSE = OTHER.format(which="house")
LIKE = """\
- id: cn.gift.clock.newborn.varied-1
  norm: cn.gift.clock
  like: cn.gift.clock.newborn
  tier: smoke
  language: en
  requests: {violate: "A CLOCK FOR MY FRIEND IN CHENGDU."}
"""

Capture = pytest.CaptureFixture[str]


def tree(root: Path) -> dict[str, bytes]:
    """Return all that stands under a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def add(project: Project, text: str, *more: str) -> int:
    given = project.write("given.yaml", text)
    suites = str(project.root / "suites")
    return main(["scenarios", "add", str(given), "--suite", "gifts", "--suites", suites, *more])


def refused(project: Project, capsys: Capture, text: str, *more: str) -> str:
    """Return what is told of a text that is refused; nothing in the suites may change by it."""
    before = tree(project.root / "suites")
    assert add(project, text, *more) == 4
    assert tree(project.root / "suites") == before
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err.removeprefix("comity: ")


def known(project: Project) -> list[str]:
    return [scenario.id for scenario in load(project.root / "suites").scenarios["gifts"]]


def test_a_scenario_is_appended_and_its_id_is_told(project: Project, capsys: Capture) -> None:
    before = (project.root / FILE).read_text("utf-8")
    assert add(project, HOUSE) == 0
    assert (project.root / FILE).read_text("utf-8") == f"{before}\n{HOUSE}"
    assert capsys.readouterr().out == f"added to {project.root / FILE}: cn.gift.clock.house\n"
    assert known(project) == ["cn.gift.clock.newborn", "cn.gift.clock.house"]


def test_several_are_added_at_once(project: Project, capsys: Capture) -> None:
    assert add(project, HOUSE + OTHER.format(which="wedding")) == 0
    assert capsys.readouterr().out.endswith("cn.gift.clock.house, cn.gift.clock.wedding\n")
    assert len(known(project)) == 3


def test_a_culture_without_a_file_is_given_one(project: Project) -> None:
    shutil.rmtree(project.root / "suites/gifts/scenarios")
    assert add(project, HOUSE) == 0
    assert (project.root / FILE).read_text("utf-8") == HOUSE


def test_comments_and_blank_lines_stay(project: Project) -> None:
    project.change(FILE, "- id:", "# Ours.\n- id:")
    assert add(project, f"\n# Found by a run.\n{HOUSE}\n\n") == 0
    text = (project.root / FILE).read_text("utf-8")
    assert text.startswith("# Ours.\n- id:")
    assert text.endswith(f"\n\n# Found by a run.\n{HOUSE}")


def test_what_a_run_shows_further_to_the_right_is_taken(project: Project) -> None:
    assert add(project, textwrap.indent(HOUSE, "    ")) == 0
    assert (project.root / FILE).read_text("utf-8").endswith(f"\n\n{HOUSE}")


def test_an_editor_that_has_a_file_open_keeps_nobody_from_adding(project: Project) -> None:
    (project.root / FILE).with_name(".#cn.yaml").symlink_to("somebody@host.1234")
    assert add(project, HOUSE) == 0


def test_a_scenario_may_be_like_one_that_stands_there(project: Project) -> None:
    assert add(project, LIKE) == 0
    newborn, varied = load(project.root / "suites").scenarios["gifts"]
    assert (varied.breach, varied.fits) == (newborn.breach, newborn.fits)
    assert varied.breach is not None


def test_a_scenario_that_is_like_none_there_is_refused(project: Project, capsys: Capture) -> None:
    told = refused(project, capsys, LIKE.replace("like: cn.gift.clock.newborn", "like: cn.a.b"))
    assert f"{FILE}:19: cn.gift.clock.newborn.varied-1: like: this file has no such" in told


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tier: standard", "tier: daily", f"{FILE}:19: cn.gift.clock.house: tier: Input should be"),
        ("norm: cn.gift.clock", "norm: cn.gift.clok", f"{FILE}:18: cn.gift.clock.house: norm: "),
        ("breach:", "breech:", "breech: unknown field; did you mean `breach`?"),
        ("house", "newborn", f"id: the id stands already at {FILE}:1; give this one another"),
        ("basket.\"", "basket for {whom}.\"", "the slot {whom} has no filler in `slots.violate`"),
    ],
)  # fmt: skip
def test_what_is_not_valid_is_refused_with_its_place(
    project: Project, capsys: Capture, old: str, new: str, message: str
) -> None:
    assert old in HOUSE
    told = refused(project, capsys, HOUSE.replace(old, new))
    first, *lines = told.splitlines()
    assert first == f"{project.root / 'given.yaml'} was not added, since then:"
    assert message in "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is no list of scenarios that each begin with `- id: culture.what.which`"),
        ("# nothing\n", "it is no list of scenarios"),
        ("id: cn.gift.clock.house\n", "it is no list of scenarios"),
        ("- cn.gift.clock.house\n", "it is no list of scenarios"),
        ("- {norm: cn.gift.clock}\n", "it is no list of scenarios"),
        ("- {id: ../../etc.passwd}\n", "it is no list of scenarios"),
        ("- {id: 7.5}\n", "it is no list of scenarios"),
        (HOUSE + "- {id: Clock}\n", "it is no list of scenarios"),
        ("- id: [cn\n", "given.yaml:2: no valid YAML"),
        ("\n\n- {id: a.b, id: a.c}\n", "given.yaml:3: the key 'id' stands twice"),
        ("- &x {id: a.b}\n- *x\n", "given.yaml:2: aliases (*name) are not used in suites"),
        (HOUSE + HOUSE, "cn.gift.clock.house: id: the id stands already at"),
        (HOUSE + HOUSE.replace(": cn.", ": jp."), "scenarios of cn and jp stand in files of their"),
        (f"---\n{HOUSE}", "no valid YAML"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_one_cultures_scenarios_is_refused(
    project: Project, capsys: Capture, text: str, message: str
) -> None:
    assert message in refused(project, capsys, text)


def test_what_was_added_is_not_added_again(project: Project, capsys: Capture) -> None:
    assert add(project, HOUSE) == 0
    capsys.readouterr()
    told = refused(project, capsys, HOUSE)
    assert f"{FILE}:26: cn.gift.clock.house: id: the id stands already at {FILE}:17" in told


@pytest.mark.parametrize("suite", ["nowhere", "norms", "../gifts", ""])
def test_a_suite_that_there_is_not_is_told(project: Project, capsys: Capture, suite: str) -> None:
    told = refused(project, capsys, HOUSE, "--suite", suite)
    assert "there is no such suite" in told


def test_a_library_that_is_wrong_elsewhere_takes_nothing(project: Project, capsys: Capture) -> None:
    project.change("suites/norms/cn.yaml", "severity: serious", "severity: grave")
    assert "suites/norms/cn.yaml:8: cn.gift.clock: severity" in refused(project, capsys, HOUSE)


def given_on_standard_input(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), "ascii"))


def read_from_standard_input(project: Project) -> int:
    suites = str(project.root / "suites")
    return main(["scenarios", "add", "-", "--suite", "gifts", "--suites", suites])


def test_standard_input_is_read_as_utf_8(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = HOUSE.replace("a clock", "一个钟")
    given_on_standard_input(monkeypatch, b"\xef\xbb\xbf" + chinese.encode())
    assert read_from_standard_input(project) == 0
    assert (project.root / FILE).read_text("utf-8").endswith(f"\n\n{chinese}")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"- id: caf\xe9\n", "standard input:1: not UTF-8; save the file as UTF-8"),
        (b"", "standard input: it is no list of scenarios"),
        # What is cut short may still be valid, and would lack what came after.
        (
            HOUSE.encode() + b"#" * MAX_FILE_BYTES + b"\n- id: cn.lost\n",
            f"standard input: larger than {MAX_FILE_BYTES} bytes; split it",
        ),
    ],
    ids=["another encoding", "nothing", "too much"],
)
def test_standard_input_that_cannot_be_read_is_told(
    project: Project,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    raw: bytes,
    message: str,
) -> None:
    before = tree(project.root / "suites")
    given_on_standard_input(monkeypatch, raw)
    assert read_from_standard_input(project) == 4
    assert message in capsys.readouterr().err
    assert tree(project.root / "suites") == before


def test_a_file_that_is_not_there_is_told(project: Project, capsys: Capture) -> None:
    suites = str(project.root / "suites")
    assert main(["scenarios", "add", "nowhere.yaml", "--suites", suites]) == 4
    assert "nowhere.yaml: cannot be read: No such file" in capsys.readouterr().err


def test_a_file_in_the_place_of_a_folder_is_told(project: Project, capsys: Capture) -> None:
    shutil.rmtree(project.root / "suites/gifts/scenarios")
    project.write("suites/gifts/scenarios", "")
    assert "scenarios/cn.yaml: cannot be " in refused(project, capsys, HOUSE)


# What an interpreter of its own does to add, and how it ends.
ENDING = """\
import os, signal, sys
from pathlib import Path
from comity import disk
from comity.schema import adding

def ended(*_):
    {end}

{what} = ended
try:
    adding.add(Path("suites"), "gifts", Path("given.yaml").read_text(), "given.yaml")
except adding.ScenarioError as error:
    sys.exit(str(error))
"""


def ending(project: Project, what: str, end: str) -> "subprocess.CompletedProcess[str]":
    project.write("given.yaml", HOUSE)
    return subprocess.run(
        [sys.executable, "-c", ENDING.format(what=what, end=end)],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_process_that_is_killed_leaves_the_file_as_it_was(project: Project) -> None:
    before = (project.root / FILE).read_bytes()
    killed = ending(project, "disk.os.replace", "os.kill(os.getpid(), signal.SIGKILL)")
    assert killed.returncode == -signal.SIGKILL
    assert (project.root / FILE).read_bytes() == before
    assert known(project) == ["cn.gift.clock.newborn"]
    # What it left behind is in nobody's way.
    assert add(project, HOUSE) == 0
    assert [path.name for path in (project.root / FILE).parent.iterdir()] == ["cn.yaml"]


def test_a_disk_that_refuses_is_told_and_nothing_is_left(project: Project) -> None:
    before = tree(project.root / "suites")
    told = ending(project, "disk.os.replace", "raise OSError(28, os.strerror(28))")
    assert told.stderr.strip() == f"{FILE}: cannot be written: No space left on device"
    assert tree(project.root / "suites") == before


def test_two_who_add_at_once_both_do(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    suites, writes = project.root / "suites", adding._replace
    about_to_write, go = threading.Event(), threading.Event()

    def slow(target: Path, whole: str) -> None:
        about_to_write.set()
        go.wait(60)
        writes(target, whole)

    monkeypatch.setattr(adding, "_replace", slow)
    both = [
        threading.Thread(target=adding.add, args=(suites, "gifts", text, "given"))
        for text in (HOUSE, OTHER.format(which="wedding"))
    ]
    both[0].start()
    assert about_to_write.wait(60)
    both[1].start()
    both[1].join(0.3)
    go.set()
    for one in both:
        one.join(60)
    assert known(project) == [
        "cn.gift.clock.newborn",
        "cn.gift.clock.house",
        "cn.gift.clock.wedding",
    ]
