"""Reductions over axes."""

from __future__ import annotations

import math

import numpy as np

from minigrad import checks
from minigrad.backend import Array, errstate, format_array, ignore_underflow, may_hold, sum_rounded
from minigrad.core.axes import Axis, normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.reduction import Reduction, with_ones
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.activation import log_sum_exp
from minigrad.functions.elementwise import exp, sqrt, where
from minigrad.spelling import advised


@implements(np.sum)
def sum(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:  # noqa: A001 - NumPy's name
    """The sum over `axis` (all by default); float16 is added up in float32."""
    return as_variable(x).sum(axis, keepdims=keepdims)


@implements(np.mean)
def mean(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    """The mean over `axis` (all by default)."""
    return as_variable(x).mean(axis, keepdims=keepdims)


@implements(np.max)
def max(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:  # noqa: A001
    """The maximum over `axis` (all by default); ties share the gradient equally."""
    return as_variable(x).max(axis, keepdims=keepdims)


@implements(np.min)
def min(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:  # noqa: A001
    """The minimum over `axis` (all by default); ties share the gradient equally."""
    return as_variable(x).min(axis, keepdims=keepdims)


@implements(np.var)
def var(x: Operand, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Variable:
    """The squared distances from the mean over `axis` (all by default), added up and divided by their count − ddof.

    As in NumPy, ddof is 0 by default; PyTorch's var has `correction` 1, ddof=1 here.

    Raises:
        ValueError: ddof leaves nothing to divide by.
    """
    return _variance("var", x, axis, ddof, keepdims)


@implements(np.std)
def std(x: Operand, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Variable:
    """The square root of `var`; where all are equal, 0 with gradient 0.

    As in NumPy, ddof is 0 by default: it divides by n. PyTorch's std divides by n − 1: ddof=1 (its `correction`).
    """
    variance = _variance("std", x, axis, ddof, keepdims)
    varies = (variance.data > 0).astype(variance.dtype)
    root: Variable = sqrt(variance + (1 - varies)) * varies  # the root of 1 instead of 0, whose derivative is infinite
    return root


@ignore_underflow
def _variance(function: str, x: Operand, axis: Axis, ddof: int, keepdims: bool) -> Variable:
    x = as_variable(x)
    axes = normalize_axes(function, axis, x.ndim)
    count = math.prod([x.shape[i] for i in axes])
    if count <= checks.number(function, "ddof", ddof):
        there = f"{count} elements over axis {axis} of {format_array(x)}"
        raise ValueError(f"{function}: ddof={ddof} needs more than {there}")
    mean = x.mean(axis, keepdims=True)
    error = sum_rounded(x.data - mean.data, axes, keepdims=True) / count  # of the rounded mean; without it, a constant
    distance = x - (mean + error)  # column would vary
    variance: Variable = (distance * distance).mean(axis, keepdims=keepdims) * (count / (count - ddof))
    return variance


class LogSumExp(Reduction):
    """log Σ exp(x)."""

    @errstate(over="ignore", under="ignore", divide="ignore")
    def forward(self, x: Array) -> Array:
        best = x.max(self.axis, keepdims=True)
        best = np.where(np.isinf(best), 0, best).astype(best.dtype)  # inf − inf is NaN
        y = best + log_sum_exp(x - best, self.axis)
        self.save(x)
        self.infinite = np.isinf(y)
        self.shape = x.shape
        return y if self.keepdims else y.reshape([n for i, n in enumerate(x.shape) if i not in self.axis])

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        if may_hold(self.infinite):  # inf − inf again: the equal ones share, as max's do
            best = x.data.max(self.axis, keepdims=True)
            x = where(self.infinite, np.where(x.data == best, 0, -np.inf).astype(x.dtype), x)
        share = exp(x - logsumexp(x, self.axis, keepdims=True))
        return gy.reshape(with_ones(self.shape, self.axis)) * share

    def flops(self) -> int:
        """Of each input: a maximum, a subtraction, an exponential, an addition; of each output: log, an addition."""
        return 4 * self.input_size(0) + 2 * math.prod(self.output[0])


@advised
def logsumexp(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    """log Σ exp(x) over `axis` (all by default), for any x, also −inf or inf.

    The gradient is softmax(x); where the result is infinite, those equal to it share the gradient equally.

    Raises:
        ValueError: there is nothing to add up.

    >>> logsumexp(np.array([1000.0, 1000.0]))
    Variable(1000.69314718)
    """
    x = as_variable(x)
    axes = normalize_axes("logsumexp", axis, x.ndim)
    if any(x.shape[i] == 0 for i in axes):
        raise ValueError(f"logsumexp: there is nothing over axis {axis} of the empty {format_array(x)}")
    return apply(LogSumExp(axes, checks.boolean("logsumexp", "keepdims", keepdims)), x)
