"""What watches one of an epoch's numbers, a validation loss for example: its name, and what is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import checks

if TYPE_CHECKING:
    from minigrad.training.under_way import Training

MODES = ("min", "max")
KNOWN = {"loss": "min", "error": "min", "accuracy": "max"}
"""By the last word of the name: is the best number the smallest or the largest?"""


def mode_of(owner: str, name: str, mode: str | None) -> str:
    """The mode that is given, or the one that follows from the name; a ValueError if neither says it.

    >>> mode_of("EarlyStopping", "validation_accuracy", None)
    'max'
    """
    if not isinstance(name, str):
        raise TypeError(f"{owner}: the name to watch must be a text, not {name!r}")
    if mode is not None:
        return checks.choice(owner, "mode", mode, MODES)
    last = name.rpartition("_")[2]
    if last not in KNOWN:
        raise ValueError(f'{owner}: is {name!r} better small or large? Write mode="min" or mode="max"')
    return KNOWN[last]


def checked_name(owner: str, argument: str, name: str, training: Training) -> str:
    """The name, if the epochs' records will have it."""
    if name not in training.names:
        advice = "; fit needs validation= for it" if name.startswith("validation_") else ""
        raise ValueError(f"{owner}: {argument} must be one of {', '.join(training.names)}, not {name!r}{advice}")
    return name
