"""Allure: each test's result carries its case's evidence, labels and true times.

The evidence of a case is written once, beside Allure's own files; its other tests have links to it.
A link each, since of several results that name one file, Allure 3 shows it in the first alone.

Results are written by a writer of our own: Allure's copies each into dictionaries, encodes them in
Python and writes them piece by piece, which took a sixth of the time of a case's tests.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from comity import disk
from comity.schema import (
    AnyCase,
    AnyOutcome,
    EndState,
    Finding,
    OpenCase,
    OpenOutcome,
    Transcript,
    Voices,
)

LISTENER = "allure_listener"

_TRANSCRIPT, _END_STATE = TypeAdapter(Transcript), TypeAdapter(EndState)
_FINDINGS = TypeAdapter(tuple[Finding, ...])
_VOICES = TypeAdapter(Voices)
_SEVERITIES = {"critical": "critical", "serious": "normal", "minor": "minor"}


class Results:
    """The Allure results of one pytest run; nothing where it writes none."""

    def __init__(self, config: pytest.Config) -> None:
        self._listener = config.pluginmanager.get_plugin(LISTENER)
        if self._listener is not None:
            write_quickly()
        self._folder = os.path.abspath(config.getoption("allure_report_dir", None) or "")
        self._attachments: dict[str, list[Any]] = {}
        """By case, what its first test has attached."""

    def add(self, outcome: AnyOutcome, folder: Path) -> None:
        """Label the running test, give it its case's evidence and times; the case ran ahead."""
        result = self._listener and self._listener.allure_logger.get_test(None)
        if result is None:
            return
        _label(result, outcome)
        case_id = outcome.case.id
        if case_id in self._attachments:
            result.attachments.extend(map(self._linked, self._attachments[case_id]))
        else:
            self._attachments[case_id] = list(self._written(outcome, folder))
            result.attachments.extend(self._attachments[case_id])
        result.start = round(outcome.timing.started * 1000)
        result.stop = round(outcome.timing.stopped * 1000)

    def _written(self, outcome: AnyOutcome, folder: Path) -> Iterator[Any]:
        """Write the case's evidence; yield what a result says of it."""
        for name, kind, mime, content in evidence(outcome, folder):
            yield self._file(name, kind, mime, content)

    def _file(self, name: str, kind: str, mime: str, content: bytes) -> Any:
        # Not by `allure.attach`, which takes five times as long to find the test that runs.
        from allure_commons.model2 import Attachment

        source = f"{uuid.uuid4()}-attachment.{kind}"
        disk.write(f"{self._folder}/{source}", content)
        return Attachment(name=name, source=source, type=mime)

    def _linked(self, first: Any) -> Any:
        """Return an attachment of the same content as `first`, in a file of its own."""
        from allure_commons.model2 import Attachment

        source = f"{uuid.uuid4()}-{first.source.rpartition('-')[2]}"
        kept, here = f"{self._folder}/{first.source}", f"{self._folder}/{source}"
        try:
            os.link(kept, here)
        except OSError:  # not every file system has links
            shutil.copyfile(kept, here)
        return Attachment(name=first.name, source=source, type=first.type)


def write_quickly() -> None:
    """Have results written by a writer of ours, in place of Allure's."""
    import allure_commons
    from allure_commons.logger import AllureFileLogger

    class Writer(AllureFileLogger):
        """Writes what Allure's own writer does, to the same places, in one piece."""

        def _report_item(self, item: Any) -> None:
            if _only_waited(item):
                return
            content = json.dumps(item, ensure_ascii=False, default=_told)
            path = f"{self._report_dir}/{item.file_pattern.format(prefix=uuid.uuid4())}"
            unfinished = f"{path}.tmp"
            disk.write(unfinished, content.encode())
            os.replace(unfinished, path)

    for plugin in allure_commons.plugin_manager.get_plugins():
        if type(plugin) is AllureFileLogger:
            # The very object, since allure-pytest takes it off again at the end.
            plugin.__class__ = Writer


def _told(item: object) -> dict[str, Any]:
    """Return what is told of one of Allure's objects, as Allure chooses it."""
    return {name: value for name, value in vars(item).items() if value or value is False}


def _only_waited(item: Any) -> bool:
    """Whether this tells of nothing but that a test waited for its case."""
    befores = getattr(item, "befores", [])
    return bool(befores) and all(
        before.name == "outcome" and before.status == "passed" for before in befores
    )


def evidence(outcome: AnyOutcome, folder: Path) -> Iterator[tuple[str, str, str, bytes]]:
    """Yield what there is to see of a case: its name, suffix, type and content each."""
    end_state = findings = voices = None
    if isinstance(outcome, OpenOutcome):
        voices = outcome.voices
    else:
        end_state, findings = outcome.end_state, outcome.findings
    yield "story", "txt", "text/plain", outcome.story().encode()
    for name, content in (
        ("transcript", _TRANSCRIPT.dump_json(outcome.transcript, indent=1)),
        ("end state", _END_STATE.dump_json(end_state, indent=1) if end_state else None),
        ("findings", None if findings is None else _FINDINGS.dump_json(findings, indent=1)),
        ("voices", _VOICES.dump_json(voices, indent=1) if voices else None),
    ):
        if content is not None:
            yield name, "json", "application/json", content
    screenshot = folder / outcome.attachments.get("screenshot", "")
    if screenshot.is_file():
        yield "last page", "png", "image/png", screenshot.read_bytes()


def labels(outcome: AnyOutcome) -> Iterator[tuple[str, str]]:
    """Yield the labels of a case: what a report's tree is made by, then its facts."""
    case = outcome.case
    yield "parentSuite", case.request.suite
    yield from _of_request(case)
    yield "agent", case.agent.reference
    yield "status", outcome.status.value
    if case.agent.oracle:
        yield "oracle", "yes"


def _label(result: Any, outcome: AnyOutcome) -> None:
    """Label a result directly: `allure.dynamic` finds the same result anew for each label."""
    from allure_commons.model2 import Label, Parameter
    from allure_commons.utils import represent

    result.labels.extend(Label(name=name, value=value) for name, value in labels(outcome))
    model = represent(outcome.case.model or "none")
    result.parameters.append(Parameter(name="model", value=model, excluded=True))


def _of_request(case: AnyCase) -> Iterator[tuple[str, str]]:
    """Yield the labels that come of what is asked."""
    if isinstance(case, OpenCase):
        question = case.request.question
        yield "suite", question.domain
        yield "subSuite", question.id
        yield "domain", question.domain
        yield "language", case.request.language
        return
    request, norm = case.request, case.request.norm
    yield "suite", norm.culture
    yield "subSuite", request.scenario.id
    yield "severity", _SEVERITIES[norm.severity]
    yield "culture", norm.culture
    yield "domain", norm.domain
    yield "mode", request.mode.value
    yield "norm_severity", norm.severity
