"""What `detect_anomaly` looks for: the first NaN or Inf, and saved arrays that were edited in place."""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minigrad.backend import as_array, to_numpy, xp_of

if TYPE_CHECKING:
    from minigrad.backend import Array
    from minigrad.core.function import Function

PACKAGE = str(Path(__file__).parents[1]) + os.sep


class NonFiniteError(ValueError):
    """An operation made a NaN or an Inf."""


class EditedArrayError(ValueError):
    """An array that an operation saved for its derivative was edited in place."""


def check_forward(function: Function, arrays: list[Array], y: Array) -> None:
    """Note where `function` was applied; raise NonFiniteError if it made a NaN or an Inf."""
    function.origin = callers_line()
    function.checksums = checksums(function)
    if found := non_finite(y):
        bad = [f"input {i} has {words}" for i, array in enumerate(arrays) if (words := non_finite(array))]
        cause = "; ".join(bad) if bad else "its inputs are finite"
        raise NonFiniteError(f"{function.name} at {function.origin} made {found}: {cause}")


def check_saved(function: Function) -> None:
    """Raise EditedArrayError if an array that `function` saved is not what it was."""
    if function.checksums is not None and function.checksums != checksums(function):
        raise EditedArrayError(
            f"{function.name} at {function.origin}: an array that it saved for backward was edited in place since"
        )


def check_backward(function: Function, i: int, gx: Array) -> None:
    """Raise NonFiniteError if the gradient towards input `i` has a NaN or an Inf."""
    if found := non_finite(gx):
        where = f" at {function.origin}" if function.origin else ""
        raise NonFiniteError(f"backward of {function.name}{where} made {found} in the gradient of input {i}")


def non_finite(array: Array) -> str:
    """How many NaN and Inf `array` has, in words; empty if none."""
    xp = xp_of(array)
    if array.dtype.kind != "f" or bool(xp.isfinite(array).all()):
        return ""
    nan, inf = int(xp.isnan(array).sum()), int(xp.isinf(array).sum())
    counts = [f"{count:,} {kind}" for count, kind in ((nan, "NaN"), (inf, "Inf")) if count]
    return f"{' and '.join(counts)} among {array.size:,}"


def checksums(function: Function) -> tuple[int, ...]:
    """One number for each saved array, which changes when its bytes do."""
    return tuple(
        0 if array is None else zlib.crc32(np.ascontiguousarray(to_numpy(as_array(array))).view(np.uint8).data)
        for array in function.saved_arrays
    )


def callers_line() -> str:
    """`file:line` of the innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
