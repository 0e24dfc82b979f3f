"""Softmax and its logarithm."""

from __future__ import annotations

from dataclasses import dataclass, field

from minigrad.backend import Array, ignore_underflow, subtract_max, sum_wide, xp_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.axes import normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.elementwise import as_floats
from minigrad.functions.exponential import exp
from minigrad.spelling import advised


def log_sum_exp(shifted: Array, axis: int | tuple[int, ...]) -> Array:
    """log Σ exp of what is below its maximum, with the axes kept."""
    xp = xp_of(shifted)
    exponentials = xp.exp(shifted)
    return xp.log(sum_wide(exponentials, axis, keepdims=True)).astype(exponentials.dtype, copy=False)


@dataclass(eq=False)
class Softmax(Elementwise):
    """exp(x) / Σ exp(x) along an axis; `precomputed` is its value where another operation computed it already."""

    axis: int
    precomputed: Array | None = field(default=None, repr=False)
    flops_per_element = 5  # a maximum, a subtraction, an exponential, an addition, a division

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        y = self.precomputed
        if y is None:
            y = xp_of(x).exp(subtract_max(x, self.axis))
            y /= sum_wide(y, self.axis, keepdims=True)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        g = gy * y
        return g - y * g.sum(self.axis, keepdims=True)

    def flops(self) -> int | None:
        return super().flops() if self.precomputed is None else 0


@advised
def softmax(x: Operand, axis: int = -1) -> Variable:
    """exp(x) / Σ exp(x) along `axis`: positive numbers that add up to 1, for any finite x.

    >>> softmax([1e4, 1e4, -1e4])
    Variable([0.5 0.5 0. ])
    """
    x = as_floats(x)
    (axis,) = normalize_axes("softmax", [axis], x.ndim)
    return x + 0 if x.shape[axis] == 0 else apply(Softmax(axis), x)


@dataclass(eq=False)
class LogSoftmax(Elementwise):
    """The logarithm of softmax."""

    axis: int
    flops_per_element = 5  # as softmax, with a subtraction for the division; the logarithm of each sum is left out

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        shifted = subtract_max(x, self.axis)
        y = shifted - log_sum_exp(shifted, self.axis)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy - exp(y) * gy.sum(self.axis, keepdims=True)


@advised
def log_softmax(x: Operand, axis: int = -1) -> Variable:
    """x − log Σ exp(x) along `axis`, for any finite x."""
    x = as_floats(x)
    (axis,) = normalize_axes("log_softmax", [axis], x.ndim)
    return x + 0 if x.shape[axis] == 0 else apply(LogSoftmax(axis), x)
