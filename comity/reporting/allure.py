"""Allure: each test's result carries its case's evidence, labels and true times.

Attachments are made in the test's own thread: `allure.attach` files them under the test that runs.
"""

import importlib.util
import json

import pytest

from comity.run.store import Store
from comity.schema import Outcome

LISTENER = "allure_listener"


def is_on(config: pytest.Config) -> bool:
    """Return whether this pytest run writes Allure results."""
    return config.pluginmanager.has_plugin(LISTENER) and bool(importlib.util.find_spec("allure"))


def attach(outcome: Outcome, store: Store) -> None:
    """Attach the case's evidence to the running test, and label it."""
    import allure

    case, norm = outcome.case, outcome.case.request.norm
    request = case.request
    allure.dynamic.parent_suite(request.suite)
    allure.dynamic.suite(norm.culture)
    allure.dynamic.sub_suite(request.scenario.id)
    allure.dynamic.severity(_SEVERITIES[norm.severity])
    for label, value in (
        ("culture", norm.culture),
        ("domain", norm.domain),
        ("mode", request.mode.value),
        ("norm_severity", norm.severity),
        ("agent", case.agent.reference),
        ("status", outcome.status.value),
        *([("oracle", "yes")] if case.agent.oracle else []),
    ):
        allure.dynamic.label(label, value)
    allure.dynamic.parameter("model", case.model or "none", excluded=True)
    allure.attach(outcome.story(), "story", allure.attachment_type.TEXT)
    transcript = outcome.transcript.model_dump(mode="json")
    allure.attach(_pretty(transcript), "transcript", allure.attachment_type.JSON)
    if outcome.end_state is not None:
        state = outcome.end_state.model_dump(mode="json")
        allure.attach(_pretty(state), "end state", allure.attachment_type.JSON)
    findings = [finding.model_dump(mode="json") for finding in outcome.findings]
    allure.attach(_pretty(findings), "findings", allure.attachment_type.JSON)
    screenshot = outcome.attachments.get("screenshot")
    if screenshot is not None and (store.folder / screenshot).is_file():
        allure.attach.file(store.folder / screenshot, "last page", allure.attachment_type.PNG)


def set_times(config: pytest.Config, outcome: Outcome) -> None:
    """Give the running test's result the times of its case, which ran ahead of it."""
    listener = config.pluginmanager.get_plugin(LISTENER)
    if listener is None:
        return
    result = listener.allure_logger.get_test(None)
    if result is not None:
        result.start = round(outcome.timing.started * 1000)
        result.stop = round(outcome.timing.stopped * 1000)


_SEVERITIES = {"critical": "critical", "serious": "normal", "minor": "minor"}


def _pretty(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)
