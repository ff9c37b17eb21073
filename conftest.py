"""Activates the plugin in a checkout; where the package is installed, it is active already."""

from importlib import metadata

if not any(entry.value == "comity.plugin" for entry in metadata.entry_points(group="pytest11")):
    pytest_plugins = ["comity.plugin"]
