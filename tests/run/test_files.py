"""Small files, written in one go."""

import os
import threading

import pytest

from comity.run import files


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=files.replace, args=(pipe, b"a page"))
    writing.start()
    assert pipe.read_bytes() == b"a page"
    writing.join()
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError):
        files.replace(tmp_path, b"a page")
