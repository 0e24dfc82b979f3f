"""Activations and dropout: the functions between the layers of a network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from minigrad import checks
from minigrad.backend import Array, errstate, format_array, ignore_underflow, sum_wide, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.axes import normalize_axes
from minigrad.core.config import generator, training
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.elementwise import exp, masked
from minigrad.spelling import advised


class ReLU(Elementwise):
    """max(x, 0)."""

    def forward(self, x: Array) -> Array:
        y, positive = kernels_of(x).relu(x)
        self.save(positive)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (positive,) = self.saved
        return masked(gy, positive.data)


@advised
def relu(x: Operand) -> Variable:
    """max(x, 0), elementwise; derivative 0 at 0.

    >>> relu(np.array([-1.0, 2.0]))
    Variable([0. 2.])
    """
    return apply(ReLU(), x)


@dataclass(eq=False)
class LeakyReLU(Elementwise):
    """x where it is positive, slope · x elsewhere."""

    slope: float = 0.01

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        self.save(xp_of(x).where(x > 0, 1, self.slope).astype(x.dtype if x.dtype.kind == "f" else None))
        return x * self.saved_arrays[0]

    def backward(self, gy: Variable) -> Gradients:
        (factor,) = self.saved
        return gy * factor


@advised
def leaky_relu(x: Operand, slope: float = 0.01) -> Variable:
    """x where it is positive, slope · x elsewhere; derivative `slope` at 0.

    Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".
    """
    return apply(LeakyReLU(checks.number("leaky_relu", "slope", slope)), x)


class Sigmoid(Elementwise):
    """1 / (1 + exp(−x))."""

    flops_per_element = 4

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        xp = xp_of(x)
        small = xp.exp(-xp.abs(x))  # at most 1: nothing overflows
        y = xp.where(x >= 0, 1, small) / (1 + small)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * y * (1 - y)


@advised
def sigmoid(x: Operand) -> Variable:
    """1 / (1 + exp(−x)), elementwise; exact to rounding for any finite x.

    >>> sigmoid(np.array([-800.0, 0.0, 800.0]))
    Variable([0.  0.5 1. ])
    """
    return apply(Sigmoid(), x)


class Tanh(Elementwise):
    """The hyperbolic tangent."""

    @ignore_underflow
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


class Softplus(Elementwise):
    """log(1 + exp(x))."""

    flops_per_element = 3

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        xp = xp_of(x)
        self.save(x)
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * sigmoid(x)


@advised
def softplus(x: Operand) -> Variable:
    """log(1 + exp(x)), elementwise; exact to rounding for any finite x."""
    return apply(Softplus(), x)


@errstate(over="ignore")  # a difference beyond the largest float is −inf, whose exponential is 0
def subtract_max(x: Array, axis: int | tuple[int, ...]) -> Array:
    """x less its maximum: 0 or negative, so that no exponential overflows."""
    return x - x.max(axis, keepdims=True)


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

    >>> softmax(np.array([1e4, 1e4, -1e4]))
    Variable([0.5 0.5 0. ])
    """
    x = as_variable(x)
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
    x = as_variable(x)
    (axis,) = normalize_axes("log_softmax", [axis], x.ndim)
    return x + 0 if x.shape[axis] == 0 else apply(LogSoftmax(axis), x)


@dataclass(eq=False)
class Dropout(Elementwise):
    """x with some elements dropped and the others scaled up."""

    p: float
    rng: np.random.Generator = field(repr=False)

    def forward(self, x: Array) -> Array:
        mask = kernels_of(x).dropout_mask(x, self.p, self.rng)
        self.save(mask)
        return x * mask

    def backward(self, gy: Variable) -> Gradients:
        (mask,) = self.saved
        return gy * mask


@advised
def dropout(x: Operand, p: float = 0.5, *, rng: np.random.Generator | None = None) -> Variable:
    """In training, drop each element with probability `p` and divide the others by 1 − p; else x as it is.

    Args:
        x: of any shape.
        p: the probability of dropping, 0 to 1 (TensorFlow 1 asked for that of keeping).
        rng: where the randomness comes from; this context's generator by default.
    Raises:
        ValueError: p is not within 0 to 1.
        TypeError: x holds no floats, or rng is no generator.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    >>> import minigrad as mg
    >>> with mg.train_mode(False):
    ...     dropout(np.array([1.0, 2.0]))
    Variable([1. 2.])
    """
    x, p = as_variable(x), checks.fraction("dropout", "p", p, one=True)
    rng = checks.optional_generator("dropout", "rng", rng)
    if x.dtype.kind != "f":
        raise TypeError(f"dropout: x must be floats, not {format_array(x)}")
    if not training.get() or p == 0:
        return x
    return apply(Dropout(p, generator() if rng is None else rng), x)
