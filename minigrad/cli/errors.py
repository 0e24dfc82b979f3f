"""UsageError: what a command answers in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from minigrad.testing.formatting import described


class UsageError(ValueError):
    """The command line asks for something that does not exist or cannot be done."""


@contextmanager
def one_line(what: str) -> Iterator[None]:
    """Make one line of an error that the user's code raised: what failed, and in which of its lines."""
    try:
        yield
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's code does
        raise UsageError(f"{what}: {described(error)}") from None
