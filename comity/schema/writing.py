"""Scenarios as YAML, so that one that a run came upon can be pasted into a suite."""

from typing import Any

import yaml

from comity.schema.library import ALIKE
from comity.schema.scenario import Scenario

_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Writes what the loader of suites reads, which takes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(scenario: Scenario, like: str | None = None) -> str:
    """Return `scenario` as an entry of a suite's file.

    What it has in common with the scenario that it is `like`, by id, is left to that one: both are
    to stand in the same file.
    """
    content = scenario.model_dump(mode="json", exclude_defaults=True)
    if like is not None:
        content = {key: value for key, value in content.items() if key not in ALIKE}
        content = {"id": content.pop("id"), "norm": content.pop("norm"), "like": like} | content
    text: str = yaml.dump(
        [content], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH
    )
    return text
