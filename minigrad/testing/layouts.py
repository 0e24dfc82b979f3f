"""The memory orders that an array of the same numbers may have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minigrad.testing.arrays import Floats


def _strided(x: Floats) -> Floats:
    """Every other element of a larger array."""
    larger = np.full([2 * n for n in x.shape], np.nan, x.dtype)
    every_other = (slice(None, None, 2),) * x.ndim
    larger[every_other] = x
    return np.asarray(larger[every_other])


def _transposed(x: Floats) -> Floats:
    """The first axis is the innermost in memory, as after a transposition."""
    return np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0) if x.ndim else x.copy()


def _repeated(x: Floats) -> Floats:
    """The first part along axis 0 stands for all: a stride of 0."""
    return np.broadcast_to(x[:1].copy(), x.shape) if x.ndim else x.copy()


LAYOUTS: dict[str, Callable[[Floats], Floats]] = {
    "C-order": lambda x: x.copy(order="C"),
    "F-order": lambda x: x.copy(order="F"),
    "strided": _strided,
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "transposed": _transposed,
    "stride 0": _repeated,
}


def laid_out(x: Floats, layout: str) -> Floats:
    """The numbers of x (for "stride 0" those of x[0], again and again) in memory of their own, in this order."""
    return LAYOUTS[layout](x)
