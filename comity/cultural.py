"""What the plugin does once a session has cultural tests: collect, run, hand out outcomes."""

from collections.abc import Generator, Iterable
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.skipping import evaluate_skip_marks, evaluate_xfail_marks
from pydantic import ValidationError

from comity import gating, reruns
from comity.errors import ComityError, ConfigurationError
from comity.marks import CASE, MARK, POOLED, VARIED, Selected, is_to_run
from comity.reporting import allure, junit
from comity.run.session import Places, Session
from comity.run.settings import Settings, told
from comity.running import Running
from comity.schema import AnyCase, AnyOutcome, Mode
from comity.statistics.voices import PooledVoices, answered

if TYPE_CHECKING:
    from comity.run.results import Result


class Cultural:
    """The cultural tests of one pytest session; registered as a plugin when there are any.

    This one runs their cases itself. A worker of pytest-xdist has another, which asks for them.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.problems: list[str] = []
        self.session: Session | None = None
        self._running: Running | None = None
        self._selected: list[str] = []
        """The ids of the cases that tests are selected over."""
        self._of_all_shards: list[str] = []
        """The same, and those of the cases that are left to other shards."""
        self.handed_out: dict[str, AnyOutcome] = {}
        """What tests have been given, by case."""
        self.allure = allure.Results(config)
        self._tells_junit = junit.is_asked_for(config)
        try:
            self.session = session_of(config)
        except ComityError as error:
            self.problems.append(str(error))

    def cases(self, suite: str, modes: Iterable[Mode]) -> list[AnyCase]:
        """Return the cases of a suite; what is wrong is kept, and told when collection ends."""
        if self.session is None:
            return []
        try:
            return self.session.cases(suite, modes)
        except ComityError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            return []

    def tried(self, suite: str) -> list[str]:
        """Return what a suite that varies others tries, by id; as `cases` does."""
        if self.session is None:
            return []
        try:
            return self.session.tried(suite)
        except ComityError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            return []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Drop tests without a case; once all others have selected, put the rest in order."""
        self._drop_empty(items)
        result = yield
        items[:] = _together(items)
        self._of_all_shards = list(_cases(filter(_runs, items)))
        if is_to_run(self.config):
            self._refuse_forks(items)
        if self.session is not None and self.session.settings.shard is not None:
            self._leave_to_other_shards(items, self.session)
        return result

    def _drop_empty(self, items: list[pytest.Item]) -> None:
        """Find what is wrong with the agents; drop tests that have no case."""
        try:
            if self.session is not None and not self.problems:
                self.session.check_agents()
        except ComityError as error:
            self.problems.append(str(error))
        if self.problems:
            self.refuse()
            return
        kept: list[pytest.Item] = []
        empty: list[pytest.Item] = []
        for item in items:
            # A doctest of a module that is marked is none of ours, and has no parameters at all.
            is_ours = hasattr(item, "callspec") and any(
                map(item.get_closest_marker, (MARK, VARIED))
            )
            (empty if is_ours and not _over(item) else kept).append(item)
        items[:] = kept
        self._deselect(empty)

    def _refuse_forks(self, items: list[pytest.Item]) -> None:
        """End here if a cultural test would run where no case does."""
        cultural = [item for item in items if _over(item) or _is_over_all(item)]
        if cultural and (forking := reruns.forking(self.config, cultural)):
            self.problems.append(forking)
            self.refuse()

    def _leave_to_other_shards(self, items: list[pytest.Item], session: Session) -> None:
        """Drop the tests over other shards' cases, and those over the cases of all shards."""
        ours = set(session.of_shard(list(_cases(items))))
        kept: list[pytest.Item] = []
        others: list[pytest.Item] = []
        for item in items:
            case_id = _case_id(item)
            is_ours = case_id in ours if case_id else not _is_over_all(item)
            (kept if is_ours else others).append(item)
        items[:] = kept
        self._deselect(others)

    def _deselect(self, items: list[pytest.Item]) -> None:
        if items:
            self.config.hook.pytest_deselected(items=items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Have the cases of the selected tests run, unless something would hide their failures."""
        if not is_to_run(self.config) or self._ends_here(session):
            return
        items = list(filter(_runs, session.items))
        tests = {item: case_id for item in items if (case_id := _case_id(item)) is not None}
        for item, case_id in tests.items():
            item.stash[CASE] = case_id
        self._selected = list(_cases(items))
        if tests and (hiding := reruns.hiding(self.config, tests)):
            self.problems.append(hiding)
            self.refuse()
        self.begin(
            Selected(
                tests={item.nodeid: one for item, one in tests.items()},
                varied={item.nodeid: one for item in items if (one := _tried_id(item)) is not None},
                pooled=tuple(item.nodeid for item in items if item.get_closest_marker(POOLED)),
                of_all_shards=tuple(self._of_all_shards),
            )
        )

    def _ends_here(self, session: pytest.Session) -> bool:
        """Return whether pytest runs no test, since some file could not be collected."""
        return bool(session.testsfailed) and not self.config.option.continue_on_collection_errors

    def refuse(self) -> None:
        """End here: suites, options or agents are wrong.

        Raises:
            pytest.UsageError: always.
        """
        raise pytest.UsageError("\n".join(self.problems))

    def begin(self, selected: Selected) -> None:
        """Start the cases of the selected tests.

        Where all cases are left to other shards there is a run without any.

        Raises:
            pytest.UsageError: something is missing, or does not start.
        """
        if self.problems:
            return  # pytest ends its collection in this way also where that was refused
        if self.session is not None and selected.anything:
            self._running = Running.start(self.config, self.session, selected)

    def outcome(self, case_id: str) -> AnyOutcome:
        """Wait for a case's outcome.

        Raises:
            InfrastructureError: the case was cancelled, or its outcome cannot be kept.
        """
        assert self._running is not None  # a test that runs was selected
        return self._running.outcome(case_id)

    def hand_out(self, case_id: str) -> AnyOutcome:
        """Wait for a case's outcome, and note that the tests over it have it.

        Raises:
            InfrastructureError: as `outcome` does.
        """
        self.handed_out[case_id] = found = self.outcome(case_id)
        return found

    def voices(self, suite: str) -> PooledVoices:
        """Wait for all selected cases of a suite of open questions; return what they come to.

        Raises:
            InfrastructureError: as `outcome` does.
        """
        assert self.session is not None
        ended = [self.outcome(case_id) for case_id in self.session.of_suite(suite, self._selected)]
        return PooledVoices(self.session.perspectives.get(suite, []), answered(ended))

    def result(self, tried_id: str) -> "Result":
        """Wait for what came of a relation tried on an agent.

        Raises:
            InfrastructureError: as `outcome` does.
        """
        assert self._running is not None  # a test that runs was selected
        return self._running.result(tried_id)

    @property
    def folder(self) -> Path:
        """The run's folder, once a case of it has ended."""
        assert self.session is not None
        return self.session.store.folder

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Hand the case's evidence to Allure and its facts to JUnit, from the test's own thread."""
        found = self.handed_out.get(item.stash.get(CASE, ""))
        if found is not None:
            self.allure.add(found, self.folder)
            if self._tells_junit:
                item.user_properties.extend(junit.properties(found, self.folder.name))
        return (yield)


def session_of(config: pytest.Config) -> Session:
    """Return the session that the command line, the environment and the ini file ask for.

    Raises:
        ConfigurationError: an option has no right value.
    """
    given = {
        name: value
        for name in Settings.model_fields
        if (value := getattr(config.option, name, None)) not in (None, False)
    }
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigurationError(told(error, given)) from None
    root = config.rootpath
    named = config.getoption("agent")
    cultures = config.getoption("cultures") or ""
    gate = gating.of(config)
    return Session(
        places=Places(
            root=root,
            suites=root / Path(config.getini("comity_suites")),
            sites=root / Path(config.getini("comity_sites")),
            reports=root / Path(config.getini("comity_reports")),
        ),
        settings=settings,
        references=named or config.getini("comity_agents"),
        explicit=bool(named),
        cultures=frozenset(filter(None, (word.strip() for word in cultures.split(",")))),
        options={
            "cultures": cultures,
            "keyword": config.option.keyword,
            "mark": config.option.markexpr,
            "gate": gate.record if gate else None,
            "baseline": gate.baseline if gate else None,
        },
        resume=config.getoption("resume"),
    )


def _together(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with those over one case side by side, at the place of the first.

    So a case's tests report when it ends, not when the last case has ended, and share its fixture.
    pytest orders tests by the places of their cases in each test's own list, where a case that two
    tests share may stand apart. Each file keeps its own; a test with further parameters stays where
    pytest put it, since their fixtures may be dear.
    """
    places: dict[tuple[Path, str], int] = {}
    order = [
        places.setdefault((item.path, _only_case_id(item) or item.nodeid), place)
        for place, item in enumerate(items)
    ]
    return [item for _, item in sorted(zip(order, items, strict=True), key=itemgetter(0))]


def _only_case_id(item: pytest.Item) -> str | None:
    """Return the id of the case that a test is over; None where it has further parameters."""
    callspec = getattr(item, "callspec", None)
    return _case_id(item) if callspec is not None and len(callspec.params) == 1 else None


def _cases(items: Iterable[pytest.Item]) -> dict[str, None]:
    """Return the ids of the cases that tests are over, each once, in their order."""
    return {case_id: None for item in items if (case_id := _case_id(item)) is not None}


def _over(item: pytest.Item) -> str | None:
    """Return what a test is over: a case, or what is tried on an agent; None for any other test."""
    return _case_id(item) or _tried_id(item)


def _runs(item: pytest.Item) -> bool:
    """Return whether a test is run, as far as its marks say: who waits for no case needs none."""
    if not item.config.pluginmanager.hasplugin("skipping"):
        return True
    try:
        if evaluate_skip_marks(item) is not None:
            return False
        xfail = evaluate_xfail_marks(item)
        return xfail is None or xfail.run or item.config.option.runxfail
    except pytest.fail.Exception:  # a condition that is none, as the test itself will say
        return True


def _is_over_all(item: pytest.Item) -> bool:
    """Return whether a test is over what no single shard has."""
    return any(item.get_closest_marker(mark) for mark in (POOLED, VARIED))


def _tried_id(item: pytest.Item) -> str | None:
    """Return the id of what a test says is tried on an agent; None for any other test."""
    return _parameter(item, VARIED, "relation")


def _case_id(item: pytest.Item) -> str | None:
    """Return the id of the case that a test is over; None for any other test."""
    return _parameter(item, MARK, "outcome")


def _parameter(item: pytest.Item, mark: str, fixture: str) -> str | None:
    callspec = getattr(item, "callspec", None)
    if callspec is None or item.get_closest_marker(mark) is None:
        return None
    given = callspec.params.get(fixture)
    return given if isinstance(given, str) else None
