"""Losses of numbers: how far predictions are from their targets. None of them broadcasts.

What the arguments have in common: `prediction` and `target` have one shape, and both are differentiated; the reduction
is "mean" over all elements (0 if there are none), "sum", or "none". Keras' functions of these names take the target
first, and give the mean over the last axis alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from minigrad import checks
from minigrad.backend import Array, ignore_underflow, xp_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.function import Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.elementwise import abs, clip, square  # noqa: A004
from minigrad.functions.loss_reduction import comparable, reduced
from minigrad.functions.trigonometry import tanh
from minigrad.spelling import advised


@ignore_underflow
@advised
def mean_squared_error(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean of (prediction − target)², both of one shape: (N, 1) and (N,) are an error.

    The reduction is "mean" over all elements (0 if there are none), "sum", or "none".

    Raises:
        ValueError: the shapes differ, (N, 1) and (N,) for example.
        TypeError: prediction holds no floats.

    >>> import numpy as np
    >>> mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    Variable(2.)
    """
    x, t = comparable("mean_squared_error", prediction, target)
    distance = x - t
    return reduced("mean_squared_error", distance * distance, reduction)


@ignore_underflow
@advised
def mean_absolute_error(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean of |prediction − target|, both of one shape; derivative 0 where they are equal.

    The reduction is "mean" over all elements (0 if there are none), "sum", or "none".

    Raises:
        ValueError: the shapes differ, (N, 1) and (N,) for example.
        TypeError: prediction holds no floats.

    >>> import numpy as np
    >>> mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    Variable(1.)
    """
    x, t = comparable("mean_absolute_error", prediction, target)
    return reduced("mean_absolute_error", abs(x - t), reduction)


@ignore_underflow
@advised
def mean_absolute_percentage_error(
    prediction: Operand, target: Operand, *, eps: float = 1e-7, reduction: str = "mean"
) -> Variable:
    """The mean of 100 · |prediction − target| / |target|, in percent, both of one shape.

    The derivative is 0 where they are equal. As in Keras, the distance is divided by `eps` where |target| is below it;
    there |target| passes no gradient.

    Args:
        prediction: numbers.
        target: of prediction's shape.
        eps: the least that is divided by.
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ, or eps is not positive.
        TypeError: prediction holds no floats.

    >>> import numpy as np
    >>> mean_absolute_percentage_error(np.array([90.0, 4.0]), np.array([100.0, 5.0]))
    Variable(15.)
    """
    name = "mean_absolute_percentage_error"
    x, t = comparable(name, prediction, target)
    size = clip(abs(t), checks.positive(name, "eps", eps))
    return reduced(name, abs(x - t) / size * 100, reduction)


class LogarithmicDistance(Elementwise):
    """log(1 + x) − log(1 + t)."""

    flops_per_element = 8

    def forward(self, x: Array, t: Array) -> Array:
        self.save(x, t)
        xp = xp_of(x)
        # Of two large numbers, two logarithms' difference would lose its digits; so would that of a quotient near −1.
        return xp.sign(x - t) * xp.log1p(xp.abs(x - t) / (1 + xp.minimum(x, t)))

    def backward(self, gy: Variable) -> Gradients:
        x, t = self.saved
        return gy / (1 + x), -gy / (1 + t) if self.needs(1) else None


@ignore_underflow
@advised
def mean_squared_logarithmic_error(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean of (log(1 + prediction) − log(1 + target))², both of one shape.

    A negative number counts as 0, and passes no gradient; 0 itself passes it. Keras takes 10⁻⁷ for what is below that.

    Args:
        prediction: numbers, 0 or above.
        target: of prediction's shape.
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ.
        TypeError: prediction holds no floats.

    >>> import numpy as np
    >>> mean_squared_logarithmic_error(np.array([0.0, 9.0]), np.array([0.0, 99.0]))
    Variable(2.65094906)
    """
    name = "mean_squared_logarithmic_error"
    x, t = comparable(name, prediction, target)
    return reduced(name, square(apply(LogarithmicDistance(), clip(x, 0), clip(t, 0))), reduction)


@ignore_underflow
@advised
def huber(prediction: Operand, target: Operand, *, delta: float = 1.0, reduction: str = "mean") -> Variable:
    """The mean of d² / 2 up to a distance d = |prediction − target| of `delta`, of delta · (d − delta / 2) beyond it.

    The second derivative at d = delta is that of the square, 1. PyTorch's huber_loss is the same, its smooth_l1_loss
    is this one divided by its `beta`, delta here.

    Args:
        prediction: numbers.
        target: of prediction's shape.
        delta: the distance from which on the loss grows linearly, above 0.
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ, or delta is not positive.
        TypeError: prediction holds no floats.
    Source: Huber 1964, "Robust estimation of a location parameter".

    >>> import numpy as np
    >>> huber(np.array([1.0, 9.0]), np.array([0.0, 0.0]), reduction="none")
    Variable([0.5 8.5])
    """
    x, t = comparable("huber", prediction, target)
    delta = checks.positive("huber", "delta", delta)
    distance = x - t
    near = clip(distance, -delta, delta)
    return reduced("huber", near * (distance - near / 2), reduction)


@dataclass(eq=False)
class LogCosh(Elementwise):
    """log cosh x."""

    flops_per_element = 6

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        self.save(x)
        xp = xp_of(x)
        size = xp.abs(x)
        near = xp.log1p(2 * xp.sinh(xp.minimum(size, 1) / 2) ** 2)  # cosh x = 1 + 2 sinh²(x / 2)
        return xp.where(size < 1, near, size + xp.log1p(xp.exp(-2 * size)) - math.log(2))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * tanh(x)


@ignore_underflow
@advised
def logcosh(prediction: Operand, target: Operand, *, reduction: str = "mean") -> Variable:
    """The mean of log cosh(prediction − target), both of one shape.

    It is half the square of small distances, and large ones less log 2, exact to rounding for both.

    Args:
        prediction: numbers.
        target: of prediction's shape.
        reduction: "mean" over all elements (0 if there are none), "sum", or "none".
    Raises:
        ValueError: the shapes differ.
        TypeError: prediction holds no floats.

    >>> import numpy as np
    >>> logcosh(np.array([1e-5, 1e5]), np.array([0.0, 0.0]), reduction="none").data.tolist()
    [4.99...e-11, 99999.306852...]
    """
    x, t = comparable("logcosh", prediction, target)
    return reduced("logcosh", apply(LogCosh(), x - t), reduction)
