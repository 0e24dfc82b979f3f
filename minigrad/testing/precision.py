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
    largest = max([1.0, *(float(np.abs(a).max(initial=0)) for a in (*exact, *expected, *wide))])
    if not largest < float(np.finfo(dtype).max) / 8:
        return
    scale = PART[dtype] * largest
    for what, got, wanted in (
        *(("the value", y, z) for y, z in zip(ys, exact, strict=True)),
        *((f"the gradient of {n}", g, h) for n, g, h in zip(names, found, expected, strict=True)),
    ):
        error = np.where(np.isfinite(wanted), np.abs(got.astype(np.float64) - wanted), 0)
        if not (error <= scale).all():
            worst = np.unravel_index(int(np.argmax(np.where(np.isnan(error), np.inf, error))), error.shape)
            raise ContractViolation(
                f"{what} in {dtype}",
                f"{got[worst]:.7g}, in float64 {wanted[worst]:.7g} (largest number {largest:.3g})",
                hint="something is added up, or squared, in too narrow a type",
            )


def _promoted(y: Floats) -> str:
    wider = y.dtype == np.float64
    return "an array or a NumPy scalar of float64 takes part; a Python number would not widen" if wider else ""
