"""Which worker runs which tests: the tests over one case together, all others one by one."""

from collections.abc import Mapping

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController


class CaseScheduling(LoadScopeScheduling):
    """xdist's `load`, except that tests over one case are not torn apart."""

    def __init__(self, config: pytest.Config, log: Producer, tests: Mapping[str, str]) -> None:
        super().__init__(config, log)
        # Cases start in the order of their tests, which therefore must not be changed.
        config.option.loadscopereorder = False
        self._tests = tests

    def _split_scope(self, nodeid: str) -> str:
        return self._tests.get(nodeid, nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        # One that replaces a crashed worker may still be collecting; its turn comes after that.
        if node in self.registered_collections:
            super()._reschedule(node)

    def remove_node(self, node: WorkerController) -> str | None:
        """Remove a worker; return the test under which it crashed, which is not run again."""
        for tests in self.assigned_work[node].values():
            for nodeid, completed in tests.items():
                if not completed:
                    tests[nodeid] = True
                    super().remove_node(node)
                    return nodeid
        return super().remove_node(node)
