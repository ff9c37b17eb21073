"""The one run of a pytest session: started, waited for, counted, closed and summed up."""

from collections.abc import Callable, Sequence

import pytest

from comity.errors import ComityError, InfrastructureError
from comity.interrupts import Interrupts
from comity.judges import calibration
from comity.judges.calibration import Calibration
from comity.reporting import terminal
from comity.reporting.live import LiveLine, Starting
from comity.reporting.summary import summary
from comity.run.session import Session
from comity.run.store import SUMMARY_FILE
from comity.schema import Outcome, Status

NOTHING_DECIDED = 6
"""The exit code of a run that cannot decide: something errored, or nothing was judged."""

# How often the live line is drawn anew, in seconds.
REFRESH_SECONDS = 0.5


class Running:
    """The cases of a pytest session, under way; a plugin of the process that runs them."""

    def __init__(self, config: pytest.Config, session: Session) -> None:
        self.config = config
        self.session = session
        self.problems: list[str] = []
        self.failed = self.errored = 0
        self._calibration: Calibration | None = None
        self._interrupts = Interrupts(session.hurry)

    @classmethod
    def start(cls, config: pytest.Config, session: Session, case_ids: Sequence[str]) -> "Running":
        """Check and open what the cases need, then start them all.

        Raises:
            pytest.UsageError: something is missing, or does not start.
        """
        running = cls(config, session)
        config.add_cleanup(running._interrupts.restore)
        try:
            with running._interrupts.cuttable():
                session.start(case_ids, Starting(config))
        except ComityError as error:
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(running, "comity-running")
        return running

    def outcome(self, case_id: str) -> Outcome:
        """Wait for a case's outcome, with a live line where somebody is looking.

        Raises:
            InfrastructureError: the case was cancelled, or its outcome cannot be kept.
        """
        schedule = self.session.schedule
        found = schedule.outcome(case_id, 0.0)
        if found is not None:
            return found
        with LiveLine(self.config) as line:
            while found is None:
                line.show(terminal.progress_line(schedule.progress()))
                found = schedule.outcome(case_id, REFRESH_SECONDS)
        return found

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count failures apart from errors: their exit codes differ."""
        if report.failed:
            if report.when in ("setup", "teardown"):
                self.errored += 1
            else:
                self.failed += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Cancel what still runs, write the summary, close everything, set the exit code."""
        self._clear_up(self.session.cancel)
        outcomes = self.session.finished()
        store = self.session.store
        try:
            self._calibration = calibration.kept(store.facts["pipeline"])
        except InfrastructureError as error:
            self.problems.append(f"whether the judges were calibrated is not known: {error}")
        try:
            store.write(SUMMARY_FILE, summary(store.id, outcomes, self._calibration))
        except InfrastructureError as error:
            self.problems.append(str(error))
            self.errored += 1
        self._clear_up(self.session.close)
        if session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        if self.failed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif self.errored or not any(outcome.status is Status.JUDGED for outcome in outcomes):
            session.exitstatus = NOTHING_DECIDED
        else:
            session.exitstatus = pytest.ExitCode.OK

    def _clear_up(self, step: Callable[[], list[str]]) -> None:
        try:
            with self._interrupts.cuttable():
                self.problems += step()
        except KeyboardInterrupt:
            self.problems.append("interrupted again: nothing more was cleared up")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the rates."""
        terminalreporter.section("cultural norms")
        folder = self.session.store.folder
        root = self.session.places.root
        shown = folder.relative_to(root) if folder.is_relative_to(root) else folder
        writer = terminalreporter._tw
        text = terminal.render(
            self.session.finished(),
            shown,
            writer.fullwidth,
            color=writer.hasmarkup,
            verbose=self.config.option.verbose > 0,
            notes=self.session.notes(),
            calibration=self._calibration,
        )
        terminalreporter.write(text)
        for problem in self.problems:
            terminalreporter.write_line(problem, red=True)
