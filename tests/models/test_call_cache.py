"""An answer that was once paid for is not paid for again."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from comity.models import call_cache
from comity.models.call_cache import CallCache, Served, digest
from comity.models.chat import Answer

KEY = digest({"a": 1})


def said(text: str) -> Answer:
    return Answer(payload={"choices": [{"message": {"content": text}}]})


def using(file: Path, work: Callable[[CallCache], Coroutine[Any, Any, Any]]) -> Any:
    async def use() -> Any:
        cache = CallCache(file)
        try:
            return await work(cache)
        finally:
            cache.close()

    return asyncio.run(use())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls.sqlite3"


def test_what_is_kept_is_there_for_the_next_run(file):
    assert using(file, lambda cache: cache.get(KEY)) is None
    using(file, lambda cache: cache.keep(KEY, said("ni hao")))
    assert using(file, lambda cache: cache.get(KEY)) == said("ni hao")
    assert using(file, lambda cache: cache.get(digest({"a": 2}))) is None


def test_the_first_answer_stays_and_is_what_everybody_gets(file):
    using(file, lambda cache: cache.keep(KEY, said("first")))
    assert using(file, lambda cache: cache.keep(KEY, said("second"))) == said("first")


def test_a_key_does_not_depend_on_the_order_of_the_facts():
    assert digest({"a": 1, "b": "\ud83d"}) == digest({"b": "\ud83d", "a": 1})


def test_half_a_character_can_be_kept(file):
    using(file, lambda cache: cache.keep(KEY, said("fine ?")))
    assert using(file, lambda cache: cache.get(KEY)) == said("fine ?")


def test_only_its_owner_reads_the_file(file):
    using(file, lambda cache: cache.keep(KEY, said("secret")))
    assert {path.stat().st_mode & 0o077 for path in file.parent.iterdir()} == {0}


def test_old_answers_are_forgotten(file, monkeypatch):
    using(file, lambda cache: cache.keep(KEY, said("old")))
    later = time.time() + 31 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    assert using(file, lambda cache: cache.get(KEY)) is None


def test_several_processes_keep_answers_at_once(file):
    program = """
import asyncio, sys
from pathlib import Path
from comity.models.call_cache import CallCache, digest
from comity.models.chat import Answer

async def work():
    cache = CallCache(Path(sys.argv[1]))
    for number in range(60):
        kept = await cache.keep(digest({"call": number}), Answer(payload={"by": sys.argv[2]}))
        print(kept.payload["by"], end="")
    assert cache.trouble is None, cache.trouble
    cache.close()

asyncio.run(work())
"""
    running = [
        subprocess.Popen([sys.executable, "-c", program, file, name], stdout=subprocess.PIPE)
        for name in "abcd"
    ]
    told = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert len(told[0]) == 60
    assert told == [told[0]] * 4


def test_one_who_makes_the_file_waits_for_another_who_does(file):
    another = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    another.execute("BEGIN IMMEDIATE")  # with which SQLite refuses at once to change the journal
    threading.Timer(0.3, lambda: another.execute("COMMIT")).start()
    assert using(file, lambda cache: cache.keep(KEY, said("fine"))) == said("fine")
    assert using(file, lambda cache: cache.get(KEY)) == said("fine")
    another.close()


def test_a_damaged_file_is_no_reason_to_fail(file):
    file.write_bytes(b"no database " * 1000)

    async def work(cache: CallCache) -> None:
        assert "cannot be used" in (cache.trouble or "")
        assert str(file) in (cache.trouble or "")
        assert await cache.get(KEY) is None
        assert await cache.keep(KEY, said("new")) == said("new")

    using(file, work)


def test_a_file_that_fails_in_use_is_left_out_from_then_on(file):
    async def work(cache: CallCache) -> None:
        with sqlite3.connect(file) as other:
            other.execute("DROP TABLE calls")
        assert await cache.keep(KEY, said("new")) == said("new")
        assert "no such table" in (cache.trouble or "")

    using(file, work)


def test_a_directory_that_cannot_be_made_is_no_reason_to_fail(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "file" / "below"))
    cache = CallCache()
    assert "cannot be created" in (cache.trouble or "")
    cache.close()


def test_a_row_that_is_no_answer_is_as_good_as_none(file):
    using(file, lambda cache: cache.keep(KEY, said("x")))
    with sqlite3.connect(file) as other:
        other.execute("UPDATE calls SET answer = ?", (json.dumps({"kind": "poem"}),))
    assert using(file, lambda cache: cache.get(KEY)) is None


def test_a_replay_finds_the_model_that_was_used_last(file):
    async def work(cache: CallCache) -> None:
        for served, urls in (
            (Served("1", "small"), ["http://a/v1"]),
            (Served("2", "large"), ["http://b/v1", "http://a/v1"]),
            (Served("3", "small"), ["http://c/v1"]),
        ):
            await cache.note_served(served, urls)
        assert await cache.last_served(None, []) == Served("3", "small")
        assert await cache.last_served("large", []) == Served("2", "large")
        assert await cache.last_served(None, ["http://a/v1", "http://b/v1"]) == Served("2", "large")
        assert await cache.last_served("huge", []) is None

    using(file, work)


def test_the_file_is_named_by_its_format(tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path))
    cache = CallCache()
    cache.close()
    assert cache.file.name == f"calls-{call_cache.FORMAT}.sqlite3"
