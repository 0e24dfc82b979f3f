"""detect_anomaly: a hook that finds the first NaN or Inf, and saved arrays that were edited in place."""

from __future__ import annotations

import os
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minigrad.backend import as_array, to_numpy, xp_of
from minigrad.core.hooks import Backward, Forward, Hook, hooked
from minigrad.core.numpy_protocol import NumPyProtocol
from minigrad.settings import GradMode, settings
from minigrad.switches import Switch, in_mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minigrad.backend import Array
    from minigrad.core.function import Function
    from minigrad.core.variable import Variable

PACKAGE = str(Path(__file__).parents[1]) + os.sep


class NonFiniteError(ValueError):
    """An operation made a NaN or an Inf."""


class EditedArrayError(ValueError):
    """An array that an operation saved for its derivative was changed in place.

    Every backward notices changes by optimizers, by `load_state_dict` and by `x.data -= ...`, others (`x.data[0] = 1`)
    `detect_anomaly` alone.
    """


def detect_anomaly() -> Switch:
    """Raise NonFiniteError at the first NaN or Inf that an operation makes, forward or backward.

    The error names the operation and the line of the caller's code that applied it. In backward, EditedArrayError tells
    of an array that an operation saved and that was edited in place since. Operations inside of a backward, which
    `create_graph` records, have no line and are not checked for edits. Slow: for debugging.
    """
    return hooked(AnomalyDetector())


class AnomalyDetector(Hook):
    """The hook of `detect_anomaly`: it notes in each Function its line and the checksums of its saved arrays."""

    def forward(self, run: Forward, function: Function, arrays: list[Array]) -> Variable:
        """Raise NonFiniteError if the result has a NaN or an Inf."""
        y = run(function, arrays)
        function.origin = callers_line()
        function.checksums = checksums(function)
        if found := count_nonfinite(y.data):
            bad = [f"input {i} has {count}" for i, x in enumerate(arrays) if (count := count_nonfinite(x))]
            cause = "; ".join(bad) or "its inputs are finite"
            raise NonFiniteError(f"{function.name} at {function.origin} made {found}: {cause}")
        return y

    def backward(self, run: Backward, function: Function, gy: Variable) -> Sequence[Variable | None]:
        """Raise EditedArrayError if a saved array was edited, NonFiniteError if a gradient has a NaN or an Inf."""
        if function.checksums is not None and function.checksums != checksums(function):
            raise EditedArrayError(
                f"{function.name} at {function.origin}: an array that it saved for backward was edited in place since"
            )
        mode = _without_detectors(settings.get().grad_mode)  # the error names this backward, not one inside of it
        gradients = in_mode(mode, run, function, gy)
        for i, gx in enumerate(gradients):
            if isinstance(gx, NumPyProtocol) and function.needs(i) and (found := count_nonfinite(gx.data)):
                where = f" at {function.origin}" if function.origin else ""
                raise NonFiniteError(f"backward of {function.name}{where} made {found} in the gradient of input {i}")
        return gradients


def _without_detectors(mode: GradMode) -> GradMode:
    return mode._replace(hooks=tuple(hook for hook in mode.hooks if not isinstance(hook, AnomalyDetector)))


def count_nonfinite(array: Array) -> str:
    """The number of NaN and Inf in an array, "2 NaN and 1 Inf among 1,000"; empty if none."""
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
