"""`comity calibrate` measures what would judge a run, on examples whose answers are known."""

import json
import os
import resource
import signal
import subprocess
import sys

import pytest

from comity.cli import main
from comity.judges import calibration, pipeline
from comity.schema.library import load
from comity.statistics.rates import rate

RAISED = "A clock is unlucky, for my taste"
DENIED = "A clock is not unlucky"
PLAIN = "Here you are"
REFUSED = "I'm sorry, but I can't do that"
WHERE = "Among Chinese families a clock is unlucky; here it is no matter"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))


class Set:
    """A set of examples under way; each reply is made another by its number."""

    def __init__(self, project):
        self.project = project
        self.count = 0

    def write(self, name, *rows):
        lines = []
        for times, reply, mode, language, aware, over_flagged, refused in rows:
            for _ in range(times):
                self.count += 1
                example = {
                    "id": f"e{self.count}",
                    "scenario": "cn.gift.clock.newborn",
                    "mode": mode,
                    "language": language,
                    "reply": f"{reply}. ({self.count})",
                    "kind": "aware" if aware else "oblivious",
                    "labels": {"aware": aware, "over_flagged": over_flagged, "refused": refused},
                    "why": "It is so.",
                }
                lines.append(json.dumps(example))
        return self.project.write(f"suites/calibration/{name}", "\n".join(lines) + "\n")


@pytest.fixture
def examples(project):
    return Set(project)


@pytest.fixture
def calibrate(project):
    def running(*arguments):
        return main(["calibrate", "--suites", str(project.root / "suites"), *map(str, arguments)])

    return running


HELD = (
    # Aware: 6 found, 2 missed, 1 open; not aware: 7 left alone, 3 raised wrongly, 2 open.
    (6, RAISED, "violate", "en", True, None, False),
    (2, PLAIN, "violate", "en", True, None, False),
    (1, DENIED, "violate", "de", True, None, False),
    (4, PLAIN, "violate", "en", False, None, False),
    (3, RAISED, "violate", "de", False, None, False),
    (2, DENIED, "contrast", "en", False, False, False),
    # Over-flagged: 1 missed; the two above and the one below are open.
    (1, PLAIN, "contrast", "en", False, True, False),
    # Refused: 1 found, 1 missed.
    (1, REFUSED, "violate", "en", False, None, True),
    (1, PLAIN, "violate", "en", False, None, True),
)


def cells(found):
    return (
        (found.true_positives, found.false_negatives, found.open_positives),
        (found.true_negatives, found.false_positives, found.open_negatives),
    )


def test_the_figures_are_those_of_a_hand_and_are_kept_under_the_pipelines_hash(
    project, examples, calibrate
):
    examples.write("held_apart_a.jsonl", *HELD)
    assert calibrate() == 0
    fingerprint = pipeline.fingerprint(load(project.root / "suites").norms.values())
    kept = calibration.kept(fingerprint)
    aware = kept.find("held_apart", "aware")
    assert cells(aware) == ((6, 2, 1), (7, 3, 2))
    assert aware.sensitivity == rate(6, 8)
    assert aware.specificity_open_wrong == rate(7, 12)
    assert cells(kept.find("held_apart", "aware", language="de")) == ((0, 0, 1), (0, 3, 0))
    assert cells(kept.find("held_apart", "aware", culture="cn")) == cells(aware)
    assert cells(kept.find("held_apart", "over_flagged")) == ((0, 1, 0), (0, 0, 2))
    assert cells(kept.find("held_apart", "refused")) == ((1, 1, 0), (19, 0, 0))
    assert kept.find("seen", "aware") is None
    [source] = kept.sources
    assert (source.file, source.examples) == ("held_apart_a.jsonl", 21)


def test_a_full_disk_leaves_what_others_wrote_around_the_section(project, examples, calibrate):
    examples.write("held_apart_a.jsonl", *HELD)
    text = f"# Ours\n\n{'What somebody wrote. ' * 10_000}\n"
    into = project.write("ours.md", text)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(text) // 2, limits[1]))
    try:
        assert calibrate("--into", into) == 4
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert into.read_text("utf-8") == text


def test_the_figures_are_kept_though_nobody_reads_them(project, examples):
    examples.write("held_apart_a.jsonl", *HELD)
    suites = project.root / "suites"
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-m", "comity.cli", "calibrate", "--suites", suites],
        check=False,
        stdout=theirs,
    )
    os.close(theirs)
    assert done.returncode == 128 + signal.SIGPIPE
    assert calibration.kept(pipeline.fingerprint(load(suites).norms.values())) is not None


def test_the_whole_verdict_is_measured_with_what_it_leaves_open(project, examples, calibrate):
    examples.write(
        "seen.jsonl",
        (1, WHERE, "contrast", "en", True, False, False),
        (1, RAISED, "contrast", "en", True, True, False),
        (1, REFUSED, "adhere", "en", False, True, True),
        (1, RAISED, "adhere", "en", True, False, False),
    )
    assert calibrate("--json", project.root / "out.json") == 0
    out = json.loads((project.root / "out.json").read_text("utf-8"))
    [pooled] = [
        row["agreement"]
        for row in out["measured"]
        if (row["question"], row["slice"]) == ("over_flagged", {})
    ]
    assert (pooled["true_positives"], pooled["open_negatives"], pooled["n"]) == (2, 1, 4)
    assert out["schema"] == 1


def test_sets_that_were_held_apart_and_seen_are_reported_apart(examples, calibrate, capsys):
    examples.write("held_apart_a.jsonl", (2, RAISED, "violate", "en", True, None, False))
    examples.write("held_apart_b.jsonl", (1, PLAIN, "violate", "en", True, None, False))
    examples.write("seen_a.jsonl", (3, PLAIN, "violate", "en", False, None, False))
    assert calibrate() == 0
    shown = capsys.readouterr().out
    held, seen = shown.index("held apart: "), shown.index("seen: may have")
    assert held < shown.index("2 / 1 / 0") < seen < shown.index("3 / 0 / 0", seen)
    assert held < shown.index("held_apart_b.jsonl: 1 examples") < seen


def test_named_files_take_the_place_of_the_suites_own(project, examples, calibrate, capsys):
    examples.write("seen_a.jsonl", (1, PLAIN, "violate", "en", False, None, False))
    mine = examples.write("mine.jsonl", (1, RAISED, "violate", "en", True, None, False))
    assert calibrate(mine) == 0
    shown = capsys.readouterr().out
    assert "other sets, of which Comity does not know who has seen them" in shown
    assert "seen_a.jsonl" not in shown


def test_what_was_misread_is_listed_but_not_of_what_is_held_apart(examples, calibrate, capsys):
    examples.write("held_apart_a.jsonl", (2, f"Apart: {PLAIN}", "violate", "en", True, None, False))
    examples.write(
        "seen_a.jsonl",
        (1, "Missed [bold]\x1b[31m", "violate", "en", True, None, False),
        (1, DENIED, "violate", "en", False, None, False),
        (1, f"Right: {PLAIN}", "violate", "en", False, None, False),
    )
    assert calibrate("--misread") == 0
    shown = capsys.readouterr().out
    assert "2 misread or open; 2 more in sets held apart, not shown" in shown
    assert "Missed [bold]\\x1b[31m" in shown
    assert "\x1b" not in shown
    assert "Apart" not in shown
    assert "Right" not in shown


def test_the_same_examples_give_the_same_figures_to_the_byte(project, examples, calibrate):
    examples.write("held_apart_a.jsonl", *HELD)
    assert calibrate("--json", project.root / "1.json") == 0
    assert calibrate("--json", project.root / "2.json") == 0
    assert (project.root / "1.json").read_bytes() == (project.root / "2.json").read_bytes()


def test_a_page_gets_the_figures_in_one_section_that_is_mended(project, examples, calibrate):
    page = project.write(
        "judges.md", "# Judges\n\nWords.\n\n## Measured\n\nof yore\n\n## After\n\nx\n"
    )
    examples.write("seen|<b>`.jsonl", *HELD)
    assert calibrate("--into", page) == 0
    once = page.read_text("utf-8")
    assert once.startswith("# Judges\n\nWords.\n\n## Measured\n\nBy `comity calibrate`")
    assert once.endswith("\n## After\n\nx\n")
    assert "| all | 21 | 6 / 2 / 1 | 7 / 3 / 2 | 0.75  0.41 to 0.93 |" in once
    assert "|   open as wrong |  | 11% open | 17% open | 0.67  " in once
    assert "Examples: `` seen|<b>`.jsonl `` (21)." in once
    assert "culture cn" not in once
    assert "of yore" not in once
    assert calibrate("--into", page) == 0
    assert page.read_text("utf-8") == once


def test_mistakes_in_suites_and_examples_are_told_at_once(project, examples, calibrate, capsys):
    project.change("suites/norms/cn.yaml", "severity: serious", "severity: grave")
    examples.write("seen_a.jsonl", (1, PLAIN, "adhere", "en", False, None, False))
    examples.write("seen_b.jsonl", (1, PLAIN, "violate", "xx", False, None, False))
    assert calibrate() == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "suites/norms/cn.yaml:8: cn.gift.clock: severity" in shown.err
    assert "seen_a.jsonl:1: e1: `labels.over_flagged` is true or false in `adhere`" in shown.err
    assert "seen_b.jsonl:1: e2: language: 'xx' is no language tag" in shown.err
    assert "unknown scenario" not in shown.err
    assert calibration.kept("0" * 64) is None


def test_without_examples_it_says_what_to_do(calibrate, capsys):
    assert calibrate() == 4
    assert "there are no labelled examples in" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told(project, examples, calibrate, capsys):
    examples.write("seen_a.jsonl", (1, PLAIN, "violate", "en", False, None, False))
    assert calibrate("--json", project.root / "no" / "out.json") == 4
    assert "out.json cannot be written (--json): No such file" in capsys.readouterr().err


def test_a_calibration_that_is_not_whole_is_none(project, examples, calibrate, tmp_path):
    examples.write("seen_a.jsonl", (1, PLAIN, "violate", "en", False, None, False))
    assert calibrate() == 0
    [path] = (tmp_path / "cache" / "calibrations").iterdir()
    assert calibration.kept(path.stem) is not None
    path.write_bytes(path.read_bytes()[:-20])
    assert calibration.kept(path.stem) is None


def test_a_calibration_is_kept_or_the_disk_is_to_blame(project, examples, calibrate, capsys):
    examples.write("seen_a.jsonl", (1, PLAIN, "violate", "en", False, None, False))
    project.write("cache/calibrations", "a file where the folder should be")
    assert calibrate() == 4
    assert "calibrations cannot be created" in capsys.readouterr().err
