"""Names and arrays as messages give them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.testing.example import Floats

LARGEST_SHOWN = 16
"""The most elements of an array that is printed whole."""


def name_of(f: Callable[..., Any]) -> str:
    """The name of a function in messages."""
    name = getattr(f, "__name__", type(f).__name__)
    return "f" if name == "<lambda>" else str(name)


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """The names of a function's first parameters; of several in `*xs` xs0, xs1, ..."""
    names: list[str] = []
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}{i}" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return [*names, *(f"x{i}" for i in range(len(names), count))][:count]


def format_arguments(
    names: Sequence[str], arrays: Sequence[Floats], layouts: Sequence[str] = (), kwargs: dict[str, Any] | None = None
) -> str:
    """Inputs and parameters: dtype, shape and memory order of each; below, the numbers of small ones."""
    parts = []
    for i, (name, x) in enumerate(zip(names, arrays, strict=True)):
        parts.append(f"{name} {x.dtype} {x.shape}" + (f" {layouts[i]}" if layouts else ""))
    parts += [f"{key}={_short(value)}" for key, value in (kwargs or {}).items()]
    shown = [f"{name} = {_short(x)}" for name, x in zip(names, arrays, strict=True) if x.size <= LARGEST_SHOWN]
    return "\n  ".join([", ".join(parts), *shown])


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return np.array2string(value, threshold=LARGEST_SHOWN, separator=", ").replace("\n", "")
    return repr(value)
