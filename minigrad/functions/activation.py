"""Activations: the nonlinear functions between the layers of a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Real

import numpy as np

from minigrad.backend import Array, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.core.axes import normalize_axes
from minigrad.core.function import Function, Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.reduction import sum_wide
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.elementwise import exp, masked


class ReLU(Function):
    """max(x, 0)."""

    def forward(self, x: Array) -> Array:
        y, positive = kernels_of(x).relu(x)
        self.save(positive)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (positive,) = self.saved
        return masked(gy, positive.data)


def relu(x: Operand) -> Variable:
    """max(x, 0), elementwise; derivative 0 at 0.

    >>> relu(np.array([-1.0, 2.0]))
    Variable([0. 2.])
    """
    return apply(ReLU(), x)


@dataclass(eq=False)
class LeakyReLU(Function):
    """x where it is positive, slope · x elsewhere."""

    slope: float = 0.01

    def forward(self, x: Array) -> Array:
        self.save(xp_of(x).where(x > 0, 1, self.slope).astype(x.dtype if x.dtype.kind == "f" else None))
        return x * self.saved_arrays[0]

    def backward(self, gy: Variable) -> Gradients:
        (factor,) = self.saved
        return gy * factor


def leaky_relu(x: Operand, slope: float = 0.01) -> Variable:
    """x where it is positive, slope · x elsewhere; derivative `slope` at 0.

    Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".
    """
    if not isinstance(slope, Real):
        raise TypeError(f"leaky_relu: slope must be a number, not {slope!r}")
    return apply(LeakyReLU(float(slope)), x)


class Sigmoid(Function):
    """1 / (1 + exp(−x))."""

    flops_per_element = 4

    def forward(self, x: Array) -> Array:
        y = _sigmoid(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * y * (1 - y)


def _sigmoid(x: Array) -> Array:
    xp = xp_of(x)
    small = xp.exp(-xp.abs(x))  # at most 1: nothing overflows
    return xp.where(x >= 0, 1, small) / (1 + small)


def sigmoid(x: Operand) -> Variable:
    """1 / (1 + exp(−x)), elementwise; exact to rounding for any finite x.

    >>> sigmoid(np.array([-800.0, 0.0, 800.0]))
    Variable([0.  0.5 1. ])
    """
    return apply(Sigmoid(), x)


class Tanh(Function):
    """The hyperbolic tangent."""

    def forward(self, x: Array) -> Array:
        y = xp_of(x).tanh(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * (1 - y * y)


@implements(np.tanh)
def tanh(x: Operand) -> Variable:
    """The hyperbolic tangent, elementwise."""
    return apply(Tanh(), x)


class Softplus(Function):
    """log(1 + exp(x))."""

    flops_per_element = 3

    def forward(self, x: Array) -> Array:
        xp = xp_of(x)
        self.save(x)
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * sigmoid(x)


def softplus(x: Operand) -> Variable:
    """log(1 + exp(x)), elementwise; exact to rounding for any finite x."""
    return apply(Softplus(), x)


def subtract_max(x: Array, axis: int | tuple[int, ...]) -> Array:
    """x less its maximum: 0 or negative, so that no exponential overflows."""
    with np.errstate(over="ignore"):  # a difference beyond the largest float is −inf, whose exponential is 0
        return x - x.max(axis, keepdims=True)


def log_sum_exp(shifted: Array, axis: int | tuple[int, ...]) -> Array:
    """log Σ exp of what is below its maximum, with the axes kept."""
    xp = xp_of(shifted)
    exponentials = xp.exp(shifted)
    return xp.log(sum_wide(exponentials, axis, keepdims=True)).astype(exponentials.dtype, copy=False)


@dataclass(eq=False)
class Softmax(Function):
    """exp(x) / Σ exp(x) along an axis; `precomputed` is its value where another operation computed it already."""

    axis: int
    precomputed: Array | None = field(default=None, repr=False)
    flops_per_element = 5  # a maximum, a subtraction, an exponential, an addition, a division

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


def softmax(x: Operand, axis: int = -1) -> Variable:
    """exp(x) / Σ exp(x) along `axis`: positive numbers that add up to 1, for any finite x.

    >>> softmax(np.array([1e4, 1e4, -1e4]))
    Variable([0.5 0.5 0. ])
    """
    x = as_variable(x)
    (axis,) = normalize_axes("softmax", [axis], x.ndim)
    return x + 0 if x.shape[axis] == 0 else apply(Softmax(axis), x)


@dataclass(eq=False)
class LogSoftmax(Function):
    """The logarithm of softmax."""

    axis: int
    flops_per_element = 5  # as softmax, with a subtraction for the division; the logarithm of each sum is left out

    def forward(self, x: Array) -> Array:
        shifted = subtract_max(x, self.axis)
        y = shifted - log_sum_exp(shifted, self.axis)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy - exp(y) * gy.sum(self.axis, keepdims=True)


def log_softmax(x: Operand, axis: int = -1) -> Variable:
    """x − log Σ exp(x) along `axis`, for any finite x."""
    x = as_variable(x)
    (axis,) = normalize_axes("log_softmax", [axis], x.ndim)
    return x + 0 if x.shape[axis] == 0 else apply(LogSoftmax(axis), x)
