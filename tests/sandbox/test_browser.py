"""The browser is looked up in order, and where there is none, the error says what to do."""

import pytest

from comity.errors import ConfigurationError
from comity.sandbox.browser import OVERRIDE, find_browser


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Make programs of these names, and nothing else, be on PATH."""
    monkeypatch.delenv(OVERRIDE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(*names: str) -> None:
        for name in names:
            (tmp_path / name).write_text("#!/bin/sh\n")
            (tmp_path / name).chmod(0o755)

    return make


def test_the_override_comes_first(on_path, monkeypatch, tmp_path):
    on_path("mine", "chromium")
    monkeypatch.setenv(OVERRIDE, str(tmp_path / "mine"))
    assert find_browser(None).name == "mine"


def test_playwrights_own_comes_before_the_systems(on_path, tmp_path):
    on_path("own", "chromium")
    assert find_browser(str(tmp_path / "own")).name == "own"
    assert find_browser(str(tmp_path / "gone")).name == "chromium"


def test_the_headless_shell_comes_before_a_full_browser(on_path):
    on_path("google-chrome", "chromium", "chromium-headless-shell")
    assert find_browser(None).name == "chromium-headless-shell"


def test_where_there_is_none_the_error_says_how_to_get_one(on_path):
    with pytest.raises(ConfigurationError, match="apt-get install chromium-headless-shell"):
        find_browser(None)
