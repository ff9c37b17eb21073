"""What a run needs beside its agents: model, sites, browser. Opened once, closed once."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comity.errors import ConfigurationError, InfrastructureError
from comity.judges.verdict import Pipeline
from comity.models.budget import Budget
from comity.models.call_cache import CallCache
from comity.models.client import ChatModel
from comity.models.launch import ServerSpec
from comity.models.progress import Progress
from comity.models.replica import ends_by_itself
from comity.models.serving import Server, ensure_server
from comity.run.judging import open_pipeline
from comity.run.settings import Settings
from comity.sandbox.browser import Browser
from comity.sandbox.sites import Site
from comity.sandbox.specs import SiteSpec
from comity.schema import AnyCase
from comity.scratch import Scratch


@dataclass
class Resources:
    """What the cases of a run share; empty where no case needs it."""

    model: ChatModel | None = None
    pipeline: Pipeline = field(default_factory=Pipeline)
    """What judges the cases."""
    cache: CallCache | None = None
    browser: Browser | None = None
    sites: dict[str, Site] = field(default_factory=dict)
    scratch: Path = Path()
    """The directory of the run's temporary files, where a case needs a site."""
    _budget: Budget = field(default_factory=Budget)
    """What all models of the run may spend together."""
    _closed: bool = False
    _closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def check(
        self, cases: Sequence[AnyCase], settings: Settings, specs: dict[str, SiteSpec]
    ) -> dict[str, SiteSpec]:
        """Find out what can be known before anything is started; return the sites that are needed.

        Raises:
            ConfigurationError: a part that the cases need is missing, with the fix.
        """
        wanted = dict.fromkeys(case.site for case in cases if case.site is not None)
        for site in wanted:
            if site not in specs:
                known = ", ".join(sorted(specs)) or "none"
                raise ConfigurationError(
                    f"there is no site {site!r}; environments/sites.yaml describes: {known}"
                )
        if wanted:
            scratch = Scratch.make()
            self._closing.push_async_callback(asyncio.to_thread, scratch.remove)
            self.scratch = scratch.path
            self.browser = await Browser.find(self.scratch)
            self._closing.push_async_callback(self.browser.close)
        self._budget = Budget(settings.token_budget)
        needs_model = any(case.agent.uses_model for case in cases)
        if (needs_model or settings.has_judges) and not settings.no_cache:
            self.cache = await asyncio.to_thread(CallCache)
            self._closing.push_async_callback(asyncio.to_thread, self.cache.close)
        if needs_model and settings.model_url:
            await self._use(settings, settings.model_url, settings.model)
        elif needs_model and settings.replay:
            await self._use(settings, (), settings.model and _spec(settings).served_name)
        await self._open_judges(settings, needs_model=needs_model)
        return {site: specs[site] for site in wanted}

    async def _open_judges(self, settings: Settings, *, needs_model: bool) -> None:
        tested: frozenset[str] = frozenset()
        if self.model is not None:
            tested = self.model.names
        elif needs_model:
            tested = frozenset({_spec(settings).model})
        self.pipeline = await open_pipeline(settings, self.cache, tested, self._budget)
        if self.pipeline.panel is not None:
            self._closing.push_async_callback(self.pipeline.panel.close)

    async def open(
        self,
        cases: Sequence[AnyCase],
        settings: Settings,
        specs: dict[str, SiteSpec],
        root: Path,
        logs: Path,
        progress: Progress,
    ) -> None:
        """Start what the cases need and `check` has found: model server, sites, browser.

        Raises:
            ConfigurationError: what the settings name is not there.
            InfrastructureError: a part does not start.
        """
        if self.model is None and any(case.agent.uses_model for case in cases):
            await self._serve(settings, logs, progress)
        by_process: dict[tuple[str, ...], Site] = {}
        for spec in specs.values():
            if spec.process not in by_process:
                by_process[spec.process] = await Site.start(
                    spec, root, logs=logs, scratch=self.scratch, patience=settings.site_timeout
                )
                self._closing.push_async_callback(by_process[spec.process].stop)
            self.sites[spec.id] = site = by_process[spec.process]
            if spec.id not in site.health.sites:
                raise ConfigurationError(
                    f"the process of the site {spec.id} serves {', '.join(site.health.sites)}; "
                    "environments/sites.yaml gives it another id, or another command"
                )
        self._check_hosts()
        if self.browser is not None:
            await self.browser.launch(self._hosts)

    def _check_hosts(self) -> None:
        """Refuse two sites at one name: the browser would find one of them for both."""
        first_at: dict[str, tuple[str, Site]] = {}
        for name, site in self.sites.items():
            for host in site.health.hosts:
                first, there = first_at.setdefault(host, (name, site))
                if there is not site:
                    raise ConfigurationError(
                        f"the sites {first} and {name} are both at {host}; give one another name "
                        "in environments/sites.yaml, such as 127.0.0.1 beside localhost"
                    )

    def _hosts(self) -> dict[str, str]:
        """Return where each name of the sites is found now."""
        return {
            name: address
            for site in self.sites.values()
            for name, address in site.addresses.items()
        }

    async def _serve(self, settings: Settings, logs: Path, progress: Progress) -> None:
        """Use the server that `comity serve` keeps running, or start one for this run."""
        spec = _spec(settings)

        def interruptible(text: str, *, seconds: float, fraction: float | None = None) -> None:
            # The start runs on a thread that cannot be cancelled, but it says how far it is.
            if self._closed:
                raise InfrastructureError("the run was ended before its model server was up")
            progress(text, seconds=seconds, fraction=fraction)

        server: Server = await asyncio.to_thread(
            ensure_server, spec, progress=interruptible, log=logs / "model.log"
        )
        self._closing.push_async_callback(asyncio.to_thread, server.stop)
        await self._use(
            settings, [server.base_url], server.model, identity=spec.identity, ended=server.failure
        )

    async def _use(
        self,
        settings: Settings,
        urls: Sequence[str],
        name: str | None,
        *,
        identity: str | None = None,
        ended: Callable[[], str | None] = ends_by_itself,
    ) -> None:
        """Use the model called `name` at `urls`; where it is None, the only one that is served."""
        calls = settings.calls()
        if settings.replay and self.cache is not None:
            self.model = await ChatModel.replay(urls, name, self.cache, calls)
        else:
            self.model = await ChatModel.connect(
                urls,
                name,
                calls,
                cache=self.cache,
                budget=self._budget,
                identity=identity,
                ended=ended,
            )
        self._closing.push_async_callback(self.model.close)

    def notes(self) -> list[str]:
        """Return what a reader of the run should know of its parts."""
        found = []
        if self.cache is not None and self.cache.trouble is not None:
            found.append(self.cache.trouble)
        panel = self.pipeline.panel
        for what, model in (
            *([("model", self.model)] if self.model else []),
            *(("judge", judge) for judge in (panel.models if panel else ())),
        ):
            found += _of_servers(what, model)
        for name, common in panel.kin.items() if panel else ():
            found.append(f"the judge {name} is kin of the model under test: {common}")
        return found

    def facts(self) -> dict[str, Any]:
        """Return what of this could explain a difference between two runs."""
        panel = self.pipeline.panel
        version = self.browser.version if self.browser else None
        return {
            "model": self.model
            and {
                "urls": [replica.url for replica in self.model.replicas.all],
                "name": self.model.name,
                "fingerprint": self.model.fingerprint,
                "served": [*self.model.served] or None,
                "sampling": self.model.settings.sampling.model_dump(),
            },
            "judge": panel
            and {
                **panel.identity(),
                "everything": self.pipeline.everything,
                "kin": panel.kin,
                "models": {
                    judge.name: {
                        "urls": [replica.url for replica in judge.replicas.all],
                        "fingerprint": judge.fingerprint,
                        "served": [*judge.served] or None,
                    }
                    for judge in panel.models
                },
            },
            "browser": version and {"version": version},
            "sites": {
                name: {
                    "name": site.health.name,
                    "version": site.health.version,
                    "protocol": site.health.protocol,
                    "host": site.health.sites[name].host,
                }
                for name, site in self.sites.items()
            },
        }

    async def close(self) -> None:
        """Stop what was started, the last first."""
        self._closed = True
        await self._closing.aclose()


def _spec(settings: Settings) -> ServerSpec:
    """Return what is to be served where no server is named."""
    return ServerSpec(model=settings.model) if settings.model else ServerSpec()


def _of_servers(what: str, model: ChatModel) -> Iterator[str]:
    for replica in model.replicas.all:
        if replica.dead is not None:
            yield f"the {what} server at {replica.url} is dead: {replica.dead}"
        if replica.busy:
            yield (
                f"the {what} server at {replica.url} said {replica.busy} times that it is busy; "
                f"at the least {replica.flow.lowest} calls were made at once"
            )
