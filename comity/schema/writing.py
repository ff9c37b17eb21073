"""Scenarios as YAML, so that one that a run came upon can be pasted into a suite."""

import re
from typing import Any

import yaml

from comity.schema.library import ALIKE
from comity.schema.scenario import Scenario

_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Writes what the loader of suites reads, which takes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


# What the loader reads as a number, YAML 1.1 does not: as a text it is to be quoted.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]+[eE][0-9]+$"), list("-+0123456789")
)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Unless it is escaped, this line end is read back as another.
    style = '"' if "\x85" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def as_yaml(scenario: Scenario, like: str | None = None) -> str:
    """Return `scenario` as an entry of a suite's file.

    What it has in common with the scenario that it is `like`, by id, is left to that one: both are
    to stand in the same file.
    """
    content = scenario.model_dump(mode="json", exclude_defaults=True)
    if like is not None:
        # One that is like another already may say some of it itself, and then says all.
        taken = ALIKE if scenario.like is None else ("like",)
        content = {key: value for key, value in content.items() if key not in taken}
        content = {"id": content.pop("id"), "norm": content.pop("norm"), "like": like} | content
    text: str = yaml.dump(
        [content], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH
    )
    return text
