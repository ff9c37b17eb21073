"""What is served, and the command and the environment that serve it."""

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from comity.errors import ConfigurationError
from comity.models import embedded, environment
from comity.models.progress import Progress
from comity.models.steps import foreign_environment, succeeds
from comity.places import cache_directory

DEFAULT_MODEL = "default"
VLLM_VARIABLE = "COMITY_VLLM"
LOOPBACK = "127.0.0.1"
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - only recognised, never bound
# Importing vLLM takes 5 to 20 s.
_PROBE_SECONDS = 120.0
# More than a web agent needs (the longest page of the shop, as it is, has 3,100 tokens); a longer
# prompt would take most of a minute on two CPUs.
_CONTEXT_TOKENS = "4096"
# For SmolLM2-135M 93,000 tokens: 60 requests of 1,500 tokens at once.
_KV_CACHE_GIB = "2"
# Flags with which the server would not be found where it is looked for.
_OURS = frozenset({"--host", "--port", "--model", "--served-model-name"})
# By default vLLM keeps one CPU for its API server and uses one thread of each core. On few CPUs
# that halves what is measured; on many it is right.
_FEW_CPUS = 8


class ServerSpec(BaseModel):
    """A model and how it is to be served."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(default=DEFAULT_MODEL, min_length=1)
    """"default" (the embedded one), a directory, or a name on the model hub."""
    name: str | None = Field(default=None, min_length=1)
    """What clients call it; else its own name."""
    host: str = LOOPBACK
    port: int = Field(default=0, ge=0, le=65535)
    """0: any that is free."""
    flags: tuple[str, ...] = ()
    """Further flags for vLLM; they win over ours."""
    vllm: str | None = None
    """The `vllm` command to use; else COMITY_VLLM, one on PATH, or an environment of ours."""

    @field_validator("flags")
    @classmethod
    def _leaves_the_address_to_us(cls, flags: tuple[str, ...]) -> tuple[str, ...]:
        for flag in flags:
            if (name := flag.partition("=")[0]) in _OURS:
                raise ValueError(f"{name} is not for vLLM: Comity sets it by its own option")
        return flags

    @property
    def served_name(self) -> str:
        """What clients call the model."""
        if self.name is not None:
            return self.name
        if self.model == DEFAULT_MODEL:
            return embedded.NAME
        return Path(self.model).resolve().name if self.is_directory else self.model

    @property
    def is_directory(self) -> bool:
        """Whether the model is a directory on this machine."""
        return self.model != DEFAULT_MODEL and Path(self.model).is_dir()

    @property
    def key(self) -> str:
        """The same for servers that may stand in for each other."""
        model = str(Path(self.model).resolve()) if self.is_directory else self.model
        parts = json.dumps([model, self.served_name, self.flags])
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    @property
    def identity(self) -> str | None:
        """What stands for the weights where they cannot change; None where they can."""
        if self.model != DEFAULT_MODEL:
            return None
        return " ".join([embedded.model_directory().name, *self.flags])

    def address(self, port: int) -> str:
        """The base URL for clients on this machine, when the server listens on `port`."""
        host = LOOPBACK if self.host in _EVERYWHERE else self.host
        return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"


class Launch(NamedTuple):
    """What to run."""

    command: tuple[str, ...]
    env: dict[str, str]


def prepare(spec: ServerSpec, progress: Progress) -> Launch:
    """Build or find all that serving needs; the command lacks the port alone.

    Raises:
        ConfigurationError: the named directory or command is not there.
        InfrastructureError: something cannot be prepared.
    """
    looks_like_path = spec.model.startswith((".", "/", "~"))
    if looks_like_path and not spec.is_directory:
        raise ConfigurationError(f"The model {spec.model} is not a directory.")
    command = _own_command(spec)
    is_embedded = spec.model == DEFAULT_MODEL
    model = str(embedded.ensure_model(progress)) if is_embedded else spec.model
    served = ["--host", spec.host, "--served-model-name", spec.served_name]
    env = {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_CACHE_ROOT": str(cache_directory("vllm-cache")),
    }
    if is_embedded or spec.is_directory:
        env["HF_HUB_OFFLINE"] = "1"
    if command is not None:
        launch = (*command, model, *served, *spec.flags)
    else:
        python = str(environment.ensure_environment(progress))
        # Its `vllm` command looks for a distribution of that name and fails.
        module = (python, "-I", "-m", "vllm.entrypoints.openai.api_server", "--model", model)
        launch = (*module, *served, *_CPU_FLAGS, *spec.flags)
        env |= _cpu_settings()
    whole = foreign_environment(env)
    # It would make the server ask for a key, which belongs to some other server.
    whole.pop("VLLM_API_KEY", None)
    return Launch(launch, whole)


_CPU_FLAGS = (
    *("--dtype", "bfloat16"),
    *("--max-model-len", _CONTEXT_TOKENS),
    # Compiled, the embedded model starts in 110 s instead of 45, each time: vLLM 0.32 cannot load
    # what it has cached for a CPU. It then writes 10 % faster and reads prompts no faster, which
    # saves a run of 36 replies and 250 web calls about 10 s.
    "--enforce-eager",
    "--enable-prefix-caching",
    # Small models otherwise spend half of their tokens on blanks and new lines. That it can be
    # forbidden depends on the backend, so that is named.
    *("--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}'),
)


def _cpu_settings() -> dict[str, str]:
    settings = {"VLLM_CPU_KVCACHE_SPACE": _KV_CACHE_GIB}
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) <= _FEW_CPUS:
        settings["VLLM_CPU_OMP_THREADS_BIND"] = ",".join(map(str, cpus))
    return {name: os.environ.get(name, value) for name, value in settings.items()}


def _own_command(spec: ServerSpec) -> Sequence[str] | None:
    """The `vllm serve` of the user, or None if ours is to be used."""
    named = spec.vllm or os.environ.get(VLLM_VARIABLE)
    if named:
        command = shlex.split(named)
        if not command or shutil.which(command[0]) is None:
            raise ConfigurationError(f"There is no command {named!r} to serve the model with.")
        return [*command, "serve"]
    found = shutil.which("vllm")
    works = found and succeeds([found, "--version"], _PROBE_SECONDS)
    return [found, "serve"] if found and works else None
