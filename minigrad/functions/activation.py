"""Activations: the functions of each number between the layers of a network."""

from __future__ import annotations

from dataclasses import dataclass

from minigrad import checks
from minigrad.backend import Array, format_array, ignore_underflow, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.function import Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variables
from minigrad.functions.elementwise import abs, as_floats, clip, masked, where  # noqa: A004 - NumPy's name
from minigrad.functions.exponential import exp
from minigrad.spelling import advised

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""The factors of which layers of `selu` keep mean 0 and variance 1."""


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

    >>> relu([-1.0, 2.0])
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


class PReLU(Elementwise):
    """x where it is positive, slope · x elsewhere, with a slope for each x."""

    @ignore_underflow
    def forward(self, x: Array, slope: Array) -> Array:
        xp = xp_of(x)
        self.save(x, slope)
        return xp.where(x > 0, x, slope * xp.minimum(x, 0))

    def backward(self, gy: Variable) -> Gradients:
        x, slope = self.saved
        positive = x.data > 0
        return gy * where(positive, 1, slope), gy * masked(x, ~positive)


@advised
def prelu(x: Operand, slope: Operand) -> Variable:
    """x where it is positive, slope · x elsewhere, with slopes that are learned; derivative `slope` at 0.

    Args:
        x: of any shape; channels, if there are several slopes, are its second axis: (N, C, ...).
        slope: (C,), or one number for all: () or (1,).
    Returns:
        the shape of x.
    Raises:
        ValueError: slope has another shape.
    Source: He et al. 2015, "Delving deep into rectifiers".

    >>> prelu([[-1.0, -1.0], [2.0, -2.0]], [0.5, 0.1])
    Variable([[-0.5 -0.1]
              [ 2.  -0.2]])
    """
    x, slope = map(as_floats, as_variables(x, slope))
    per_channel = x.ndim > 1 and slope.shape == x.shape[1:2]
    if not per_channel and slope.shape not in ((), (1,)):
        given = f"slope {format_array(slope)}, x {format_array(x)}"
        raise ValueError(f"prelu: slope must be one number, or (C,) for x (N, C, ...); {given}")
    shape = (-1, *[1] * (x.ndim - 2)) if per_channel else ()
    return apply(PReLU(), x, slope.reshape(shape).broadcast_to(x.shape))  # (C,) -> (C, 1, ...) -> (N, C, ...)


@dataclass(eq=False)
class ELU(Elementwise):
    """x where it is positive, alpha · (exp(x) − 1) elsewhere."""

    alpha: float = 1.0
    flops_per_element = 3

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        xp = xp_of(x)
        self.save(x)
        return xp.where(x > 0, x, self.alpha * xp.expm1(xp.minimum(x, 0)))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        positive = x.data > 0
        return gy * where(positive, 1, self.alpha * exp(where(positive, 0, x)))


@advised
def elu(x: Operand, alpha: float = 1.0) -> Variable:
    """x where it is positive, alpha · (exp(x) − 1) elsewhere; derivative `alpha` at 0.

    Source: Clevert, Unterthiner & Hochreiter 2015, "Fast and accurate deep network learning by exponential linear
    units (ELUs)".

    >>> elu([-1e4, 0.0, 2.0])
    Variable([-1.  0.  2.])
    """
    return apply(ELU(checks.number("elu", "alpha", alpha)), as_floats(x))


@ignore_underflow
@advised
def selu(x: Operand) -> Variable:
    """1.0507 · elu(x, 1.6733): with normal weights of variance 1 / inputs, layers keep mean 0 and variance 1.

    The derivative at 0 is 1.0507 · 1.6733, as of what is just below.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks".
    """
    return elu(x, SELU_ALPHA) * SELU_SCALE


def logistic(x: Array) -> Array:
    """1 / (1 + exp(−x)), without overflow."""
    xp = xp_of(x)
    small = xp.exp(-xp.abs(x))  # at most 1
    return xp.where(x >= 0, 1, small) / (1 + small)


class Sigmoid(Elementwise):
    """1 / (1 + exp(−x))."""

    flops_per_element = 4

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        y = logistic(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * y * (1 - y)


@advised
def sigmoid(x: Operand) -> Variable:
    """1 / (1 + exp(−x)), elementwise; exact to rounding for any finite x.

    >>> sigmoid([-800.0, 0.0, 800.0])
    Variable([0.  0.5 1. ])
    """
    return apply(Sigmoid(), as_floats(x))


@advised
def hard_sigmoid(x: Operand) -> Variable:
    """x / 6 + 1/2, kept between 0 and 1; derivative 1/6 at ±3, where it bends.

    So in PyTorch and Keras 3; Keras 2 and the defaults of ONNX have x / 5 + 1/2.

    Source: Howard et al. 2019, "Searching for MobileNetV3".

    >>> hard_sigmoid([-4.0, 0.0, 1.5, 4.0])
    Variable([0.   0.5  0.75 1.  ])
    """
    return clip(as_floats(x) + 3, 0, 6) / 6


class SiLU(Elementwise):
    """x · sigmoid(x)."""

    flops_per_element = 5

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).maximum(x, -1000) * logistic(x)  # −∞ · 0 would be NaN

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        x = clip(x, -1000, 1000)  # beyond, the slope is 0 or 1
        return gy * sigmoid(x) * (1 + x * sigmoid(-x))


@advised
def silu(x: Operand) -> Variable:
    """x · sigmoid(x), elementwise, also called swish.

    Source: Elfwing, Uchibe & Doya 2018, "Sigmoid-weighted linear units".

    >>> silu([-800.0, 0.0, 800.0])
    Variable([ -0.   0. 800.])
    """
    return apply(SiLU(), as_floats(x))


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
    return apply(Softplus(), as_floats(x))


@advised
def hard_tanh(x: Operand) -> Variable:
    """x kept between −1 and 1; derivative 1 at ±1, where it bends. For other bounds there is `clip`."""
    return clip(x, -1, 1)


class Softsign(Elementwise):
    """x / (1 + |x|)."""

    flops_per_element = 3

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        xp = xp_of(x)
        self.save(x)
        x = xp.nan_to_num(x, nan=xp.nan)  # the largest number for ∞: ∞ / ∞ is NaN, and the limit is 1
        return x / (1 + xp.abs(x))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        share = 1 / (1 + abs(x))
        return gy * share * share


@advised
def softsign(x: Operand) -> Variable:
    """x / (1 + |x|), elementwise: between −1 and 1; the second derivative, which jumps at 0, is 0 there.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """
    return apply(Softsign(), as_floats(x))
