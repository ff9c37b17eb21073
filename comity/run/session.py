"""One session over many cases: what is asked for, found wrong, started, waited for and closed."""

import gc
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from comity.errors import ConfigurationError, InfrastructureError
from comity.judges import reading
from comity.models.progress import Progress, silent
from comity.run import cases as case_rules
from comity.run import provenance
from comity.run.agents import Agent, load_agent
from comity.run.life import Limits, Parts, keep, live, refused
from comity.run.listening import listener
from comity.run.log import Log
from comity.run.loop import CANCEL_SECONDS, Loop
from comity.run.resources import Resources
from comity.run.resuming import NewRun, ResumedRun, taken_up
from comity.run.schedule import Schedule
from comity.run.settings import Settings
from comity.run.store import Store
from comity.sandbox.specs import SiteSpec, load_specs
from comity.schema import AnyCase, AnyOutcome, Mode, OpenCase, VariedCase
from comity.schema.library import SUITE_FILE, Library, load
from comity.schema.voices import Worldview

if TYPE_CHECKING:
    from comity.run.robustness import Robustness

Asked = TypeVar("Asked", AnyCase, VariedCase)

log = logging.getLogger(__name__)

# A model server and a site take up to half a minute each before they are killed.
CLOSE_SECONDS = 60.0


@dataclass(frozen=True)
class Places:
    """The files and folders of a project."""

    root: Path
    suites: Path
    sites: Path
    reports: Path


@dataclass
class Session:
    """The cases of one pytest session, or of any other caller."""

    places: Places
    settings: Settings
    references: Sequence[str]
    """The agents under test."""
    explicit: bool = False
    """Whether the agents were named for this very run, so that each must have something to do."""
    cultures: frozenset[str] = frozenset()
    """Only norms of these; empty for all."""
    options: dict[str, object] = field(default_factory=dict)
    """What else the run was asked, for its record."""
    resume: str | None = None
    """The run to go on with: `latest`, an id or a folder; None begins a new one."""

    def __post_init__(self) -> None:
        self._known: dict[str, AnyCase] = {}
        self._fitting: set[str] = set()
        self._resources = Resources()
        self._loop: Loop | None = None
        self._schedule: Schedule | None = None
        self._store: Store | None = None
        self._run: NewRun | ResumedRun | None = None
        self._log: Log | None = None
        self.hurried = False

    @cached_property
    def library(self) -> Library:
        """The project's norms and scenarios."""
        library = load(self.places.suites)
        known = {norm.culture for norm in library.norms.values()}
        if unknown := sorted(self.cultures - known):
            raise ConfigurationError(
                f"there are no norms of the culture {', '.join(unknown)} (--cultures); "
                f"there are: {', '.join(sorted(known))}"
            )
        return library

    @cached_property
    def robustness(self) -> "Robustness":
        """The suites that vary others; a run without any is spared what draws examples."""
        from comity.run.robustness import Robustness

        cards = [agent.card for agent in self.agents]
        profile, seed = self.settings.robustness, self.settings.robustness_seed
        return Robustness(self.places.suites, self.library, cards, profile, seed, self.cultures)

    @property
    def tries(self) -> bool:
        """Whether it tries relations."""
        return "robustness" in vars(self) and self.robustness.begun

    @cached_property
    def agents(self) -> list[Agent]:
        """The agents under test, loaded."""
        if not self.references:
            raise ConfigurationError("no agent is under test; name one by --agent")
        loaded = [load_agent(ref, self.places.root) for ref in dict.fromkeys(self.references)]
        by_name: dict[str, Agent] = {}
        for agent in loaded:
            other = by_name.setdefault(agent.card.name, agent)
            if other is not agent:
                raise ConfigurationError(
                    f"{other.card.reference} and {agent.card.reference} would both be called "
                    f"{agent.card.name}; rename one's file"
                )
        return loaded

    def cases(self, suite: str, modes: Iterable[Mode]) -> list[AnyCase]:
        """Return the cases of a suite in some modes; each case is the same object every time.

        Open questions have no mode, and belong to no culture.

        Raises:
            ScenarioError, ConfigurationError: the suites or the agents are wrong.
        """
        wanted = frozenset(modes)
        requests = [
            request
            for request in self.library.requests(suite)
            if request.mode in wanted
            and (not self.cultures or request.norm.culture in self.cultures)
        ]
        definition = self.library.suites[suite]
        suite_file = Path(self.places.suites.name, suite, SUITE_FILE)
        case_rules.check_site(suite_file, definition, self.specs, self.agents)
        self._fitting |= {
            agent.card.reference for agent in self.agents if case_rules.fits(definition, agent.card)
        }
        trials = self.settings.trials
        found: list[AnyCase] = [*case_rules.cases(definition, requests, self.agents, trials)]
        if not self.cultures:
            questions = self.library.open_requests(suite)
            found += case_rules.open_cases(questions, self.agents, trials)
        return [self._known.setdefault(case.id, case) for case in found]

    @cached_property
    def specs(self) -> dict[str, SiteSpec]:
        """The project's sites, by id."""
        return load_specs(self.places.sites, self.places.root)

    def tried(self, suite: str) -> list[str]:
        """Return what a suite that varies others tries: a relation and an agent each, by id.

        Raises:
            ScenarioError, ConfigurationError: the suites or the agents are wrong.
        """
        found = self.robustness.tried(suite)
        self._fitting |= {tried.agent.reference for tried in found}
        return [tried.id for tried in found]

    def of_suite(self, suite: str, case_ids: Iterable[str]) -> list[str]:
        """Return those of the cases that are of a suite."""
        return [case_id for case_id in case_ids if self._known[case_id].request.suite == suite]

    def of_shard(self, case_ids: Iterable[str]) -> list[str]:
        """Return those of the cases that are in the shard that is to be run; all, without one."""
        shard = self.settings.shard
        return [one for one in case_ids if shard is None or shard.holds(self._known[one])]

    def check_agents(self) -> None:
        """Refuse an agent that was named for this run and fits none of its suites.

        Raises:
            ConfigurationError: there is one.
        """
        for agent in self.agents if self.explicit else ():
            if agent.card.reference not in self._fitting:
                does = ", ".join(sorted(agent.card.declares))
                raise ConfigurationError(
                    f"the agent {agent.card.reference} declares {does}, which fits no selected "
                    "suite; name another by --agent, or select a suite that it fits"
                )

    def start(
        self,
        case_ids: Sequence[str],
        progress: Progress = silent,
        selected: Sequence[str] | None = None,
        tried: Sequence[str] = (),
    ) -> None:
        """Check and open what the cases need, then start them all, less those of a resumed run.

        `selected` are the ids of the cases of all shards, where these are one shard's; `tried` what
        else is tried on which agents, by id.

        Raises:
            ConfigurationError: something is missing or wrong; nothing was started.
            InfrastructureError: something does not start; nothing is left running.
        """
        self._log = Log(self.settings.log_json, self.settings.secrets())
        self._loop = Loop()
        try:
            self._run = run = taken_up(self.resume, self.places.reports)
            cases = {case_id: self._known[case_id] for case_id in case_ids}
            varied = self.robustness.begin(tried, self._ask) if tried else {}
            cases |= varied
            wanted = [case for case_id, case in cases.items() if case_id not in run.finished]
            needed = self._loop.run(self._resources.check(wanted, self.settings, self.specs))
            facts = self._facts([*(case_ids if selected is None else selected), *varied])
            self._store = store = run.begin(case_ids, {**facts, **self._resources.facts()})
            self._loop.run(
                self._resources.open(
                    wanted, self.settings, needed, self.places.root, run.logs(), progress
                )
            )
            run.record({**facts, **self._resources.facts()})
            store.point_latest()
        except BaseException:
            self.close()
            raise
        parts = Parts(
            agents={agent.card.reference: agent for agent in self.agents},
            model=self._resources.model,
            browser=self._resources.browser,
            sites=self._resources.sites,
            store=store,
            limits=Limits(
                case=self.settings.case_timeout,
                own=self.settings.agent_timeout,
                page=self.settings.site_timeout,
            ),
            pipeline=self._resources.pipeline,
            listener=listener(self._worldviews(wanted), self._resources.pipeline.panel),
            trace=self.settings.browser_trace,
        )
        named = list(self._named(wanted))
        self._schedule = Schedule(
            self._loop,
            lambda case, queued: live(case, parts, queued),
            refused,
            self.settings.concurrency,
            keep=lambda outcome: keep(outcome, store),
            ended=run.finished.values(),
            # No limit can be kept on a loop that an agent blocks: the lowest ends the run instead.
            patience=CANCEL_SECONDS
            + min(parts.limits.own, parts.limits.case, self.settings.time_budget or math.inf),
        )
        reading.prepare()
        # What was imported and collected until now lives as long as the run. To look through it
        # for garbage takes a sixth of a second, in which no case would move on.
        gc.freeze()
        model = self._resources.model.name if self._resources.model else None
        log.info("run started", extra={"run": store.id, "cases": len(named), "model": model})
        self._schedule.start(named, self.settings.time_budget)

    def _named(self, cases: Iterable[Asked]) -> Iterator[Asked]:
        """Yield cases with the name of the model that is served."""
        name = self._resources.model.name if self._resources.model else None
        for case in cases:
            yield case.model_copy(update={"model": name if case.agent.uses_model else None})

    def _ask(self, cases: Iterable[VariedCase]) -> None:
        """Have further cases run, which come of what was found."""
        self.schedule.add(self._named(cases))

    @property
    def perspectives(self) -> dict[str, list[str]]:
        """By suite of open questions, the ids of the perspectives that are counted."""
        return {
            suite: [perspective.id for perspective in worldview.perspectives]
            for suite, worldview in self.library.worldviews.items()
        }

    def _worldviews(self, wanted: Sequence[AnyCase]) -> dict[str, Worldview]:
        """Return what the open questions of these cases are heard by; mostly there are none."""
        asked = {case.request.suite for case in wanted if isinstance(case, OpenCase)}
        return {suite: self.library.worldviews[suite] for suite in asked}

    def _facts(self, selected: Sequence[str]) -> dict[str, object]:
        secret = {"model_api_key", "judge_api_key"}
        settings = self.settings.model_dump(mode="json", exclude=secret)
        norms = self.library.norms.values()
        return {
            **provenance.facts(self.places.root, self.places.suites),
            "pipeline": self._resources.pipeline.fingerprint(norms),
            "settings": settings,
            "options": self.options,
            "agents": [
                {**agent.card.model_dump(mode="json"), "declares": sorted(agent.card.declares)}
                for agent in self.agents
            ],
            "agent_files": {agent.card.reference: agent.digest for agent in self.agents},
            "selected": [*selected],
            "perspectives": self.perspectives,
        }

    @property
    def schedule(self) -> Schedule:
        """The schedule, once the session has started."""
        if self._schedule is None:
            raise ConfigurationError("the session has not started")
        return self._schedule

    @property
    def store(self) -> Store:
        """The run's folder, once the session has started."""
        if self._store is None:
            raise ConfigurationError("the session has not started")
        return self._store

    @property
    def started(self) -> bool:
        """Whether cases were started."""
        return self._schedule is not None

    def cancel(self) -> list[str]:
        """Cancel what still runs; return what to say of cases that did not clear up."""
        if self._schedule is None or self.hurried:
            return []
        self._schedule.cancel()
        try:
            left = self._schedule.cleared()
        except InfrastructureError as error:
            return [f"the cases were not cleared up: {error}"]
        return [
            f"{case_id} did not clear up behind itself within {CANCEL_SECONDS:g} s"
            for case_id in left
        ]

    def close(self) -> list[str]:
        """Stop what was started, and return what to say of that; a second call does nothing."""
        loop, self._loop = self._loop, None
        if loop is None or self.hurried:
            return []
        try:
            loop.run(self._resources.close(), CLOSE_SECONDS)
        except TimeoutError:
            if (place := loop.blocked(math.inf)) is not None:
                return [f"the run's parts were not stopped: the event loop is blocked at {place}"]
            return [f"the run's parts did not stop within {CLOSE_SECONDS:g} s"]
        finally:
            if not self.hurried:
                loop.close()
            if self._run is not None:
                self._run.close()
            log.info("run ended", extra={"finished": len(self.finished())})
            if self._log is not None:
                self._log.close()
        return []

    def notes(self) -> list[str]:
        """Return what a reader of the run should know beside its outcomes."""
        trouble = self._log.trouble if self._log else None
        notes = [*self._resources.notes(), *([trouble] if trouble else [])]
        return [*(self._run.notes() if self._run else ()), *notes]

    def hurry(self) -> None:
        """Have clean-up skipped: what was started ends with this process, by its leash."""
        self.hurried = True

    def finished(self) -> list[AnyOutcome]:
        """Return the outcomes that there are; of a resumed run all, of whichever part."""
        found = dict(self._run.outcomes) if self._run else {}
        for outcome in self._schedule.finished() if self._schedule else ():
            found[outcome.case.id] = outcome
        return list(found.values())
