"""A model server is found, started and stopped, and outlives no run."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from comity.errors import ConfigurationError, InfrastructureError
from comity.models import registry
from comity.models.launch import ServerSpec
from comity.models.serving import ensure_server, find_server

MakeSpec = Callable[..., ServerSpec]

STARTS_AND_WAITS = """
import sys, time
from comity.models.launch import ServerSpec
from comity.models.serving import ensure_server
server = ensure_server(ServerSpec.model_validate_json(sys.argv[1]))
print(server.base_url, flush=True)
time.sleep(600)
"""


def answers(base_url: str) -> bool:
    try:
        return httpx2.get(f"{base_url}/models", trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def pids(note: Path) -> list[int]:
    """The stand-in's own process id, and that of its engine."""
    return [int(pid) for pid in note.read_text().split()]


def test_a_server_is_started_waited_for_and_stopped(stand_in: MakeSpec) -> None:
    said: list[str] = []

    def progress(text: str, *, seconds: float, fraction: float | None = None) -> None:
        said.append(text)

    with ensure_server(stand_in("--ready-after", 0.5), progress=progress) as server:
        assert (server.model, server.context_length) == ("tiny", 4096)
        assert (server.version, server.owned) == ("0.0.stand-in", True)
        assert answers(server.base_url)
        assert server.failure() is None
    assert not answers(server.base_url)
    assert said[0] == "Starting the server of tiny"
    assert said[-1] == "tiny is served"


def test_what_a_server_leaves_behind_goes_with_it(
    stand_in: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with ensure_server(stand_in()):
        assert len(list(temporary.glob("comity-*/vllm_dist_*"))) == 1
    assert not list(temporary.iterdir())
    with pytest.raises(InfrastructureError):
        ensure_server(stand_in("--serves", "other"))
    assert not list(temporary.iterdir())


def test_a_server_listens_on_loopback_only(stand_in: MakeSpec) -> None:
    with ensure_server(stand_in()) as server:
        assert server.base_url.startswith("http://127.0.0.1:")


def test_a_server_that_comity_serve_runs_is_used_and_left_running(stand_in: MakeSpec) -> None:
    spec = stand_in()
    with ensure_server(spec) as first, registry.registered(spec.key, first.base_url, first.model):
        with ensure_server(spec) as second:
            assert second.base_url == first.base_url
            assert not second.owned
        assert answers(first.base_url)
        with ensure_server(spec, reuse=False) as third:
            assert third.base_url != first.base_url
    assert find_server(spec) is None


def test_a_server_of_a_run_is_not_found_by_another(stand_in: MakeSpec) -> None:
    with ensure_server(stand_in()):
        assert find_server(stand_in()) is None


def test_a_server_with_other_flags_is_not_used(stand_in: MakeSpec) -> None:
    spec = stand_in()
    with ensure_server(spec) as server, registry.registered(spec.key, server.base_url, "tiny"):
        assert find_server(stand_in(flags=("--max-model-len", "64"))) is None
        assert find_server(stand_in(name="other")) is None
        assert find_server(stand_in()) is not None


@pytest.mark.parametrize("change", [{"pid": 2**22 + 1}, {"process_started": 1}])
def test_an_entry_of_a_dead_process_is_removed(
    stand_in: MakeSpec, cache: Path, change: dict[str, int]
) -> None:
    spec = stand_in()
    with ensure_server(spec) as server, registry.registered(spec.key, server.base_url, "tiny") as e:
        path = cache / "servers" / f"{spec.key}.json"
        path.write_text(e.model_copy(update=change).model_dump_json())
        assert find_server(spec) is None
        assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": 1}', b"\xff\xfe"])
def test_an_entry_that_cannot_be_read_is_removed(
    stand_in: MakeSpec, cache: Path, content: bytes
) -> None:
    spec = stand_in()
    (cache / "servers").mkdir(parents=True)
    path = cache / "servers" / f"{spec.key}.json"
    path.write_bytes(content)
    assert find_server(spec) is None
    assert not path.exists()


def test_an_entry_is_not_believed_when_nothing_answers(stand_in: MakeSpec) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with registry.registered(stand_in().key, url, "tiny"):
            assert find_server(stand_in()) is None


def test_an_entry_is_not_believed_when_another_model_is_served(stand_in: MakeSpec) -> None:
    spec = stand_in()
    other = ensure_server(stand_in(name="other"))
    with other, registry.registered(spec.key, other.base_url, "tiny"):
        assert find_server(spec) is None


def test_the_end_of_one_server_leaves_the_entry_of_the_next(cache: Path) -> None:
    with ExitStack() as first:
        first.enter_context(registry.registered("key", "http://127.0.0.1:1/v1", "tiny"))
        with registry.registered("key", "http://127.0.0.1:2/v1", "tiny") as second:
            first.close()
            assert registry.entries() == [second]
    assert registry.entries() == []


def test_a_server_that_takes_too_long_is_given_up_and_ended(
    stand_in: MakeSpec, tmp_path: Path
) -> None:
    note = tmp_path / "pids"
    spec = stand_in("--ready-after", 600, "--keep-child", note)
    with pytest.raises(InfrastructureError, match="does not answer after 1 s") as caught:
        ensure_server(spec, start_timeout=1)
    assert "loading" in str(caught.value)
    assert not any(map(lives, pids(note)))


def test_a_server_that_dies_says_why(stand_in: MakeSpec, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with pytest.raises(InfrastructureError, match="exit status 1") as caught:
        ensure_server(stand_in("--die"), log=log)
    assert "the weights are \\x1b[31mspoiled" in str(caught.value)
    assert str(log) in str(caught.value)


def test_a_server_that_dies_later_says_why(stand_in: MakeSpec, tmp_path: Path) -> None:
    note = tmp_path / "pids"
    with ensure_server(stand_in("--keep-child", note)) as server:
        os.kill(pids(note)[0], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while server.failure() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "SIGKILL" in (server.failure() or "")


def test_a_server_that_serves_another_model_is_refused(stand_in: MakeSpec) -> None:
    with pytest.raises(InfrastructureError, match="serves 'other', not 'tiny'"):
        ensure_server(stand_in("--serves", "other"))


def test_a_run_that_is_killed_leaves_no_server_and_no_engine(
    stand_in: MakeSpec, tmp_path: Path
) -> None:
    note = tmp_path / "pids"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    spec = stand_in("--keep-child", note)
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS, spec.model_dump_json()],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    assert run.stdout is not None
    url = run.stdout.readline().decode().strip()
    assert answers(url)
    assert all(map(lives, pids(note)))
    assert any(temporary.iterdir())
    run.kill()
    run.wait()
    run.stdout.close()
    deadline = time.monotonic() + 30
    while any(map(lives, pids(note))) or any(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not answers(url)


def test_two_that_start_at_once_each_have_their_own(stand_in: MakeSpec) -> None:
    def start(_: int) -> str:
        with ensure_server(stand_in("--ready-after", 0.5)) as server:
            assert answers(server.base_url)
            return server.base_url

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 4


def test_a_port_in_use_is_refused_before_anything_starts(stand_in: MakeSpec) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigurationError, match="in use"):
            ensure_server(stand_in(port=other.getsockname()[1]))


def test_a_proxy_is_not_told_what_stays_on_the_machine(
    stand_in: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with ensure_server(stand_in()) as server:
        assert server.model == "tiny"


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"model": "/nowhere/model"}, "not a directory"), ({"vllm": "no-such-vllm"}, "no command")],
)
def test_what_is_not_there_is_said_at_once(
    stand_in: MakeSpec, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        ensure_server(stand_in(**settings))
