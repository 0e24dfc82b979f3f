"""Checks of what layers, initializers and optimizers are made with; each error names the class and the argument."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.backend.windows import Pair


def integer(owner: str, argument: str, value: Any, *, least: int | None = 1) -> int:
    """`value` as an int that is not below `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{owner}: {argument} must be an int, not {value!r}")
    if least is not None and value < least:
        raise ValueError(f"{owner}: {argument} must be at least {least}, not {value}")
    return int(value)


def number(owner: str, argument: str, value: Any) -> float:
    """`value` as a finite float."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{owner}: {argument} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{owner}: {argument} must be finite, not {value}")
    return float(value)


def positive(owner: str, argument: str, value: Any) -> float:
    """`value` as a finite float above 0."""
    if number(owner, argument, value) <= 0:
        raise ValueError(f"{owner}: {argument} must be positive, not {value}")
    return float(value)


def fraction(owner: str, argument: str, value: Any, *, one: bool) -> float:
    """`value` as a float from 0 to 1, with or without 1 itself."""
    if not 0 <= number(owner, argument, value) <= 1 or (value == 1 and not one):
        raise ValueError(f"{owner}: {argument} must be in [0, 1{']' if one else ')'}, not {value}")
    return float(value)


def short(value: Pair | str) -> str:
    """A pair as it may be written: one number for two equal ones; "same" in quotes."""
    return str(value[0]) if isinstance(value, tuple) and value[0] == value[1] else repr(value)
