"""Plugins that run a failed test again, or in a child, and why they have no place here."""

from collections.abc import Iterable

import pytest

# What each plugin is asked by: its option, and its setting in the ini file.
PLUGINS = {
    "pytest-rerunfailures": (("force_reruns", "reruns"), "reruns"),
    "pytest-retry": (("retries",), "retries"),
    "flaky": (("force_flaky",), None),
}


def hiding(config: pytest.Config, items: Iterable[pytest.Item]) -> str | None:
    """Return what to say where some of the cultural `items` would be run again; else None."""
    for plugin, (options, setting) in PLUGINS.items():
        if not hasattr(config.option, options[-1]):
            continue  # it is not installed, or not active
        for option in options:
            if getattr(config.option, option):
                return _refusal(f"--{option.replace('_', '-')}", plugin)
        if setting is not None and _number(config.getini(setting)):
            return _refusal(f"the setting `{setting}`", plugin)
        for item in items:
            if item.get_closest_marker("flaky") is not None:
                return _refusal(f"the mark `flaky` of {item.nodeid}", plugin)
    return None


def forking(config: pytest.Config, items: Iterable[pytest.Item]) -> str | None:
    """Return what to say where some of the cultural `items` would run in a child; else None."""
    if not hasattr(config.option, "forked"):
        return None  # pytest-forked is not installed, or not active
    if config.option.forked:
        what = "--forked"
    elif marked := [item for item in items if item.get_closest_marker("forked") is not None]:
        what = f"the mark `forked` of {marked[0].nodeid}"
    else:
        return None
    return (
        f"{what} (pytest-forked) runs a test in a forked child, where it would wait for ever for "
        "its case, which pytest's own process runs. Leave it out for cultural tests"
    )


def _number(value: object) -> int:
    """Return the number that a setting has; none, where it says nothing."""
    text = str(value or "")
    return int(text) if text.isdigit() else 0


def _refusal(what: str, plugin: str) -> str:
    return (
        f"{what} ({plugin}) runs a failed test again until it passes, and so hides how often an "
        "agent fails; a case is run once all the same. Leave it out for cultural tests; "
        "--trials N runs each case N times and counts them all"
    )
