"""What the tests of the model server share."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from comity.models.launch import ServerSpec

STAND_IN = Path(__file__).with_name("vllm_stand_in.py")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory."""
    directory = tmp_path / "cache"
    monkeypatch.setenv("COMITY_CACHE_DIR", str(directory))
    return directory


@pytest.fixture
def stand_in(cache: Path, tmp_path: Path) -> Callable[..., ServerSpec]:
    """Makes specs of servers that the stand-in serves, whose flags are the arguments."""
    model = tmp_path / "tiny"
    model.mkdir()

    def spec(*flags: object, **settings: object) -> ServerSpec:
        command = shlex.join(map(str, [sys.executable, STAND_IN, *flags]))
        return ServerSpec.model_validate({"model": str(model), "vllm": command} | settings)

    return spec
