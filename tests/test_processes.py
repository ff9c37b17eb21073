"""Child processes end with us, with all that they started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from comity.errors import InfrastructureError
from comity.processes import ChildProcess

# A machine that is busy with other tests may take its time.
PATIENCE = 20.0

LEAVES_A_GRANDCHILD = """
import os, signal, subprocess, sys, time
code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
# It leaves the session, and its parent ends at once: only a subreaper still finds it.
middle = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', sys.argv[1]]," \\
    " stdout=subprocess.DEVNULL, start_new_session=True).pid)"
found = subprocess.run([sys.executable, "-c", middle, code], stdout=subprocess.PIPE)
open(sys.argv[1], "wb").write(found.stdout)
time.sleep(600)
"""

HOLDS_A_CHILD = """
import os, sys, time
from pathlib import Path
from comity.processes import ChildProcess
child = ChildProcess.start([sys.executable, "-c", sys.argv[1], sys.argv[2]], grace=0.2)
if sys.argv[3] == "forked" and os.fork() == 0:
    Path(sys.argv[2] + ".fork").write_text(str(os.getpid()))
time.sleep(600)
"""


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(met)


def written_pid(path: Path) -> int:
    assert wait_until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


@pytest.mark.parametrize("also", ["alone", "forked"])
def test_a_killed_parent_leaves_no_grandchild(tmp_path: Path, also: str) -> None:
    note = tmp_path / "pid"
    parent = subprocess.Popen(python(HOLDS_A_CHILD, LEAVES_A_GRANDCHILD, note, also))
    grandchild = written_pid(note)
    copy = written_pid(tmp_path / "pid.fork") if also == "forked" else None
    assert lives(grandchild)
    try:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert wait_until(lambda: not lives(grandchild))
    finally:
        if copy:
            os.kill(copy, signal.SIGKILL)


def test_a_stopped_child_leaves_no_grandchild(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    child = ChildProcess.start(python(LEAVES_A_GRANDCHILD, note), grace=0.2)
    grandchild = written_pid(note)
    child.stop()
    assert not lives(grandchild)


def test_a_child_that_ends_by_itself_leaves_no_grandchild(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = LEAVES_A_GRANDCHILD.rpartition("time.sleep")[0]
    child = ChildProcess.start(python(code, note), grace=0.2)
    assert child.wait(PATIENCE) == 0
    assert not lives(written_pid(note))


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True);"
    child = ChildProcess.start(python(code + "time.sleep(600)"), capture_first_line=True)
    assert child.first_line(PATIENCE) == "ready"
    started = time.monotonic()
    child.stop(grace=0.5)
    assert 0.5 <= time.monotonic() - started < PATIENCE
    assert child.poll() == 128 + signal.SIGKILL


def test_a_child_that_heeds_sigterm_may_finish_and_is_not_hurried() -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_): time.sleep(0.3); print('saved', file=sys.stderr); sys.exit(3)\n"
        "signal.signal(15, end); print('ready', flush=True); time.sleep(600)"
    )
    child = ChildProcess.start(python(code), capture_first_line=True)
    child.first_line(PATIENCE)
    child.stop()
    child.stop()
    assert child.poll() == 3
    assert child.log_tail() == "saved"


def test_a_killed_supervisor_takes_its_child_with_it() -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    child = ChildProcess.start(python(code), capture_first_line=True)
    pid = int(child.first_line(PATIENCE))
    os.kill(child.pid, signal.SIGKILL)
    assert wait_until(lambda: not lives(pid))
    child.stop()


def test_a_child_that_dies_at_once_says_why() -> None:
    child = ChildProcess.start(
        python("raise SystemExit('no \\x1b[31mdatabase')"), capture_first_line=True
    )
    with pytest.raises(InfrastructureError, match="exit status 1") as caught:
        child.first_line(PATIENCE)
    assert "no \\x1b[31mdatabase" in str(caught.value)
    child.stop()


def test_a_command_that_is_not_there_says_so() -> None:
    child = ChildProcess.start(["/nowhere/at-all"], capture_first_line=True)
    with child, pytest.raises(InfrastructureError, match="No such file"):
        child.first_line(PATIENCE)


def test_a_child_that_says_nothing_is_waited_for_no_longer_than_asked() -> None:
    child = ChildProcess.start(["sleep", "600"], capture_first_line=True)
    with child, pytest.raises(InfrastructureError, match="no first line in 0.3 s"):
        child.first_line(0.3)


def test_only_the_first_line_is_ours_and_the_rest_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "print('{}'); [print(f'row {i}') for i in range(50_000)]; print('end')"
    child = ChildProcess.start(python(code), log=log, capture_first_line=True)
    assert child.first_line(PATIENCE) == child.first_line(0) == "{}"
    assert child.wait(PATIENCE) == 0
    rows = log.read_text().splitlines()
    assert (rows[0], rows[-1], len(rows)) == ("row 0", "end", 50_001)
    assert child.log_tail(2) == "row 49999\nend"
    child.stop()


def test_a_first_line_without_end_is_refused() -> None:
    code = "import sys, time\nwhile True: sys.stdout.write('x' * 65536); sys.stdout.flush()"
    child = ChildProcess.start(python(code), capture_first_line=True)
    with child, pytest.raises(InfrastructureError, match="No whole first line: .* still runs"):
        child.first_line(PATIENCE)


def test_a_log_that_cannot_be_written_is_the_operators_to_mend(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="log"):
        ChildProcess.start(["true"], log=tmp_path / "missing" / "log")
