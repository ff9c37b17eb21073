"""A file is put in its place whole, whoever else does so, and whatever ends it."""

import multiprocessing
import os
from pathlib import Path

import pytest

from comity import disk

MEBIBYTE = 1 << 20


def write_often(path: Path, letter: bytes) -> None:
    for _ in range(30):
        disk.replace(path, letter * MEBIBYTE)


def test_of_several_processes_at_once_each_puts_a_whole_file_there(tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    writers = [
        multiprocessing.get_context("fork").Process(target=write_often, args=(path, letter))
        for letter in (b"a", b"b", b"c")
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            content = path.read_bytes()
            assert content == content[:1] * MEBIBYTE
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert os.listdir(tmp_path) == ["told.json"]


def test_what_a_killed_process_left_is_gone_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".told.json.part").write_bytes(b"half of something longer")
    disk.replace(tmp_path / "told.json", b"whole")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"told.json": b"whole"}


def test_a_disk_that_refuses_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "told.json"
    disk.replace(path, b"before")

    def refuse(_file: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        disk.replace(path, b"after")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"told.json": b"before"}
