"""The one run of a pytest session: started, waited for, counted, closed and summed up."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comity import gating
from comity.errors import ComityError, InfrastructureError
from comity.interrupts import Interrupts
from comity.judges import calibration
from comity.judges.calibration import Calibration
from comity.marks import Selected
from comity.reporting import gate, markdown_summary, robustness, terminal
from comity.reporting.live import LiveLine, Starting
from comity.reporting.markdown_summary import Told
from comity.reporting.summary import summary
from comity.run.session import Session
from comity.run.store import SUMMARY_FILE
from comity.schema import AnyOutcome, Status
from comity.statistics.decision import Decision

if TYPE_CHECKING:
    from comity.run.results import Result

NOTHING_DECIDED = gate.EXIT_CODES["INCONCLUSIVE"]
"""The exit code of a run that cannot decide: something errored, or nothing was judged."""

# How often the live line is drawn anew, in seconds.
REFRESH_SECONDS = 0.5


class Running:
    """The cases of a pytest session, under way; a plugin of the process that runs them."""

    def __init__(
        self,
        config: pytest.Config,
        session: Session,
        selected: Selected,
    ) -> None:
        self.config = config
        self.session = session
        self._selected = selected
        self._gating = gating.of(config)
        self.problems: list[str] = []
        self.failed = self.errored = 0
        self._seen = 0
        """How many failed reports there were."""
        self._calibration: Calibration | None = None
        self._interrupts = Interrupts(session.hurry)

    @classmethod
    def start(
        cls,
        config: pytest.Config,
        session: Session,
        selected: Selected,
    ) -> "Running":
        """Check and open what the cases of the selected tests need, then start them all.

        Raises:
            pytest.UsageError: something is missing, or does not start.
        """
        running = cls(config, session, selected)
        config.add_cleanup(running._interrupts.restore)
        try:
            with running._interrupts.cuttable():
                session.start(
                    selected.cases, Starting(config), selected.of_all_shards, selected.tried
                )
        except ComityError as error:
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(running, "comity-running")
        return running

    def outcome(self, case_id: str) -> AnyOutcome:
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

    def result(self, tried_id: str) -> "Result":
        """Wait for what came of a relation tried on an agent.

        Raises:
            InfrastructureError: a case was cancelled, or its outcome cannot be kept.
        """
        return self.session.robustness.result(tried_id, self.outcome)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count failures apart from errors: their exit codes differ."""
        if not report.failed:
            return
        self._seen += 1
        if self._gating is not None and report.nodeid in self._selected.tests:
            self._gating.note(report, self._selected.tests[report.nodeid])
        elif self._gating is not None and (
            report.nodeid in self._selected.pooled or report.nodeid in self._selected.varied
        ):
            return  # the gate decides over cultural tests, and is about norms
        elif report.when in ("setup", "teardown"):
            self.errored += 1
        else:
            self.failed += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Cancel what still runs, write the summary, close everything, set the exit code."""
        self._clear_up(self.session.cancel)
        outcomes = self.session.finished()
        try:
            self._calibration = calibration.kept(self.session.store.facts["pipeline"])
        except InfrastructureError as error:
            self.problems.append(f"whether the judges were calibrated is not known: {error}")
        decision = self._decide(outcomes)
        self._sum_up(outcomes)
        self._clear_up(self.session.close)
        # What failed without a test's report: a file that could not be collected, the coverage.
        self.failed += max(0, session.testsfailed - self._seen)
        ended = [pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED]
        if not self._selected.here:
            ended.append(pytest.ExitCode.NO_TESTS_COLLECTED)  # all are left to other shards
        if session.exitstatus in ended:
            session.exitstatus = self._exit_code(outcomes, decision)

    def _exit_code(self, outcomes: Sequence[AnyOutcome], decision: Decision | None) -> int:
        """Return the exit code of a session that nothing has cut short."""
        if self.failed:
            return pytest.ExitCode.TESTS_FAILED
        if decision is not None:
            code = gate.EXIT_CODES[decision.verdict]
        elif not self._selected.here:
            code = pytest.ExitCode.OK
        else:
            judged = any(outcome.status is Status.JUDGED for outcome in outcomes)
            code = pytest.ExitCode.OK if judged else NOTHING_DECIDED
        return NOTHING_DECIDED if self.errored and code == pytest.ExitCode.OK else code

    def _decide(self, outcomes: Sequence[AnyOutcome]) -> Decision | None:
        """Ask the gate, where there is one."""
        if self._gating is None:
            return None
        if strays := self._gating.strays(outcomes):
            self.problems.append(f"{strays} cultural tests errored by themselves, not their cases")
            self.errored += strays
        store = self.session.store
        return self._gating.decide(outcomes, self._calibration, store.facts["selected"], store)

    def _sum_up(self, outcomes: Sequence[AnyOutcome]) -> None:
        """Write the summary into the run's folder, and in Markdown where the job has a page."""
        session, store = self.session, self.session.store
        verdict = self._gating.told if self._gating else None
        told = summary(store.id, outcomes, self._calibration, verdict, session.perspectives)
        try:
            if session.tries:
                store.write(robustness.FILE, robustness.content(session.robustness))
            store.write(SUMMARY_FILE, told)
            if self._gating is not None and self._gating.earlier:
                again = [one.model_dump(mode="json") for one in self._gating.earlier]
                store.write_facts({"earlier": again})
        except InfrastructureError as error:
            self.problems.append(str(error))
            self.errored += 1
        if markdown_summary.is_wanted():
            self._add_to_step(Told.model_validate(told), outcomes)

    def _add_to_step(self, told: Told, outcomes: Sequence[AnyOutcome]) -> None:
        """Add the run to the summary of GitHub's step; that this fails is told, and no more."""
        session = self.session
        selected = session.store.facts["selected"]
        results = session.robustness.results if session.tries else ()
        text = markdown_summary.render(
            told, outcomes, self._shown, selected, self._calibration, results
        )
        if problem := markdown_summary.add_to_step(text):
            self.problems.append(problem)

    @property
    def _shown(self) -> Path:
        """The run's folder, as people are told it."""
        folder, root = self.session.store.folder, self.session.places.root
        return folder.relative_to(root) if folder.is_relative_to(root) else folder

    def _clear_up(self, step: Callable[[], list[str]]) -> None:
        try:
            with self._interrupts.cuttable():
                self.problems += step()
        except KeyboardInterrupt:
            self.problems.append("interrupted again: nothing more was cleared up")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the rates, and what the gate says."""
        terminalreporter.section("cultural norms")
        writer = terminalreporter._tw
        text = terminal.render(
            self.session.finished(),
            self._shown,
            writer.fullwidth,
            color=writer.hasmarkup,
            verbose=self.config.option.verbose > 0,
            notes=self.session.notes(),
            calibration=self._calibration,
            perspectives=self.session.perspectives,
        )
        if self.session.tries:
            found = self.session.robustness
            text += robustness.render(
                found,
                writer.fullwidth,
                color=writer.hasmarkup,
                verbose=self.config.option.verbose > 0,
            )
        if self._gating is not None and (decision := self._gating.decision) is not None:
            text += gate.render(decision, self._gating.path, color=writer.hasmarkup)
        # Of what it cannot show, pytest escapes all that is written at once, line ends too.
        for line in text.removesuffix("\n").split("\n"):
            terminalreporter.write_line(line)
        for problem in self.problems:
            terminalreporter.write_line(problem, red=True)
