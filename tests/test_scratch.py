"""Temporary files go with the process that made their directory, however and whenever it ends."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from comity.errors import InfrastructureError
from comity.processes import ChildProcess
from comity.scratch import Scratch

PATIENCE = 20.0

HOLDS_A_SCRATCH = """
import sys, time
from comity.scratch import Scratch
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


def test_a_scratch_directory_that_cannot_be_kept_is_not_made(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(InfrastructureError, match="no temporary directory can be made"):
        Scratch.make()
    assert not list(tmp_path.iterdir())


def test_a_scratch_directory_without_a_place_leaves_no_keeper(tmp_path, monkeypatch):
    kept = []
    start = ChildProcess.start
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(secrets, "token_hex", lambda _: "taken")
    (tmp_path / "comity-taken").mkdir()
    monkeypatch.setattr(
        ChildProcess, "start", lambda *a, **b: kept.append(start(*a, **b)) or kept[-1]
    )
    with pytest.raises(InfrastructureError, match="no temporary directory can be made"):
        Scratch.make()
    assert kept[0].poll() is not None
    assert (tmp_path / "comity-taken").exists()


def test_a_scratch_directory_is_ours_alone_and_is_removed():
    scratch = Scratch.make()
    (scratch.path / "profile").mkdir()
    assert scratch.path.stat().st_mode & 0o777 == 0o700
    assert scratch.path.stat().st_uid == os.getuid()
    scratch.remove()
    assert not scratch.path.exists()
    assert scratch._keeper.poll() is not None
