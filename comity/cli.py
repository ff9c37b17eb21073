"""The `comity` command, thin: each subcommand lives in the room that it is about."""

import argparse
import io
import os
import signal
import sys
import traceback

from comity.errors import ComityError
from comity.models import commands as serving
from comity.reporting import (
    annotating,
    calibration,
    compare,
    gate,
    judge_check,
    merge,
    power,
    report,
    scenarios,
    summarizing,
    voices,
)
from comity.schema.base import printable

USAGE_ERROR = 4
INTERNAL_ERROR = 3
"""Both as pytest's. Python's own exit code, 1, is that of a gate that fails."""

UNREAD = 128 + signal.SIGPIPE
"""As of any program whose reader has had enough, which may be before the verdict."""
STOPPED = 128 + signal.SIGINT
"""As of any program that Ctrl-C ends."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="comity",
        description="Tests whether an LLM or a web agent respects the norms of those it serves.",
        epilog="The tests themselves are run by pytest: pytest -m cultural",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    scenarios.register(subparsers)
    calibration.register(subparsers)
    annotating.register(subparsers)
    judge_check.register(subparsers)
    gate.register(subparsers)
    compare.register(subparsers)
    power.register(subparsers)
    report.register(subparsers)
    summarizing.register(subparsers)
    merge.register(subparsers)
    voices.register(subparsers)
    serving.register(subparsers)
    _let_all_be_told()
    parsed = parser.parse_args(arguments)
    try:
        code = int(parsed.run(parsed))
        if sys.stdout is not None:  # it was closed before we began
            sys.stdout.flush()
    except ComityError as error:
        return _failed(str(error))  # it names what stands in files, and files' names
    except BrokenPipeError:
        return _unread()
    except KeyboardInterrupt:
        print("comity: stopped", file=sys.stderr)  # noqa: T201 - its output
        return STOPPED
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):  # rich makes the one of the other
            return _unread()
        raise
    except OSError as error:
        where = "the output" if error.filename is None else error.filename
        return _failed(f"{where} cannot be read or written: {error.strerror or error}")
    except Exception:  # whatever it is, it is ours to mend, and no verdict
        traceback.print_exc()
        return INTERNAL_ERROR
    return code


def _let_all_be_told() -> None:
    """Escape what the terminal's encoding lacks: a name that it cannot show changes no verdict."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _unread() -> int:
    # What is still to be written would fail as Python ends, and change the exit code.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNREAD


def _failed(told: str) -> int:
    print(f"comity: {printable(told, len(told))}", file=sys.stderr)  # noqa: T201 - its output
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
