"""The thread that waits for a disk: calls in order, errors told, nothing held at the end."""

import subprocess
import sys
import threading

import pytest

from comity.threads import OneThread


def test_calls_are_made_one_after_the_other():
    thread, made = OneThread("test"), []
    for number in range(100):
        thread.submit(made.append, number)
    thread.shutdown()
    assert made == list(range(100))


def test_what_a_call_raises_is_told_and_the_next_is_made():
    thread = OneThread("test")
    failed, next_one = thread.submit(int, "x"), thread.submit(int, "1")
    with pytest.raises(ValueError, match="invalid literal"):
        failed.result(10)
    assert next_one.result(10) == 1
    thread.shutdown()


def test_a_call_that_is_given_up_in_time_is_not_made():
    thread, go_on = OneThread("test"), threading.Event()
    thread.submit(go_on.wait, 10)
    given_up = thread.submit(pytest.fail)
    assert given_up.cancel()
    go_on.set()
    thread.shutdown()


def test_a_call_that_hangs_does_not_hold_the_interpreter():
    code = (
        "import time; from comity.threads import OneThread; "
        "OneThread('test').submit(time.sleep, 600)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
