"""`comity serve` runs a server that others find, until it is told to stop."""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from comity.errors import ConfigurationError, InfrastructureError
from comity.models import commands, registry
from comity.models.launch import ServerSpec
from comity.models.serving import ensure_server, find_server

MakeSpec = Callable[..., ServerSpec]
StartServe = Callable[..., "subprocess.Popen[str]"]

COMMAND = """
import argparse, sys
from comity.models import commands
parser = argparse.ArgumentParser()
commands.register(parser.add_subparsers())
arguments = parser.parse_args()
sys.exit(arguments.run(arguments))
"""


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    commands.register(parser.add_subparsers())
    parsed = parser.parse_args(["serve", *arguments])
    code: int = parsed.run(parsed)
    return code


@pytest.fixture
def serve(stand_in: MakeSpec) -> Iterator[StartServe]:
    """Starts `comity serve` in a process of its own and waits until it says how to use it."""
    started = []

    def start(
        spec: ServerSpec, *arguments: str, prefix: Sequence[str] = ()
    ) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*prefix, sys.executable, "-c", COMMAND, "serve", "--model", spec.model, *arguments],
            env={**os.environ, "COMITY_VLLM": spec.vllm or "", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            text=True,
            # A shell starts what runs in the background with SIGINT ignored, and that is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if "pytest" in line:
                break
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_what_is_served_is_used_by_a_run_and_stopped_by_stop(
    serve: StartServe, stand_in: MakeSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = stand_in()
    process = serve(spec, "--port", "0")
    with ensure_server(spec) as server:
        assert not server.owned
    assert run("--stop") == 0
    assert f"Stopped tiny at {server.base_url}" in capsys.readouterr().out
    assert process.wait(20) == 0
    assert find_server(spec) is None
    assert run("--stop") == 0
    assert "No such server runs" in capsys.readouterr().out


def test_stop_leaves_the_server_of_another_model(serve: StartServe, stand_in: MakeSpec) -> None:
    process = serve(stand_in(), "--port", "0")
    run("--stop", "--name", "another")
    assert process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_server_and_removes_its_entry(
    serve: StartServe, stand_in: MakeSpec, tmp_path: Path, number: int
) -> None:
    note = tmp_path / "pids"
    process = serve(stand_in("--keep-child", note), "--port", "0")
    process.send_signal(number)
    assert process.wait(20) == 0
    assert registry.entries() == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in note.read_text().split())


def test_under_nohup_it_outlives_the_terminal(serve: StartServe, stand_in: MakeSpec) -> None:
    process = serve(stand_in(), "--port", "0", prefix=["nohup"])
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert find_server(stand_in()) is not None


def test_a_killed_serve_is_not_found(serve: StartServe, stand_in: MakeSpec) -> None:
    process = serve(stand_in(), "--port", "0")
    process.kill()
    process.wait()
    assert find_server(stand_in()) is None


def test_a_second_serve_points_to_the_first(
    serve: StartServe,
    stand_in: MakeSpec,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = stand_in()
    process = serve(spec, "--port", "0")
    assert run("--model", spec.model) == 0
    said = capsys.readouterr().out
    assert "runs already" in said
    assert re.search(
        r"pytest -m cultural --model-url http://127\.0\.0\.1:\d+/v1 --model tiny", said
    )
    with pytest.raises(ConfigurationError, match="already"):
        run("--model", spec.model, "--port", "1")
    assert process.poll() is None


def test_a_server_that_dies_ends_serve_with_its_reason(stand_in: MakeSpec, cache: Path) -> None:
    spec = stand_in("--die")
    assert spec.vllm is not None
    with pytest.raises(InfrastructureError, match="spoiled"):
        run("--model", spec.model, "--port", "0", "--vllm", spec.vllm)
    assert registry.entries() == []
    assert (cache / "servers" / f"{spec.key}.log").exists()


def test_prepare_only_starts_nothing(
    stand_in: MakeSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = stand_in("--die")
    assert spec.vllm is not None
    assert run("--model", spec.model, "--vllm", spec.vllm, "--prepare-only") == 0
    assert "Prepared" in capsys.readouterr().out


def test_flags_after_two_dashes_reach_vllm(
    serve: StartServe, stand_in: MakeSpec, tmp_path: Path
) -> None:
    spec = stand_in()
    seen = tmp_path / "arguments"
    code = f'printf "%s\\n" "$@" > {shlex.quote(str(seen))}; exec {spec.vllm} "$@"'
    script = tmp_path / "vllm"
    script.write_text(f"#!/bin/sh\n{code}\n")
    script.chmod(0o755)
    serve(stand_in(vllm=str(script)), "--port", "0", "--", "--max-model-len", "64")
    given = seen.read_text().splitlines()
    assert given[:2] == ["serve", spec.model]
    assert given[given.index("--max-model-len") + 1] == "64"


def test_a_stray_word_is_not_taken_for_a_flag() -> None:
    with pytest.raises(ConfigurationError, match="--model"):
        run("some/model")


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--port"):
        run("--port", "70000")


@pytest.mark.parametrize("flag", ["--served-model-name=other", "--host"])
def test_a_flag_that_would_hide_the_server_is_refused(flag: str) -> None:
    with pytest.raises(ConfigurationError, match="own option"):
        run("--", flag, "other")
