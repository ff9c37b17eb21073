"""Activates the plugin from a checkout that is not installed; an installed one is active already."""

from importlib import metadata

if not any(entry.value == "comity.plugin" for entry in metadata.entry_points(group="pytest11")):
    pytest_plugins = ["comity.plugin"]
