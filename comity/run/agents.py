"""Agents under test, loaded by reference: `path/to/file.py:name` or `package.module:name`."""

import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from comity.errors import ConfigurationError
from comity.schema import AgentCard, Item, Norm, Reply, Request, Scenario, Word
from comity.schema.base import well_formed
from comity.schema.scenario import Mode

Run = Callable[..., Awaitable[Reply]]


class Briefing(Word):
    """What a scripted oracle agent is told beside its task."""

    scenario: Scenario
    norm: Norm
    mode: Mode
    catalogue: tuple[Item, ...]

    @classmethod
    def of(cls, request: Request, catalogue: tuple[Item, ...]) -> "Briefing":
        """Return the briefing for a request on a site."""
        return cls(
            scenario=request.scenario, norm=request.norm, mode=request.mode, catalogue=catalogue
        )


class Agent:
    """An agent as it was loaded: its card, and the coroutine function that runs it.

    An agent is any object with `async def run(task, page, model) -> Reply` and `declares`, a set
    of what it can do. Optional are `oracle = True` (its `run` takes a `briefing` as well) and
    `uses_model = False`.
    """

    def __init__(self, reference: str, loaded: Any, digest: str | None = None) -> None:
        """Take what was loaded; `digest` stands for the content of its file, where it has one."""
        run = getattr(loaded, "run", None)
        declares = getattr(loaded, "declares", None)
        if not inspect.iscoroutinefunction(run):
            raise ConfigurationError(
                f"the agent {reference} has no `async def run(task, page, model)`"
            )
        if (
            isinstance(declares, str)
            or not isinstance(declares, set | frozenset | list | tuple)
            or not declares
            or not all(isinstance(word, str) for word in declares)
        ):
            raise ConfigurationError(
                f"the agent {reference} does not say what it can do; give it `declares`, such as "
                '{"chat"} or {"shop"}'
            )
        self.run: Run = run
        self.digest = digest
        self.card = AgentCard(
            reference=reference,
            declares=frozenset(declares),
            oracle=bool(getattr(loaded, "oracle", False)),
            uses_model=bool(getattr(loaded, "uses_model", True)),
        )


def load_agent(reference: str, root: Path) -> Agent:
    """Return the agent that `reference` names; files are sought from `root`.

    Raises:
        ConfigurationError: there is no such file, module or name, its code fails, or the object
            is no agent.
    """
    place, colon, name = reference.rpartition(":")
    if not colon or not name.isidentifier() or well_formed(reference) != reference:
        raise ConfigurationError(
            f"{reference!r} is no agent reference; write path/to/file.py:name or module:name"
        )
    module = _from_file(root / place, reference) if place.endswith(".py") else _module(place)
    with _loading(reference):
        loaded = getattr(module, name, None)
        if loaded is None:
            known = sorted(
                key
                for key, value in vars(module).items()
                if hasattr(value, "declares") and not inspect.isclass(value)
            )
            raise ConfigurationError(
                f"{place} has no agent {name!r}; it has: {', '.join(known) or 'none'}"
            )
        return Agent(reference, loaded() if inspect.isclass(loaded) else loaded, _digest(module))


def told(error: BaseException) -> str:
    """Return an exception's name and what it says; one of an agent's own making may fail to."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:
        said = ""
    return f"{name}: {said}" if said else name


@contextmanager
def _loading(reference: str) -> Iterator[None]:
    """Say of what an agent's own code raises in here that it is the agent's.

    A script ends by SystemExit, and not every other way to fail is an Exception either.
    """
    try:
        yield
    except (ConfigurationError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise ConfigurationError(_failed(reference, error)) from error


def _digest(module: ModuleType) -> str | None:
    try:
        return hashlib.sha256(Path(module.__file__ or "").read_bytes()).hexdigest()
    except (AttributeError, OSError):
        return None  # not every module is a file


def _from_file(path: Path, reference: str) -> ModuleType:
    if not os.path.isfile(path):  # `Path` raises where it may not look, or the name is too long
        raise ConfigurationError(f"the agent {reference}: there is no file {path}")
    # A name of its own: files called web.py or agents.py must not shadow installed packages.
    name = f"comity_agent_{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"the agent {reference}: {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _loading(reference):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # else whoever loads it again would find half of it
        raise
    return module


def _module(name: str) -> ModuleType:
    with _loading(name):
        return importlib.import_module(name)


def _failed(reference: str, error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    # A class that wants arguments fails where it is called: here, which is no place to look.
    place = "" if last.filename == __file__ else f" ({last.filename}:{last.lineno})"
    fix = _import_fix(Path(last.filename).parent, error)
    return f"the agent {reference} cannot be loaded: {told(error)}{place}{fix}"


def _import_fix(folder: Path, error: BaseException) -> str:
    """Return how to have what a file in `folder` imports found, where that is what failed."""
    if not isinstance(error, ModuleNotFoundError):
        return ""
    module = (error.name or "").partition(".")[0]
    beside = (folder / f"{module}.py", folder / module / "__init__.py")
    if module and any(os.path.isfile(place) for place in beside):
        # The folder of a file that is loaded by its path is not searched for others.
        return f"; add {folder} to PYTHONPATH"
    return "; install what it imports"
