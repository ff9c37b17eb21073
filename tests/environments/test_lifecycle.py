"""A site's process from its start to its end, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2 as httpx

if TYPE_CHECKING:
    from tests.environments.conftest import Site, StartSite

Run = Callable[..., subprocess.CompletedProcess[str]]
ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"


def templates(cache: Path) -> list[Path]:
    return sorted(cache.glob("sites/*/*.sqlite3"))


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def test_sigterm_ends_the_site_cleanly_and_removes_its_sandboxes(start_site: StartSite) -> None:
    site: Site = start_site()
    site.visit()
    (workplace,) = site.workplaces()
    assert stat.S_IMODE(workplace.stat().st_mode) == 0o700
    assert site.stop() == 0
    assert site.workplaces() == []


def test_what_a_killed_site_left_behind_is_removed_at_the_next_start(start_site: StartSite) -> None:
    killed: Site = start_site()
    alive: Site = start_site()
    killed.visit()
    alive.visit()
    before = set(alive.workplaces())
    assert killed.stop(signal.SIGKILL) == -signal.SIGKILL
    assert set(alive.workplaces()) == before

    successor: Site = start_site()
    left = set(successor.workplaces())
    assert len(before & left) == 1
    assert len(left) == 2
    assert alive.visit().get("/").status_code == 200


def test_a_link_that_looks_like_a_workplace_is_not_followed(
    start_site: StartSite, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "owner.lock").touch()
    (tmp_path / "comity-town-link").symlink_to(precious)
    start_site()
    assert precious.is_dir()


def test_a_workplace_that_has_no_lock_yet_is_left_alone_and_removed_when_old(
    start_site: StartSite, tmp_path: Path
) -> None:
    new, old = tmp_path / "comity-town-new", tmp_path / "comity-town-old"
    new.mkdir()
    old.mkdir()
    yesterday = time.time() - 86_400
    os.utime(old, (yesterday, yesterday))
    start_site()
    assert new.exists()
    assert not old.exists()


def test_the_site_ends_when_its_engine_is_killed(
    start_site: StartSite, tmp_path: Path, variables: dict[str, str]
) -> None:
    helper = tmp_path / "engine.py"
    helper.write_text(
        "import subprocess, sys, time\n"
        f"site = subprocess.Popen([sys.executable, {str(ENVIRONMENTS / 'serve.py')!r}],\n"
        "                        stdout=subprocess.PIPE, text=True)\n"
        "print(site.pid, site.stdout.readline(), flush=True)\n"
        "time.sleep(60)\n"
    )
    warm: Site = start_site()
    engine = subprocess.Popen(
        [sys.executable, str(helper)], env=variables, stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout
    pid = int(engine.stdout.readline().split()[0])
    assert len(warm.workplaces()) == 2
    engine.kill()
    engine.wait()
    engine.stdout.close()
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)
    assert len(warm.workplaces()) == 1


def test_two_first_starts_at_once_build_one_template(start_site: StartSite, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(2) as pool:
        sites = list(pool.map(lambda _: start_site(cache=cache), range(2)))
    assert [template.name for template in templates(cache)] == ["template.sqlite3"]
    for site in sites:
        assert site.visit().get("/").status_code == 200


def test_a_build_that_was_killed_is_begun_again(
    start_site: StartSite, tmp_path: Path, variables: dict[str, str]
) -> None:
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, str(ENVIRONMENTS / "serve.py")],
        env={**variables, "COMITY_CACHE_DIR": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not templates(cache) and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert [path.name for path in templates(cache)] == ["unfinished.sqlite3"]

    site: Site = start_site(cache=cache)
    assert site.visit().get("/").status_code == 200
    assert [path.name for path in templates(cache)] == ["template.sqlite3"]


def test_another_catalogue_is_another_template(start_site: StartSite, tmp_path: Path) -> None:
    copy = tmp_path / "environments"
    shutil.copytree(ENVIRONMENTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    clocks = copy / "catalogue" / "02-clocks.yaml"
    clocks.write_text(clocks.read_text().replace("Walnut Wall Clock", "Cherry Wall Clock"))
    site: Site = start_site(environments=copy)
    assert "Cherry Wall Clock" in site.visit().get("/search/?q=cherry").text


def test_without_a_token_the_site_says_so_and_does_not_start(run_shop: Run) -> None:
    for token in (None, ""):
        ended = run_shop(COMITY_SITE_TOKEN=token)
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert ended.stderr.count("\n") == 1
        assert "COMITY_SITE_TOKEN" in ended.stderr


def test_what_is_not_installed_is_one_line_on_stderr_that_says_how_to(
    run_shop: Run, tmp_path: Path
) -> None:
    (tmp_path / "waitress.py").write_text("raise ModuleNotFoundError('No module named waitress')")
    ended = run_shop(PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1] == (
        "serve.py: cannot start: No module named waitress; install what the sites are made of: "
        "pip install -e '.[sites]'"
    )
    assert "Traceback" not in ended.stderr


def test_a_cache_that_cannot_be_written_is_one_line_on_stderr(
    run_shop: Run, tmp_path: Path
) -> None:
    not_a_directory = tmp_path / "file"
    not_a_directory.touch()
    ended = run_shop(COMITY_CACHE_DIR=str(not_a_directory))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("serve.py: cannot start: ")
    assert ended.stderr.count("\n") == 1
    assert not list(tmp_path.glob("comity-town-*"))


def test_a_full_disk_is_one_line_on_stderr_and_leaves_no_half_template(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    limited = tmp_path / "limited.py"
    # A limit on the size of files is the nearest thing to a full disk that any user can set.
    limited.write_text(
        "import resource, runpy, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        f"sys.path.insert(0, {str(ENVIRONMENTS)!r})\n"
        f"runpy.run_path({str(ENVIRONMENTS / 'serve.py')!r}, run_name='__main__')\n"
    )
    cache = tmp_path / "cache"
    ended = subprocess.run(
        [sys.executable, str(limited)],
        env={**variables, "COMITY_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "serve.py: cannot" in ended.stderr
    assert templates(cache) == []


def test_the_first_line_of_output_is_the_only_one(start_site: StartSite) -> None:
    site: Site = start_site()
    site.visit().get("/no/such/page")
    site.process.terminate()
    assert site.process.stdout
    assert site.process.stdout.read() == ""


def test_browse_serves_one_sandbox_to_a_browser_without_the_header(start_site: StartSite) -> None:
    site: Site = start_site("--browse")
    page = httpx.get(site.url)
    assert page.status_code == 200
    assert "Fernhill Gifts" in page.text
    for name, says in (("fernhill", "Fernhill Gifts"), ("mulberry", "Mulberry Square")):
        assert says in httpx.get(site.url, headers={"Host": f"{name}.localhost"}).text
    assert httpx.get(f"{site.url}/_control/health").status_code == 404


def test_a_warm_start_answers_within_seconds(start_site: StartSite) -> None:
    begun = time.monotonic()
    start_site()
    # 0.9 s on a free machine; the bound is for a crowded one.
    assert time.monotonic() - begun < 10


def test_the_catalogue_can_be_checked_without_a_token(run_shop: Run) -> None:
    ended = run_shop("--check", str(ENVIRONMENTS / "catalogue"), COMITY_SITE_TOKEN=None)
    assert ended.returncode == 0, ended.stderr
    assert "products" in ended.stdout
