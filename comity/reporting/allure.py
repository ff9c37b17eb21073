"""Allure: each test's result carries its case's evidence, labels and true times.

Attachments are made in the test's own thread: `allure.attach` files them under the test that runs.
They are written once for a case; its other tests have links to them. A link each, since of several
results that name one file, Allure 3 shows it in the first alone.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from comity.run.store import Store
from comity.schema import Finding, Outcome

LISTENER = "allure_listener"

_FINDINGS = TypeAdapter(tuple[Finding, ...])
_SEVERITIES = {"critical": "critical", "serious": "normal", "minor": "minor"}


class Results:
    """The Allure results of one pytest run; nothing where it writes none."""

    def __init__(self, config: pytest.Config) -> None:
        self._listener = config.pluginmanager.get_plugin(LISTENER)
        self._folder = Path(config.getoption("allure_report_dir", None) or "")
        self._attachments: dict[str, list[Any]] = {}
        """By case, what its first test has attached."""

    def add(self, outcome: Outcome, store: Store) -> None:
        """Label the running test, give it its case's evidence and times; the case ran ahead."""
        result = self._listener and self._listener.allure_logger.get_test(None)
        if result is None:
            return
        _label(result, outcome)
        case_id = outcome.case.id
        if case_id in self._attachments:
            result.attachments.extend(map(self._linked, self._attachments[case_id]))
        else:
            had = len(result.attachments)
            _attach(outcome, store)
            self._attachments[case_id] = result.attachments[had:]
        result.start = round(outcome.timing.started * 1000)
        result.stop = round(outcome.timing.stopped * 1000)

    def _linked(self, first: Any) -> Any:
        """Return an attachment of the same content as `first`, in a file of its own."""
        from allure_commons.model2 import Attachment
        from allure_commons.utils import uuid4

        source = f"{uuid4()}-{first.source.rpartition('-')[2]}"
        try:
            os.link(self._folder / first.source, self._folder / source)
        except OSError:  # not every file system has links
            shutil.copyfile(self._folder / first.source, self._folder / source)
        return Attachment(name=first.name, source=source, type=first.type)


def _label(result: Any, outcome: Outcome) -> None:
    """Label a result directly: `allure.dynamic` finds the same result anew for each label."""
    from allure_commons.model2 import Label, Parameter
    from allure_commons.types import LabelType
    from allure_commons.utils import represent

    case, norm = outcome.case, outcome.case.request.norm
    request = case.request
    result.labels.extend(
        Label(name=name, value=value)
        for name, value in (
            (LabelType.PARENT_SUITE, request.suite),
            (LabelType.SUITE, norm.culture),
            (LabelType.SUB_SUITE, request.scenario.id),
            (LabelType.SEVERITY, _SEVERITIES[norm.severity]),
            ("culture", norm.culture),
            ("domain", norm.domain),
            ("mode", request.mode.value),
            ("norm_severity", norm.severity),
            ("agent", case.agent.reference),
            ("status", outcome.status.value),
            *([("oracle", "yes")] if case.agent.oracle else []),
        )
    )
    model = represent(case.model or "none")
    result.parameters.append(Parameter(name="model", value=model, excluded=True))


def _attach(outcome: Outcome, store: Store) -> None:
    """Attach the case's evidence to the running test."""
    import allure

    json = allure.attachment_type.JSON
    allure.attach(outcome.story(), "story", allure.attachment_type.TEXT)
    allure.attach(outcome.transcript.model_dump_json(indent=1), "transcript", json)
    if outcome.end_state is not None:
        allure.attach(outcome.end_state.model_dump_json(indent=1), "end state", json)
    allure.attach(_FINDINGS.dump_json(outcome.findings, indent=1), "findings", json)
    screenshot = outcome.attachments.get("screenshot")
    if screenshot is not None and (store.folder / screenshot).is_file():
        allure.attach.file(store.folder / screenshot, "last page", allure.attachment_type.PNG)
