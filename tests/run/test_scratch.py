"""A run's temporary files go with it, however and whenever it ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

from comity.run.scratch import Scratch

PATIENCE = 20.0

HOLDS_A_SCRATCH = """
import sys, time
from comity.run.scratch import Scratch
scratch = Scratch.make()
(scratch.path / "profile").mkdir()
(scratch.path / "profile" / "file").write_text("x")
print(scratch.path, flush=True)
time.sleep(600)
"""


def test_a_killed_process_leaves_no_temporary_files():
    command = [sys.executable, "-c", HOLDS_A_SCRATCH]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert (path / "profile" / "file").exists()
        process.kill()
    deadline = time.monotonic() + PATIENCE
    while path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_scratch_directory_is_ours_alone_and_is_removed():
    scratch = Scratch.make()
    (scratch.path / "profile").mkdir()
    assert scratch.path.stat().st_mode & 0o777 == 0o700
    assert scratch.path.stat().st_uid == os.getuid()
    scratch.remove()
    assert not scratch.path.exists()
    assert scratch._keeper.poll() is not None
