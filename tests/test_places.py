"""The cache directory is where it is said to be, or the operator is told."""

from pathlib import Path

import pytest

from comity.errors import InfrastructureError
from comity.places import cache_directory


def test_the_named_directory_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "a" / "b"))
    assert cache_directory() == tmp_path / "a" / "b"
    assert cache_directory().is_dir()


def test_the_users_cache_directory_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMITY_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "comity"


def test_a_relative_name_does_not_move_with_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMITY_CACHE_DIR", "cache")
    assert cache_directory() == tmp_path / "cache"


def test_a_file_in_its_place_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(InfrastructureError, match="COMITY_CACHE_DIR"):
        cache_directory()


def test_a_place_where_nothing_can_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_CACHE_DIR", "/proc/comity")
    with pytest.raises(InfrastructureError, match="/proc/comity cannot be created"):
        cache_directory()
