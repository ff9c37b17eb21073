"""The controller: it starts the cases that its workers have collected, once, and serves them.

Nothing of the engine is imported until a worker has found a cultural test.
"""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from comity.distributed.channel import ADDRESS, Answer, Collected, Server, Tried, Wanted
from comity.errors import ComityError
from comity.marks import Selected
from comity.schema import Mode

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler.protocol import Scheduling
    from xdist.workermanage import WorkerController

    from comity.reporting.live import Ticking
    from comity.running import Running

_QUESTION: TypeAdapter[Collected | Wanted | Tried] = TypeAdapter(Collected | Wanted | Tried)


class Controller:
    """What pytest-xdist's controller does beyond its own work; a plugin of its process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._collected = Collected(selected=Selected(), problems=())
        self._tests: dict[str, str] = {}
        self._running: Running | None = None
        self._line: Ticking | None = None
        self._session: pytest.Session | None = None
        self._server = Server(self._answer)
        config.add_cleanup(self._server.close)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Know the session, which says when the run is to stop."""
        self._session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: "WorkerController") -> None:
        """Tell a worker of this machine where its questions are answered."""
        if node.gateway.spec.popen:
            node.workerinput[ADDRESS] = self._server.address

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(
        self, config: pytest.Config, log: "Producer"
    ) -> "Scheduling | None":
        """Keep tests over one case together; other projects are left to xdist."""
        if config.getvalue("dist") != "load" or not self._has_suites():
            return None
        from comity.distributed.scheduling import CaseScheduling

        return CaseScheduling(config, log, self._tests)

    def _has_suites(self) -> bool:
        return (self.config.rootpath / Path(self.config.getini("comity_suites"))).is_dir()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Start the cases when the first worker has collected; end here if something is wrong."""
        if self._collected.problems:
            raise pytest.UsageError("\n".join(self._collected.problems))
        if self._running is None and self._collected.selected.anything:
            self._start()

    def _start(self) -> None:
        from comity.cultural import session_of
        from comity.reporting.live import Ticking
        from comity.reporting.terminal import progress_line
        from comity.running import REFRESH_SECONDS, Running

        selected = self._collected.selected.model_copy(update={"tests": dict(self._tests)})
        try:
            session = session_of(self.config)
            suites = session.library.suites
            known = {case.id for suite in suites for case in session.cases(suite, Mode)}
            if selected.varied:
                known |= {tried for suite in suites for tried in session.tried(suite)}
        except ComityError as error:
            raise pytest.UsageError(str(error)) from None
        over = (*selected.of_all_shards, *selected.tried)
        if missing := [case_id for case_id in over if case_id not in known]:
            raise pytest.UsageError(
                f"there is no case {missing[0]}; the suites were changed during collection"
            )
        self._running = Running.start(self.config, session, selected)
        self._line = Ticking(
            self.config, lambda: progress_line(session.schedule.progress()), REFRESH_SECONDS
        )

    def _answer(self, question: bytes) -> bytes:
        """Answer a worker, on a thread of its own."""
        asked = _QUESTION.validate_json(question)
        if isinstance(asked, Collected):
            self._collected = asked
            self._tests.update(asked.selected.tests)
            answer = Answer()
        elif isinstance(asked, Tried):
            answer = self._result(asked.tried_id)
        else:
            answer = self._outcome(asked.case_id)
        return answer.model_dump_json().encode()

    def _outcome(self, case_id: str) -> Answer:
        if self._running is None:
            return Answer(error="the case was not started")
        session = self._running.session
        try:
            found = session.schedule.outcome(case_id)
            return Answer(outcome=found, folder=str(session.store.folder))
        except ComityError as error:
            return Answer(error=str(error))

    def _result(self, tried_id: str) -> Answer:
        if self._running is None:
            return Answer(error="the case was not started")
        session = self._running.session
        try:
            return Answer(result=session.robustness.result(tried_id, session.schedule.ended))
        except ComityError as error:
            return Answer(error=str(error))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, object, object]:
        """Have the line out of the way; once the run is to stop, cancel what is under way."""
        if self._line is None:
            return (yield)
        with self._line.away():
            result = yield
        assert self._session is not None
        if self._running is not None and (self._session.shouldfail or self._session.shouldstop):
            self._running.session.schedule.cancel()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Generator[None, object, object]:
        """Have the line out of the way."""
        if self._line is None:
            return (yield)
        with self._line.away():
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Take the line away."""
        if self._line is not None:
            self._line.end()
