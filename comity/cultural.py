"""What the plugin does once a session has cultural tests: collect, start, wait, report, close."""

from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from pydantic import ValidationError

from comity.errors import ComityError, ConfigurationError, InfrastructureError
from comity.marks import MARK, OUTCOME
from comity.reporting import allure, terminal
from comity.reporting.live import LiveLine, Starting
from comity.reporting.summary import summary
from comity.run.session import Places, Session
from comity.run.settings import Settings
from comity.run.store import SUMMARY_FILE
from comity.schema import Case, Mode, Outcome, Status

NOTHING_DECIDED = 6
"""The exit code of a run that cannot decide: something errored, or nothing was judged."""

# How often the live line is drawn anew, in seconds.
REFRESH_SECONDS = 0.5


class Cultural:
    """The cultural tests of one pytest session; registered as a plugin when there are any."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.problems: list[str] = []
        self.failed = self.errored = 0
        self.session: Session | None = None
        self.allure = allure.Results(config)
        try:
            self.session = _session(config)
        except ComityError as error:
            self.problems.append(str(error))

    def cases(self, suite: str, modes: Iterable[Mode]) -> list[Case]:
        """Return the cases of a suite; what is wrong is kept, and told when collection ends."""
        if self.session is None:
            return []
        try:
            return self.session.cases(suite, modes)
        except ComityError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            return []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """End here where suites, options or agents are wrong; drop tests that have no case."""
        try:
            if self.session is not None and not self.problems:
                self.session.check_agents()
        except ComityError as error:
            self.problems.append(str(error))
        if self.problems:
            raise pytest.UsageError("\n".join(self.problems))
        kept: list[pytest.Item] = []
        empty: list[pytest.Item] = []
        for item in items:
            has_case = _case_id(item) or not item.get_closest_marker(MARK)
            (kept if has_case else empty).append(item)
        if empty:
            items[:] = kept
            self.config.hook.pytest_deselected(items=empty)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Check and open what the selected cases need, then start them all."""
        found = (_case_id(item) for item in session.items)
        case_ids = list(dict.fromkeys(case_id for case_id in found if case_id is not None))
        if self.session is None or not case_ids or self.config.option.collectonly:
            return
        if hasattr(self.config, "workerinput"):
            # Every worker of pytest-xdist collects all items, and would run all their cases.
            return
        try:
            self.session.start(case_ids, Starting(self.config))
        except ComityError as error:
            raise pytest.UsageError(str(error)) from None

    def outcome(self, case_id: str) -> Outcome:
        """Wait for a case's outcome, with a live line where somebody is looking.

        Raises:
            InfrastructureError: the case was cancelled, or its outcome cannot be kept.
        """
        if self.session is None or not self.session.started:
            raise InfrastructureError(
                "cultural tests run in one process, where their cases already run at once "
                "(--concurrency); leave out -n"
            )
        schedule = self.session.schedule
        found = schedule.outcome(case_id, 0.0)
        if found is not None:
            return found
        with LiveLine(self.config) as line:
            while found is None:
                line.show(terminal.progress_line(schedule.progress()))
                found = schedule.outcome(case_id, REFRESH_SECONDS)
        return found

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Hand the case's evidence to Allure, from the test's own thread."""
        found = item.stash.get(OUTCOME, None)
        if found is not None and self.session is not None:
            self.allure.add(found, self.session.store)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count failures apart from errors: their exit codes differ."""
        if report.failed:
            if report.when == "call":
                self.failed += 1
            else:
                self.errored += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Cancel what still runs, close everything, write the summary, set the exit code."""
        if self.session is None or not self.session.started:
            return
        self.session.close()
        outcomes = self.session.finished()
        store = self.session.store
        try:
            store.write(SUMMARY_FILE, summary(store.id, outcomes))
        except InfrastructureError as error:
            self.problems.append(str(error))
            self.errored += 1
        if session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        if self.failed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif self.errored or not any(outcome.status is Status.JUDGED for outcome in outcomes):
            session.exitstatus = NOTHING_DECIDED
        else:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the rates."""
        if self.session is None or not self.session.started:
            return
        terminalreporter.section("cultural norms")
        folder = self.session.store.folder
        root = self.session.places.root
        shown = folder.relative_to(root) if folder.is_relative_to(root) else folder
        writer = terminalreporter._tw
        text = terminal.render(
            self.session.finished(), shown, writer.fullwidth, color=writer.hasmarkup
        )
        terminalreporter.write(text)
        for problem in self.problems:
            terminalreporter.write_line(problem, red=True)


def _session(config: pytest.Config) -> Session:
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
        detail = error.errors(include_url=False)[0]
        option = str(detail["loc"][0]).replace("_", "-")
        raise ConfigurationError(f"--{option}: {detail['msg']}, not {detail['input']!r}") from None
    root = config.rootpath
    named = config.getoption("agent")
    cultures = config.getoption("cultures") or ""
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
        },
    )


def _case_id(item: pytest.Item) -> str | None:
    """Return the id of the case that a test is over; None for any other test."""
    callspec = getattr(item, "callspec", None)
    if callspec is None or item.get_closest_marker(MARK) is None:
        return None
    case_id = callspec.params.get("outcome")
    return case_id if isinstance(case_id, str) else None
