"""The command line: what `minigrad` takes, and what becomes of errors."""

from __future__ import annotations

import argparse
import sys

from minigrad import viz
from minigrad.backend.kernels import forced_set
from minigrad.cli import doctor, graph, predict, train
from minigrad.cli.errors import UsageError
from minigrad.testing.formatting import print_in_any_encoding
from minigrad.version import __version__

COMMANDS = (graph, train, predict, doctor)
"""Each adds a command to the parser, with the function that runs it."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if it succeeded, 1 if it failed, 2 if the arguments make no sense, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="minigrad", description="Models drawn, trained and used, and what this machine has."
    )
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    print_in_any_encoding()
    options = parser.parse_args(arguments)
    try:
        forced_set()
    except ValueError as error:
        print(f"minigrad {options.command}: {error}", file=sys.stderr)
        return 1
    try:
        status: int = options.run(options)
    except UsageError as error:
        parser.exit(2, f"minigrad {options.command}: {error}\n")
    except (viz.EngineError, OSError, ImportError) as error:
        print(f"minigrad {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status
