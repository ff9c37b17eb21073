"""The disk that the reports are on is full, or refuses: what was kept stays, the rest is told."""

import ctypes
import functools
import os
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

# Two fifths of the cases below fit into this.
SMALL_DISK = 256 * 1024
# A case has its transcript before its line: few at once, so that few stand on the disk without one.
CASES = ("--trials", "40", "--concurrency", "4")

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1


@functools.cache
def can_mount() -> bool:
    """Whether this platform lets a process have a file system of its own."""
    asked = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "x", "/mnt"]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def on_a_disk_of(size: int, prepare: str = "true") -> dict[str, Any]:
    """Return how to start pytest with reports on a disk of `size` bytes; they are kept in `kept`.

    Where no disk can be made, no file can grow beyond the size: writes are cut short just so.
    """
    if not can_mount():
        return {
            "popen": {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}
        }
    script = (
        f"mount -t tmpfs -o size={size} tmpfs reports && {prepare} && "
        '{ "$@"; code=$?; cp -r reports/. kept; exit $code; }'
    )
    return {
        "before": (*("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"),)
    }


@pytest.fixture
def kept(watched: Any) -> Path:
    """The folder that holds the reports once the run has ended."""
    for name in ("reports", "kept"):
        (watched.root / name).mkdir()
    return Path(watched.root / ("kept" if can_mount() else "reports"))


def test_a_full_disk_keeps_what_was_finished_and_every_other_test_is_an_error(watched, kept):
    watched.start(*CASES, agents=("chat_plain",), **on_a_disk_of(SMALL_DISK))
    _, output = watched.finish()
    outcomes = watched.outcomes(kept.name)
    assert 10 < len(outcomes) < 110, output
    run = (kept / "latest").resolve()
    assert len(list((run / "transcripts").iterdir())) == len(outcomes)
    reasons = ("No space left on device", "File too large")
    assert any(f"reports/runs/{run.name}: {reason}" in output for reason in reasons), output
    for test, result in watched.tests().items():
        case_id = test.partition("[")[2].rstrip("]")
        assert (result == "error") == (case_id not in outcomes), test


def test_a_disk_that_is_full_from_the_start_is_told_before_anything_runs(watched, kept):
    full = on_a_disk_of(1024, prepare="head -c 4096 /dev/zero > reports/filler")
    watched.start("-p", "no:cacheprovider", agents=("chat_plain",), **full)
    code, output = watched.finish()
    assert code == 4, output
    assert "the run cannot be recorded in" in output
    assert "No space left on device" in output or "File too large" in output
    assert not list((kept / "runs").iterdir())


def become_ordinary() -> None:
    """Be held to the permissions of files, which do not apply to root; for a process to come."""
    if os.getuid() == 0 and ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0):
        raise PermissionError("this root may not give up a capability")


@pytest.mark.parametrize("folder", ["reports", "reports/runs"])
def test_a_read_only_folder_is_told_to_an_ordinary_user_before_anything_runs(watched, folder):
    refused = watched.root / folder
    refused.mkdir(parents=True)
    refused.chmod(0o555)
    watched.start(agents=("wanderer",), popen={"preexec_fn": become_ordinary})
    code, output = watched.finish()
    assert code == 4, output
    assert f"cannot be recorded in {watched.root / 'reports'}: Permission denied" in output
    assert not list(refused.iterdir())


def test_a_folder_that_becomes_read_only_costs_only_what_comes_later(watched):
    watched.start(
        *("--trials", "2", "--concurrency", "3"),
        agents=("buyer", "lingerer"),
        popen={"preexec_fn": become_ordinary},
    )
    watched.until_under_way(3, finished=4)
    transcripts = watched.root / "reports" / "latest" / "transcripts"
    transcripts.chmod(0o555)
    watched.go_on()
    _, output = watched.finish()
    assert len(watched.outcomes()) == 4
    assert "cannot be kept in" in output
    assert "Permission denied" in output
