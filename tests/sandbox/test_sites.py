"""A site is started anew where it was lost: once for all who ask, and a few times at most."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from comity.errors import InfrastructureError
from comity.sandbox.running import RunningSite
from comity.sandbox.sites import MAX_RESTARTS, Site
from comity.sandbox.specs import SiteSpec

STAND_INS = Path(__file__).parents[1] / "stand_ins"
SPEC = SiteSpec(id="tiny", title="Tiny", command=("{python}", "tiny_shop.py"))

Script = Callable[[Site], Coroutine[Any, Any, None]]


def with_site(directory: Path, script: Script, patience: float = 10) -> None:
    """Run a script on a site whose logs and temporary files are in `directory`."""

    async def run() -> None:
        scratch = directory / "scratch"
        scratch.mkdir()
        site = await Site.start(SPEC, STAND_INS, logs=directory, scratch=scratch, patience=patience)
        try:
            await script(site)
        finally:
            await site.stop()
        assert not list(scratch.iterdir())

    asyncio.run(run())


def process_of(running: RunningSite) -> int:
    """Return the id of the site's own process, whose parent is its supervisor."""
    supervisor = running._process.pid
    [child] = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return int(child)


def environment_of(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


async def kill(site: Site) -> RunningSite:
    running = await site.serving()
    os.kill(process_of(running), signal.SIGKILL)
    assert await running.examine() == "was ended by SIGKILL"
    return running


def test_a_site_is_not_told_the_keys_of_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("MODEL", "JUDGE"):
        monkeypatch.setenv(f"COMITY_{role}_API_KEY", "sk-very-secret")

    async def script(site: Site) -> None:
        environment = environment_of(process_of(await site.serving()))
        assert b"COMITY_SITE_TOKEN=" in environment
        assert b"sk-very-secret" not in environment

    with_site(tmp_path, script)


def test_all_who_ask_for_a_lost_site_get_the_same_new_one(tmp_path: Path) -> None:
    async def script(site: Site) -> None:
        lost = await kill(site)
        fresh = set(await asyncio.gather(*(site.serving() for _ in range(16))))
        assert len(fresh) == 1
        assert lost not in fresh
        assert site.addresses.keys() == lost.addresses.keys()
        assert site.addresses != lost.addresses
        await fresh.pop().create("tiny", {}, "en")

    with_site(tmp_path, script)
    assert {path.name for path in tmp_path.glob("*.log")} == {"tiny.log", "tiny-2.log"}


def test_a_site_that_is_lost_again_and_again_is_given_up(tmp_path: Path) -> None:
    async def script(site: Site) -> None:
        for _ in range(MAX_RESTARTS + 1):
            await kill(site)
        for _ in range(2):
            with pytest.raises(
                InfrastructureError, match="came back 3 times in this run"
            ) as given_up:
                await site.serving()
            assert "was ended by SIGKILL" in str(given_up.value)
            assert str(tmp_path / "tiny-4.log") in str(given_up.value)

    with_site(tmp_path, script)


def test_what_was_made_by_a_lost_site_is_not_sought_in_the_new_one(tmp_path: Path) -> None:
    async def script(site: Site) -> None:
        running = await site.serving()
        sandbox = await running.create("tiny", {}, "en")
        await kill(site)
        await site.serving()
        with pytest.raises(InfrastructureError, match="the site tiny was ended by SIGKILL"):
            await running.state(sandbox)
        await running.delete(sandbox)

    with_site(tmp_path, script)


def test_a_site_that_answers_nothing_is_lost(tmp_path: Path) -> None:
    async def script(site: Site) -> None:
        running = await site.serving()
        os.kill(process_of(running), signal.SIGSTOP)
        with pytest.raises(InfrastructureError, match="the site tiny did not answer for 1 s"):
            await running.create("tiny", {}, "en")
        assert await site.serving() is not running

    with_site(tmp_path, script, patience=1)


def test_a_site_that_answers_late_once_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_FAULT", "late")

    async def script(site: Site) -> None:
        running = await site.serving()
        sandbox = await running.create("tiny", {}, "en")
        with pytest.raises(InfrastructureError, match="did not answer GET sandboxes/.*/state"):
            await running.state(sandbox)
        assert await site.serving() is running

    with_site(tmp_path, script, patience=1)


def test_a_site_that_comes_back_as_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(site: Site) -> None:
        await kill(site)
        monkeypatch.setenv("TINY_VERSION", "2")
        with pytest.raises(InfrastructureError, match="was changed during the run"):
            await site.serving()

    with_site(tmp_path, script)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:99999", "http://[::1", "127.0.0.1:80", "http://127.0.0.1:1\\u0000"],
)
def test_a_first_line_that_names_no_address_is_told(tmp_path: Path, address: str) -> None:
    says = f"""print('{{"listening": "{address}"}}', flush=True); input()"""
    spec = SPEC.model_copy(update={"command": ("{python}", "-c", says)})
    with pytest.raises(InfrastructureError, match="a site's first line of output is"):
        asyncio.run(Site.start(spec, tmp_path, logs=tmp_path, scratch=tmp_path / "scratch"))
