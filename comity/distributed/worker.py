"""A worker: it collects the cultural tests and runs them; their cases run in the controller."""

from pathlib import Path

import pytest

from comity.cultural import Cultural
from comity.distributed.channel import ADDRESS, Answer, Collected, Tried, Wanted, ask
from comity.errors import InfrastructureError
from comity.marks import Selected
from comity.run.results import Result
from comity.schema import AnyOutcome, Word


class Worker(Cultural):
    """The cultural tests of a worker of pytest-xdist."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._folder = Path()

    def refuse(self) -> None:
        """Leave it to the controller to end the run, once for all workers."""

    def _ends_here(self, session: pytest.Session) -> bool:
        """Leave it to the controller, which goes on with what could be collected."""
        return False

    def begin(self, selected: Selected) -> None:
        """Tell the controller what was selected, and what is wrong."""
        self._ask(Collected(selected=selected, problems=tuple(self.problems)))

    def outcome(self, case_id: str) -> AnyOutcome:
        """Wait for a case's outcome.

        Raises:
            InfrastructureError: the case was cancelled, its outcome cannot be kept, or the
                controller is gone.
        """
        answer = self._ask(Wanted(case_id=case_id))
        if answer.outcome is None:
            raise InfrastructureError(answer.error)
        self._folder = Path(answer.folder)
        return answer.outcome

    def result(self, tried_id: str) -> Result:
        """Wait for what came of a relation tried on an agent.

        Raises:
            InfrastructureError: as `outcome` does.
        """
        answer = self._ask(Tried(tried_id=tried_id))
        if answer.result is None:
            raise InfrastructureError(answer.error)
        return answer.result

    @property
    def folder(self) -> Path:
        """The run's folder, once a case of it has ended."""
        return self._folder

    def _ask(self, question: Word) -> Answer:
        address = self.config.workerinput.get(ADDRESS)  # type: ignore[attr-defined]
        if address is None:
            raise InfrastructureError(
                "the cases run where pytest was started, and this worker runs elsewhere; "
                "have workers of the same machine, by -n"
            )
        return ask(address, question)
