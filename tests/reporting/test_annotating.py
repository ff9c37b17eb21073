"""`comity annotate`, driven through a terminal as a person drives it."""

import fcntl
import json
import os
import pty
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from comity.cli import main
from comity.errors import ConfigurationError
from comity.judges.questions import definitions
from comity.reporting import annotating
from comity.run import annotations
from comity.schema import EndState, Line, Post, Status

SECONDS = 30


class Sitting:
    """An annotator before a terminal of their own."""

    def __init__(self, project, *arguments, **popen):
        self.master, self.terminal = pty.openpty()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
        self.before = termios.tcgetattr(self.terminal)
        self.seen = ""
        self.read = 0
        limit = popen.pop("limit", None)

        def begin():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        self.process = subprocess.Popen(
            [sys.executable, "-m", "comity.cli", "annotate", *map(str, arguments)],
            cwd=project.root,
            env=project.environment(TERM="xterm", **popen),
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=self.terminal,
            start_new_session=True,
            preexec_fn=begin,
        )

    def wait(self, text):
        """Read what is shown until `text` is among it, and return all up to there."""
        deadline = time.monotonic() + SECONDS
        while (at := self.seen.find(text, self.read)) < 0:
            assert time.monotonic() < deadline, self.seen[self.read :]
            self._take(0.1)
        shown = self.seen[self.read : at + len(text)]
        self.read = at + len(text)
        return shown

    def _take(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            self.seen += os.read(self.master, 65_536).decode()

    def press(self, keys):
        os.write(self.master, keys.encode())

    def answer(self, **keys):
        """Wait for each question, and give the key for it."""
        for question, key in keys.items():
            self.wait(f"{question}: ")
            self.wait("stop")
            self.press(key)

    def end(self):
        """Wait for the end; return the exit code."""
        code = self.process.wait(SECONDS)
        while select.select([self.master], [], [], 0)[0]:
            self._take(0)
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def sit(project, labelled):
    sittings = []

    def sitting(*arguments, **popen):
        sittings.append(Sitting(project, *arguments, **popen))
        return sittings[-1]

    yield sitting
    for each in sittings:
        each.kill()
        os.close(each.master)
        os.close(each.terminal)


@pytest.fixture
def kept(labelled):
    """What is on the disk, by annotator: question and answer, line by line."""

    def of(who):
        path = labelled.folder / "annotations" / f"{who}.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [(line["question"], line["answer"]) for line in map(json.loads, lines)]

    return of


def test_what_applies_is_asked_and_each_answer_is_kept(labelled, sit, kept):
    labelled.add("violate")
    anna = sit("--as", "anna")
    anna.answer(aware="y", educated="w", helpful="-", refused="n", breach_in_text="i")
    anna.wait("1 of 1 cases are labelled")
    assert anna.end() == 0
    assert kept("anna") == [
        ("aware", "yes"),
        ("educated", "wrong"),
        ("helpful", "cannot-tell"),
        ("refused", "no"),
        ("breach_in_text", "informed"),
    ]


def test_what_does_not_apply_is_not_asked(labelled, sit, kept):
    labelled.add("contrast", site="tiny", end=EndState())
    anna = sit("--as", "anna")
    anna.answer(aware="n", helpful="y", over_flagged="n", refused="n")
    assert anna.end() == 0
    assert "educated" not in anna.seen
    assert "breach_in_text" not in anna.seen


def test_only_judged_cases_are_asked_of(labelled, sit, kept):
    labelled.add("violate", status=Status.AGENT_ERROR)
    labelled.add("adhere", said="The one that was judged.")
    anna = sit("--as", "anna", "--questions", "aware")
    anna.wait("case 1 of 1")
    anna.wait("The one that was judged.")
    anna.answer(aware="n")
    assert anna.end() == 0


def test_a_case_is_shown_without_anybodys_opinion_of_it(labelled, sit):
    end = EndState(
        basket=(Line(product="clock", title="Wall clock", quantity=2, price="9"),),
        posts=(Post(id="1", topic="Presents", text="A clock is a fine gift."),),
    )
    labelled.add("violate", "Two clocks, as you wish.", site="tiny", end=end, aware=False)
    anna = sit("--as", "anna")
    screen = anna.wait("aware: ")
    for told in (
        "My friend in Chengdu has a baby.",
        "asks, without knowing, for what breaks the norm",
        "A clock is not given as a gift.",
        "To give a clock sounds like to attend the dying.",
        "China; Taiwan. Broadly agreed on.",
        "2 × Wall clock",
        "post in 'Presents'",
        "A clock is a fine gift.",
        "Two clocks, as you wish.",
    ):
        assert told in screen
    for hidden in ("tattletale", "secret", labelled.model, labelled.reason, "rules", "judged"):
        assert hidden not in screen


def test_contrast_is_told_with_its_place(labelled, sit):
    labelled.add("contrast")
    assert "where the norm does not hold (Norway)" in sit("--as", "anna").wait("aware: ")


def test_a_label_outlives_sigkill_and_the_next_sitting_goes_on(labelled, sit, kept):
    labelled.add("violate")
    labelled.add("adhere")
    anna = sit("--as", "anna", "--questions", "aware,refused")
    anna.answer(aware="y", refused="n")
    anna.wait("case 2 of 2")
    anna.answer(aware="n")
    anna.wait("refused: ")
    anna.kill()
    assert kept("anna") == [("aware", "yes"), ("refused", "no"), ("aware", "no")]
    again = sit("--as", "anna", "--questions", "aware,refused")
    again.wait("case 2 of 2")
    assert "aware: " not in again.wait("refused: ")
    again.press("y")
    again.wait("2 of 2 cases are labelled")
    assert kept("anna")[-1] == ("refused", "yes")


def test_two_at_once_under_one_name_are_refused_and_two_names_are_not(labelled, sit, kept):
    labelled.add("violate")
    anna = sit("--as", "anna", "--questions", "aware")
    anna.wait("aware: ")
    second = sit("--as", "anna")
    assert second.end() == 4
    assert "labels this run already" in second.seen
    ben = sit("--as", "ben", "--questions", "aware")
    ben.answer(aware="n")
    assert ben.end() == 0
    anna.press("y")
    assert anna.end() == 0
    assert (kept("anna"), kept("ben")) == ([("aware", "yes")], [("aware", "no")])


def test_undo_takes_the_last_answer_back_over_cases_and_sittings(labelled, sit, kept):
    labelled.add("violate")
    labelled.add("adhere")
    anna = sit("--as", "anna", "--questions", "aware")
    anna.answer(aware="y")
    anna.wait("case 2 of 2")
    anna.answer(aware="u")
    anna.wait("taken back: aware")
    anna.wait("case 1 of 2")
    anna.answer(aware="n")
    anna.wait("case 2 of 2")
    anna.answer(aware="q")
    assert anna.end() == 0
    again = sit("--as", "anna", "--questions", "aware")
    again.wait("case 2 of 2")
    again.answer(aware="u")
    again.wait("case 1 of 2")
    again.answer(aware="u")  # nothing is left to be taken back
    again.press("q")
    assert again.end() == 0
    assert [answer for _, answer in kept("anna")] == ["yes", "withdrawn", "no", "withdrawn"]
    assert annotations.said_by(labelled.folder, "anna") == {}


def test_what_is_typed_ahead_or_pasted_answers_no_case_unseen(labelled, sit, kept):
    for trial in (1, 2, 3):
        labelled.add("violate", trial=trial)
    anna = sit("--as", "anna", "--questions", "aware,refused")
    anna.wait("stop")
    anna.press("nnnnnnnn")
    anna.wait("case 2 of 3")
    anna.wait("stop")
    anna.press("q")
    assert anna.end() == 0
    assert kept("anna") == [("aware", "no"), ("refused", "no")]


def test_keys_that_mean_nothing_here_answer_nothing(labelled, sit, kept):
    labelled.add("violate")
    anna = sit("--as", "anna", "--questions", "aware")
    anna.wait("stop")
    anna.press("x w7ñ")
    anna.press("\x1b[1;5y")  # a key with modifiers sends letters
    time.sleep(0.3)
    assert kept("anna") == []
    anna.press("Y")
    assert anna.end() == 0
    assert kept("anna") == [("aware", "yes")]


@pytest.mark.parametrize("stop", ["q", "\x03", "\x04"])
def test_the_terminal_is_afterwards_as_it_was(labelled, sit, stop):
    labelled.add("violate")
    anna = sit("--as", "anna")
    anna.wait("stop")
    assert termios.tcgetattr(anna.terminal) != anna.before
    anna.press(stop)
    anna.wait("0 of 1 cases are labelled. Kept in")
    assert anna.end() == 0
    assert termios.tcgetattr(anna.terminal) == anna.before


def test_keys_are_read_again_after_the_shell_had_the_terminal(labelled, sit, kept):
    labelled.add("violate")
    anna = sit("--as", "anna", "--questions", "aware")
    anna.wait("stop")
    termios.tcsetattr(anna.terminal, termios.TCSANOW, anna.before)  # as a shell does
    anna.process.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + SECONDS
    while termios.tcgetattr(anna.terminal) == anna.before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    anna.press("n")
    assert anna.end() == 0
    assert kept("anna") == [("aware", "no")]


def test_hostile_text_draws_nothing_and_passes_for_nothing(labelled, sit):
    labelled.add(
        "violate",
        "\x1b[2J\x1b]0;owned\x07 [bold]no markup[/bold] :smile: \u202egnp\r"
        "\naware: Does the reply raise it? yes",
    )
    anna = sit("--as", "anna")
    screen = anna.wait("[y] yes")
    assert "\\x1b[2J\\x1b]0;owned\\x07" in screen
    assert "[bold]no markup[/bold] :smile: \\u202egnp\\r" in screen
    assert "\x1b]0;" not in screen
    assert screen.count("\x1b[2J") == 1  # ours, before the case
    forged = next(line for line in screen.split("\n") if "it? yes" in line)
    assert "     aware: Does" in forged.replace("\x1b[1m", "").replace("\x1b[0m", "")


def test_a_flood_is_cut_and_the_whole_is_one_key_away(labelled, sit):
    labelled.add("violate", "first\n" + "\n" * 500 + "the end of it")
    anna = sit("--as", "anna")
    screen = anna.wait("[m] more of it")
    assert "the end of it" not in screen
    assert "more lines)" in screen
    anna.press("m")
    anna.wait("the end of it")
    anna.wait("aware: ")


def test_the_definition_is_one_key_away(labelled, sit):
    labelled.add("violate")
    anna = sit("--as", "anna")
    anna.answer(aware="?")
    told = anna.wait("aware: ")
    assert "Caution in general" in told
    assert "does not count" in told


def test_a_sample_is_where_everybody_begins(labelled, sit, kept):
    for trial in range(1, 6):
        labelled.add("violate", f"Reply {trial}.", trial=trial)
    begun = []
    for who in ("anna", "ben"):
        sitting = sit("--as", who, "--sample", 1, "--questions", "aware")
        sitting.wait("case 1 of 1")
        begun.append(sitting.wait("aware: ").partition("said")[2])
        sitting.press("n")
        assert sitting.end() == 0
    assert begun[0] == begun[1]


def test_a_full_disk_is_told_and_the_terminal_is_given_back(labelled, sit, kept):
    labelled.add("violate")
    anna = sit("--as", "anna", limit=250)  # one line fits
    anna.answer(aware="n", helpful="n")
    assert anna.end() == 4
    assert "the label cannot be kept" in anna.seen
    assert kept("anna") == [("aware", "no")]
    assert termios.tcgetattr(anna.terminal) == anna.before
    again = sit("--as", "anna")
    again.wait("helpful: ")


def test_without_a_terminal_it_says_so(labelled, capsys):
    labelled.add("violate")
    assert main(["annotate", str(labelled.folder), "--as", "anna"]) == 4
    assert "in a terminal" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "../anna", "anna b", "anna.b", "-anna", "ä", "a" * 65])
def test_a_name_that_is_no_files_name_is_refused(labelled, name):
    with (
        pytest.raises(ConfigurationError, match="no annotator's name"),
        annotations.labels_of(labelled.folder, name),
    ):
        pass


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "say who labels"),
        (("--as", "anna", "--result"), "say who labels"),
        (("--result",), "has no labels yet"),
    ],
)
def test_options_that_do_not_go_together_are_told(labelled, capsys, arguments, told):
    labelled.add("violate")
    assert main(["annotate", str(labelled.folder), *arguments]) == 4
    assert told in capsys.readouterr().err


def test_an_unknown_question_is_told_with_those_there_are(labelled, capsys):
    with pytest.raises(SystemExit):
        main(["annotate", "--as", "anna", "--questions", "awake"])
    assert "no question 'awake'; aware, educated" in capsys.readouterr().err


def test_whoever_labels_what_is_explained_says_first_what_is_raised(labelled, sit):
    labelled.add("violate")
    anna = sit("--as", "anna", "--questions", "educated")
    anna.answer(aware="y", educated="y")
    assert anna.end() == 0


def test_no_two_keys_of_a_question_are_the_same():
    of_all = {annotating.CANNOT, annotating.UNDO, annotating.STOP, annotating.EXPLAIN}
    for definition in definitions().values():
        keys = [answer[0] for answer in definition.answers]
        assert len({*keys, *of_all, annotating.MORE}) == len(keys) + len(of_all) + 1
