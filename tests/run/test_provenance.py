"""What explains a difference between two runs can be had of any checkout."""

import os
import subprocess

from comity.run import provenance


def test_a_file_whose_name_is_no_text_is_a_change_like_any_other(tmp_path):
    for command in (
        ("init", "-q"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "one"),
        ("config", "core.quotepath", "false"),
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    (tmp_path / os.fsdecode(b"\xff")).touch()
    facts = provenance.facts(tmp_path, tmp_path)
    assert facts["git"]["changed"]
