"""Matrix products."""

from __future__ import annotations

import math

import numpy as np

from minigrad.backend import Array, format_array
from minigrad.backend.kernels import kernels_of
from minigrad.core.function import Function, Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variables
from minigrad.spelling import advised


@advised
def matmul(a: Operand, b: Operand) -> Variable:
    """The matrix product a @ b: (..., M, K) and (..., K, N) -> (..., M, N), by NumPy's rules for stacks and vectors.

    Raises:
        ValueError: the inner lengths differ, the stacks do not broadcast, or an operand is a scalar.
    """
    a, b = as_variables(a, b)
    return a @ b


class Linear(Function):
    """x @ w + b for a matrix x."""

    family = "product"
    formula = "x @ w + b"

    def forward(self, x: Array, w: Array, b: Array | None = None) -> Array:
        self.save(x if self.needs(1) else None, w if self.needs(0) else None)
        y = kernels_of(x).matmul(x, w)
        return y if b is None else y + b

    def backward(self, gy: Variable) -> Gradients:
        x, w = self.saved
        return (
            None if w is None else gy @ w.T,
            None if x is None else x.T @ gy,
            gy.sum(0) if self.needs(2) else None,
        )

    def backward_arrays(self, gy: Array) -> tuple[Array | None, ...]:
        (x, w), kernels = self.saved_arrays, kernels_of(gy)
        return (
            None if w is None else kernels.matmul(gy, w.T),
            None if x is None else kernels.matmul(x.T, gy),
            kernels.channel_sum(gy) if self.needs(2) else None,
        )

    def flops(self) -> int | None:
        x = self.input_spec(0)
        return None if x is None else (2 * x[0][1] + (len(self.inputs) > 2)) * math.prod(self.output[0])


@advised
def linear(x: Operand, w: Operand, b: Operand | None = None) -> Variable:
    """x @ w + b: a fully connected layer.

    Args:
        x: (..., in); an array, or integers, become w's dtype.
        w: weights, (in, out).
        b: bias, (out,), or None.
    Returns:
        (..., out).
    Raises:
        ValueError: the shapes do not fit.

    >>> linear(np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    """
    if b is None:
        x, w = as_variables(x, w)
    else:
        x, w, b = as_variables(x, w, b)
    if w.ndim != 2 or x.ndim < 1 or x.shape[-1] != w.shape[0]:
        raise ValueError(f"linear: x must be (..., in) and w (in, out); x {format_array(x)}, w {format_array(w)}")
    if b is not None and b.shape != w.shape[1:]:
        raise ValueError(f"linear: b must be (out,); b {format_array(b)}, w {format_array(w)}")
    if x.dtype.kind != "f" and w.dtype.kind == "f":
        x = x.astype(w.dtype)
    if x.ndim == 2:
        return apply(Linear(), x, w, b)
    lead = x.shape[:-1]
    rows = x.reshape(int(np.prod(lead)), x.shape[-1])  # (..., in) -> (rows, in)
    return apply(Linear(), rows, w, b).reshape(*lead, w.shape[1])
