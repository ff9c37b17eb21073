"""The gate of a pytest session: read before anything starts, asked once when all is done."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from comity.errors import ComityError
from comity.judges.calibration import Calibration
from comity.marks import is_to_run
from comity.reporting import gate as reporting
from comity.reporting.gate import EXIT_CODES
from comity.reporting.terminal import TROUBLES
from comity.run import baseline
from comity.run.earlier import earlier
from comity.run.store import Store
from comity.schema import AnyOutcome
from comity.statistics import criteria
from comity.statistics.decision import Decision
from comity.statistics.gate import decide
from comity.statistics.rulings import Earlier

PLUGIN = "comity-gating"


class Gating:
    """What `--gate` asks for; a plugin of the process that runs the cases."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the gate's file, and the run that it is held against.

        Raises:
            pytest.UsageError: it describes no gate, or there is no such run.
        """
        self.config = config
        self.path = Path(config.getoption("gate"))
        self.decision: Decision | None = None
        self.earlier: list[Earlier] = []
        """The runs of the same that went before; told once the gate was asked."""
        self._errors: list[str] = []
        try:
            self.gate = criteria.load(self.path)
            named = config.getoption("baseline")
            reports = config.rootpath / Path(config.getini("comity_reports"))
            self._baseline = baseline.stored(self.gate, named, reports)
        except ComityError as error:
            raise pytest.UsageError(str(error)) from None

    @property
    def record(self) -> dict[str, Any]:
        """What a run keeps of its gate."""
        return reporting.record(self.gate, self.path)

    @property
    def baseline(self) -> str | None:
        """The id of the run that regressions are asked against."""
        return self._baseline.run if self._baseline else None

    def decide(
        self,
        outcomes: Sequence[AnyOutcome],
        calibration: Calibration | None,
        selected: Iterable[str],
        store: Store,
    ) -> Decision:
        """Return what the gate says of the outcomes of the run that `store` keeps."""
        self.earlier = earlier(store.folder, self.gate.digest())
        old = self._baseline
        self.decision = decide(
            self.gate,
            outcomes,
            calibration.correcting if calibration else None,
            reporting.today(),
            selected,
            baseline=old.against(store.id, store.facts["pipeline"]) if old else None,
            earlier=self.earlier,
        )
        return self.decision

    @property
    def told(self) -> dict[str, Any] | None:
        """What the gate says, as other programs read it; None until it was asked."""
        if self.decision is None:
            return None
        return reporting.as_content(self.decision, self.record)

    def note(self, report: pytest.TestReport, case_id: str) -> None:
        """Take note of a test over a case that failed, or errored; the gate decides over it."""
        if report.when != "call":
            self._errors.append(case_id)

    def strays(self, outcomes: Iterable[AnyOutcome]) -> int:
        """Return how many tests errored by themselves, and not by their case, which gates count."""
        sound = {outcome.case.id for outcome in outcomes if outcome.status not in TROUBLES}
        return sum(case_id in sound for case_id in self._errors)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let no session pass that its gate has not seen."""
        if self._was_not_asked and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = EXIT_CODES["INCONCLUSIVE"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say that the gate was not asked."""
        if self._was_not_asked:
            told = "no cultural test was run: the gate has decided nothing"
            terminalreporter.write_line(told, red=True)

    @property
    def _was_not_asked(self) -> bool:
        return self.decision is None and is_to_run(self.config)


def of(config: pytest.Config) -> Gating | None:
    """Return the gate of the session; None where it has none."""
    found: Gating | None = config.pluginmanager.get_plugin(PLUGIN)
    return found
