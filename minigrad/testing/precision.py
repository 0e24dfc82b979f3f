"""Gradients in float32 and float16, compared with the analytic gradient in float64: differences would drown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.testing.derivatives import gradients, random_like, recorded, values
from minigrad.testing.differences import Floats
from minigrad.testing.findings import ContractViolation
from minigrad.variable import Variable

PART = {np.dtype(np.float32): 3e-5, np.dtype(np.float16): 3e-2}
"""How far off a result may be, as a part of the largest number in it (at least 1)."""


def check_precision(
    f: Callable[..., Any],
    arrays: Sequence[Floats],
    dtype: Any,
    rng: np.random.Generator,
    *,
    names: Sequence[str],
) -> None:
    """Compare values and gradients in a narrow dtype with those in float64 of the same, rounded inputs.

    Raises:
        ContractViolation: the dtype is not kept, or the numbers are further apart than rounding explains.
    """
    dtype = np.dtype(dtype)
    with np.errstate(over="ignore"):
        narrow = [x.astype(dtype) for x in arrays]
    wide = [x.astype(np.float64) for x in narrow]
    ys = [y.data for y in recorded(f, map(Variable, narrow))]
    for y in ys:
        if y.dtype != dtype:
            raise ContractViolation("forward changes the dtype", f"of {dtype} it makes {y.dtype}", hint=_promoted(y))
    exact = values(f, wide)
    cotangents = [np.asarray(c.astype(dtype)) for c in random_like(ys, rng)]
    found = gradients(f, narrow, cotangents)
    expected = gradients(f, wide, [c.astype(np.float64) for c in cotangents])
    _close("the value", ys, exact, wide, names=[""] * len(ys))
    _close("the gradient of ", found, expected, [*wide, *exact], names=names)


def _close(
    what: str, found: Sequence[Floats], expected: Sequence[Floats], others: Any, *, names: Sequence[str]
) -> None:
    """Raise ContractViolation unless the numbers agree, as far as numbers of their size can in their dtype."""
    dtype = found[0].dtype
    largest = max([1.0, *(float(np.abs(a).max(initial=0)) for a in (*expected, *others))])
    if not largest < float(np.finfo(dtype).max) / 8:
        return
    for got, wanted, name in zip(found, expected, names, strict=True):
        error = np.where(np.isfinite(wanted), np.abs(got.astype(np.float64) - wanted), 0)
        if not (error <= PART[dtype] * largest).all():
            worst = np.unravel_index(int(np.argmax(np.where(np.isnan(error), np.inf, error))), error.shape)
            overflows = "something on the way is too large for it, or too small"
            raise ContractViolation(
                f"{what}{name} in {dtype}",
                f"{got[worst]:.7g}, in float64 {wanted[worst]:.7g} (largest number {largest:.3g})",
                hint="something is added up, or squared, in too narrow a type"
                if np.isfinite(got[worst])
                else overflows,
            )


def _promoted(y: Floats) -> str:
    wider = y.dtype == np.float64
    return "an array or a NumPy scalar of float64 takes part; a Python number would not widen" if wider else ""
