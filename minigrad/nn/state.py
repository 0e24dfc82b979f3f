"""States, arrays by name: whether one fits a model or an optimizer, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad.backend import Array, device_of, format_array, is_array, is_writable, to_device, to_numpy
from minigrad.core.function import Spec

KINDS = {"f": "floats", "i": "ints", "u": "ints", "b": "bools"}


def validated_state(what: str, state: Any, like: Mapping[str, Array]) -> dict[str, Array]:
    """Copies of the arrays in `state`, each with the dtype and on the device of its namesake in `like`.

    The ValueError that begins with `what` lists all that is wrong: other names, shapes or kinds of numbers, numbers too
    large for the dtype, or an array in `like` that is read-only.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"{what}: state must be a dict of arrays, not {type(state).__name__}")
    found: dict[str, Spec | str] = {name: f"a {type(x).__name__}" for name, x in state.items()}
    plain = {name: x for name, x in state.items() if is_array(x) and not isinstance(x, np.ma.MaskedArray)}
    found |= {name: (x.shape, x.dtype) for name, x in plain.items()}
    problems = differences(found, {name: (x.shape, x.dtype) for name, x in like.items()})
    problems += [f"{name}: its array is read-only" for name, x in like.items() if not is_writable(x)]
    copies = {}
    for name, old in like.items() if not problems else ():
        array = to_numpy(state[name])  # a GPU raises no error where a number becomes infinite
        try:
            with np.errstate(over="raise", invalid="ignore"):  # a NaN may be cast, but no number become infinite
                cast = array.astype(old.dtype)
            copies[name] = to_device(cast, device_of(old))
            fits = old.dtype.kind == "f" or (array == cast).all()
        except FloatingPointError:
            fits = False
        if not fits:
            problems.append(f"{name}: {format_array(state[name])} overflows {old.dtype}")
    if problems:
        raise ValueError("\n  ".join([f"{what}: the state does not fit", *problems]))
    return copies


def differences(found: Mapping[str, Spec | str], wanted: Mapping[str, Spec]) -> list[str]:
    """The reasons why `found` cannot be `wanted`, a line for each name; a text tells what stands for an array there."""
    problems = []
    for name, (shape, dtype) in wanted.items():
        there = found.get(name, "missing")
        if isinstance(there, str):
            problems.append(f"{name}: {there}, expected an array {shape} {dtype}")
        elif there[0] != shape:
            problems.append(f"{name}: shape {there[0]}, expected {shape}")
        elif KINDS.get(there[1].kind) != KINDS[dtype.kind]:
            problems.append(f"{name}: {there[0]} {there[1]}, expected {KINDS[dtype.kind]} {shape} {dtype}")
    return problems + [f"{quoted(name)}: not expected" for name in found if name not in wanted]


def quoted(name: str) -> str:
    """A name that comes from a stranger, on one line, and the start alone if it is long."""
    return repr(name if len(name) <= 200 else f"{name[:200]}…")
