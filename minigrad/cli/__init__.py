"""The command `minigrad`: each of its commands is a file here."""

from minigrad.cli.command import main

__all__ = ["main"]
