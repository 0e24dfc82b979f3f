"""State dicts: arrays by name, checked as a whole before any of them is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.backend import Array, device_of, format_array, is_array, is_writable, to_device
from minigrad.core.function import Spec


def validated_state(what: str, state: Any, like: Mapping[str, Array]) -> dict[str, Array]:
    """Copies of the arrays in `state`, each with the dtype and on the device of its namesake in `like`.

    Args:
        what: the beginning of the error.
        state: arrays of floats by name.
        like: the arrays they are to replace.
    Raises:
        TypeError: state is no mapping.
        ValueError: the names are not the same, arrays differ in shape, are none of floats, or overflow, or one of
            `like` is read-only; one error lists all that is wrong.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"{what}: state must be a dict of arrays, not {type(state).__name__}")
    found = {name: (x.shape, x.dtype) if is_array(x) else f"a {type(x).__name__}" for name, x in state.items()}
    problems = differences(found, {name: (x.shape, x.dtype) for name, x in like.items()})
    problems += [f"{name}: its array is read-only" for name, x in like.items() if not is_writable(x)]
    copies = {}
    for name, old in like.items() if not problems else ():
        try:
            with np.errstate(over="raise", invalid="ignore"):  # a NaN may be cast, but no number become infinite
                copies[name] = to_device(state[name].astype(old.dtype), device_of(old))
        except FloatingPointError:
            problems.append(f"{name}: {format_array(state[name])} overflows {old.dtype}")
    if problems:
        raise ValueError("\n  ".join([f"{what}: the state does not fit", *problems]))
    return copies


def differences(found: Mapping[str, Spec | str], wanted: Mapping[str, Spec]) -> list[str]:
    """The reasons why the arrays `found` cannot take the place of those `wanted`, a line for each name.

    Both give shape and dtype by name; `found` may have a text that says what stands there instead of an array.
    """
    problems = []
    for name, (shape, dtype) in wanted.items():
        there = found.get(name, "missing")
        if isinstance(there, str):
            problems.append(f"{name}: {there}, expected an array {shape} {dtype}")
        elif there[0] != shape:
            problems.append(f"{name}: shape {there[0]}, expected {shape}")
        elif there[1].kind != "f":
            problems.append(f"{name}: {there[0]} {there[1]}, expected floats {shape} {dtype}")
    # A surplus name comes from a stranger: repr keeps it on its line.
    return problems + [f"{name!r}: not expected" for name in found if name not in wanted]
