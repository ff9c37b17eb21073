"""The options of commands that put something to judges; pytest has the same for a run."""

import argparse
from pathlib import Path

from pydantic import ValidationError

from comity.errors import ConfigurationError
from comity.run.settings import Settings, told


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options that name judges, and on what terms they are called."""
    group = parser.add_argument_group("judges", "models that judge beside the rules")
    group.add_argument(
        "--judge-url",
        action="append",
        metavar="URL",
        help="OpenAI-compatible endpoint of a judge; several are used in turn",
    )
    group.add_argument("--judge-model", metavar="NAME", help="the judge's served name")
    group.add_argument("--judges", type=Path, metavar="FILE", help="a panel of judges, as TOML")
    for name, text in (
        ("judge-all", "have models judge also what the rules can tell"),
        ("judge-batched", "put all questions about a reply at once"),
        ("no-cache", "ask anew for every answer"),
        ("replay", "take all answers from the call cache"),
    ):
        group.add_argument(f"--{name}", action="store_true", help=text)
    group.add_argument(
        "--judge-max-tokens", metavar="N", help="most tokens of one answer (default: 400)"
    )
    group.add_argument("--concurrency", metavar="N", help="how many are judged at once")
    group.add_argument("--call-timeout", metavar="SECONDS", help="longest time for one answer")
    group.add_argument("--tries", metavar="N", help="how often a call is tried")
    group.add_argument("--token-budget", metavar="N", help="most tokens that may be spent")


def settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the command line and the environment ask for.

    Raises:
        ConfigurationError: an option has no right value.
    """
    given = {
        name: value
        for name in Settings.model_fields
        if (value := getattr(arguments, name, None)) not in (None, False)
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        raise ConfigurationError(told(error, given)) from None
