"""Gradients in float32 and float16, compared with the analytic gradient in float64: differences would drown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.core.variable import Variable
from minigrad.testing.derivatives import Gradient, derivatives, gradients, random_like, recorded
from minigrad.testing.example import Floats
from minigrad.testing.findings import ContractViolation

PATTERNS = 6
"""In how many ways the inputs are changed in their last place."""

ULPS = 16
"""The units in the last place that a number may be off, beside what rounding the inputs once more would change."""


def check_precision(
    f: Callable[..., Any],
    arrays: Sequence[Floats],
    dtype: Any,
    rng: np.random.Generator,
    *,
    names: Sequence[str],
    order: int = 1,
) -> None:
    """Compare values and gradients (of orders 1 and 2) in a narrow dtype with those in float64 of the same inputs.

    A result may be off by a few units in the last place of the largest number in its array, and by a few times what
    it changes by when the inputs change in their last place: so much is in their rounding.
    """
    dtype = np.dtype(dtype)
    with np.errstate(over="ignore"):
        narrow = [x.astype(dtype) for x in arrays]
    wide = [x.astype(np.float64) for x in narrow]
    near = [[_nudged(x, k, float(np.finfo(dtype).eps)) for x in wide] for k in range(PATTERNS)]
    ys = [y.data for y in recorded(f, map(Variable, narrow))]
    for y in ys:
        if y.dtype != dtype:
            wider = "an array or a NumPy scalar of float64 takes part; a Python number would not widen"
            hint = wider if y.dtype == np.float64 else ""
            raise ContractViolation("forward changes the dtype", f"of {dtype} it makes {y.dtype}", hint=hint)

    args, found, cotangents, g = list(narrow), [ys], [], f
    for _ in range(order):
        cotangents.append([np.asarray(c.astype(dtype)) for c in random_like(found[-1], rng)])
        found.append(gradients(g, args, cotangents[-1]))
        g, args = Gradient(g, len(args)), [*args, *cotangents[-1]]
    precise = [[c.astype(np.float64) for c in cs] for cs in cotangents]
    expected, *around = (derivatives(f, xs, precise) for xs in (wide, *near))
    _close("the value", found[0], expected[0], [a[0] for a in around], names=[""] * len(ys))
    slack = 0.0
    inputs = [*names, *(f"gy{i}" for i in range(len(ys)))]
    for level, what in enumerate(("the gradient of ", "the second derivative towards ")[:order], start=1):
        others = [a[level] for a in around]
        slack = _close(what, found[level], expected[level], others, names=inputs[: len(found[level])], slack=slack)


def _close(
    what: str,
    found: Sequence[Floats],
    expected: Sequence[Floats],
    around: Sequence[Sequence[Floats]],
    *,
    names: Sequence[str],
    slack: float = 0.0,
) -> float:
    """Raise ContractViolation unless the numbers agree, as far as numbers of their size can in their dtype.

    Returns by how much the inputs' rounding changes them, at least `slack`: that of the derivative before.
    """
    for got, wanted, name, *others in zip(found, expected, names, *around, strict=True):
        unit, most = float(np.finfo(got.dtype).eps), float(np.finfo(got.dtype).max)
        known = np.isfinite([wanted, *others]).all(0)
        largest = float(np.abs(wanted[known]).max(initial=1.0))
        if not largest < most / 8:
            continue
        slack = max(slack, *(float(np.abs(wanted[known] - other[known]).max(initial=0.0)) for other in others))
        with np.errstate(invalid="ignore"):
            error = np.where(known, np.abs(got.astype(np.float64) - wanted), 0)
        if not (error <= ULPS * (unit * largest + slack)).all():
            worst = np.unravel_index(int(np.argmax(np.where(np.isnan(error), np.inf, error))), error.shape)
            hint = "something is added up, or squared, in too narrow a type"
            if not np.isfinite(got[worst]):
                hint = "something on the way is too large for it, or too small"
            raise ContractViolation(
                f"{what}{name} in {got.dtype}",
                f"{got[worst]:.7g}, in float64 {wanted[worst]:.7g} (largest number {largest:.3g})",
                hint=hint,
            )
    return slack


def _nudged(x: Floats, k: int, eps: float) -> Floats:
    """Every element an eps larger or smaller, by bit k of its number: any two differ in some bit."""
    signs = np.where(np.arange(x.size) >> k & 1, 1.0, -1.0).reshape(x.shape)
    return np.asarray(x * (1 + eps * signs))
