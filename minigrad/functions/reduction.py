"""Reductions over axes."""

from __future__ import annotations

import math

import numpy as np

from minigrad import checks
from minigrad.backend import Array, format_array
from minigrad.core.axes import Axis, normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.reduction import Reduction, with_ones
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.activation import log_sum_exp, subtract_max
from minigrad.functions.elementwise import exp, sqrt
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

    Raises:
        ValueError: ddof leaves nothing to divide by.
    """
    return _variance("var", x, axis, ddof, keepdims)


@implements(np.std)
def std(x: Operand, axis: Axis = None, *, ddof: int = 0, keepdims: bool = False) -> Variable:
    """The square root of `var`; where all are equal, 0 with gradient 0."""
    variance = _variance("std", x, axis, ddof, keepdims)
    varies = (variance.data > 0).astype(variance.dtype)
    root: Variable = sqrt(variance + (1 - varies)) * varies  # the root of 1 instead of 0, whose derivative is infinite
    return root


def _variance(function: str, x: Operand, axis: Axis, ddof: int, keepdims: bool) -> Variable:
    x = as_variable(x)
    count = math.prod([x.shape[i] for i in normalize_axes(function, axis, x.ndim)])
    if count <= checks.number(function, "ddof", ddof):
        there = f"{count} elements over axis {axis} of {format_array(x)}"
        raise ValueError(f"{function}: ddof={ddof} needs more than {there}")
    distance = x - x.mean(axis, keepdims=True)
    variance: Variable = (distance * distance).mean(axis, keepdims=keepdims) * (count / (count - ddof))
    return variance


class LogSumExp(Reduction):
    """log Σ exp(x)."""

    def forward(self, x: Array) -> Array:
        y = x.max(self.axis, keepdims=True) + log_sum_exp(subtract_max(x, self.axis), self.axis)
        self.save(x)
        self.shape = x.shape
        return y if self.keepdims else y.reshape([n for i, n in enumerate(x.shape) if i not in self.axis])

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        share = exp(x - logsumexp(x, self.axis, keepdims=True))
        return gy.reshape(with_ones(self.shape, self.axis)) * share

    def flops(self) -> int:
        """Of each input: a maximum, a subtraction, an exponential, an addition; of each output: log, an addition."""
        return 4 * self.input_size(0) + 2 * math.prod(self.output[0])


@advised
def logsumexp(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    """log Σ exp(x) over `axis` (all by default), for any finite x.

    Raises:
        ValueError: there is nothing to add up.

    >>> logsumexp(np.array([1000.0, 1000.0]))
    Variable(1000.69314718)
    """
    x = as_variable(x)
    axes = normalize_axes("logsumexp", axis, x.ndim)
    if any(x.shape[i] == 0 for i in axes):
        raise ValueError(f"logsumexp: there is nothing over axis {axis} of the empty {format_array(x)}")
    return apply(LogSumExp(axes, keepdims), x)
