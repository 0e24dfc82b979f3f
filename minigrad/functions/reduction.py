"""Reductions over axes."""

from __future__ import annotations

import math

import numpy as np

from minigrad import checks
from minigrad.backend import (
    Array,
    accumulation_dtype,
    errstate,
    format_array,
    ignore_underflow,
    sum_rounded,
    sum_wide,
    xp_of,
)
from minigrad.core.axes import Axis, normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.reduction import Reduction, with_ones
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.activation import log_sum_exp
from minigrad.functions.elementwise import abs, exp, masked, sqrt, where  # noqa: A004
from minigrad.functions.shape import concatenate, pad
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


class Prod(Reduction):
    """The product over some axes."""

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        self.save(x)
        if x.dtype.kind != "f":
            return x.prod(self.axis, keepdims=self.keepdims)
        return x.prod(self.axis, dtype=np.float64, keepdims=self.keepdims).astype(x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        others = _products_of_others(x.astype(np.float64), self.axis)
        return gy.reshape(with_ones(x.shape, self.axis)) * others


def _products_of_others(x: Variable, axis: tuple[int, ...]) -> Variable:
    """For each element, the product of the others along some axes."""
    order = [*(i for i in range(x.ndim) if i not in axis), *axis]
    moved = x.transpose(order)
    rows = moved.reshape(*moved.shape[: x.ndim - len(axis)], math.prod(x.shape[i] for i in axis))
    return _products_in_rows(rows).reshape(moved.shape).transpose([order.index(i) for i in range(x.ndim)])


def _products_in_rows(x: Variable) -> Variable:
    """For each element of each row, the product of the row's others: without a division, as elements may be 0."""
    n = x.shape[-1]
    if n < 2:
        return as_variable(x.xp.ones_like(x.data))
    half = (n + 1) // 2
    x = pad(x, [*[(0, 0)] * (x.ndim - 1), (0, 2 * half - n)], value=1.0)
    a, b = x[..., :half], x[..., half:]
    of_other_pairs = _products_in_rows(a * b)
    return concatenate([b * of_other_pairs, a * of_other_pairs], -1)[..., :n]


@implements(np.prod)
def prod(x: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    """The product over `axis` (all by default), of float16 and float32 computed in float64; 1 of nothing.

    Derivatives of every order are right where elements are 0, too.

    >>> x = Variable(np.array([2.0, 0.0, 4.0]))
    >>> prod(x).backward()
    >>> x.grad
    Variable([0. 8. 0.])
    """
    x = as_variable(x)
    axes = tuple(sorted(normalize_axes("prod", axis, x.ndim)))
    return apply(Prod(axes, checks.boolean("prod", "keepdims", keepdims)), x)


class Norm(Reduction):
    """√Σ x²; derivative 0 where all are 0."""

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        xp, wide = xp_of(x), x.astype(accumulation_dtype(x.dtype), copy=False)
        exponent = 0
        if x.size:  # scaled by a power of 2 no square overflows, and nothing is rounded
            exponent = xp.frexp(xp.abs(wide).max(self.axis, keepdims=True))[1]
        scaled = xp.ldexp(wide, -exponent)
        y = xp.ldexp(xp.sqrt(sum_wide(scaled * scaled, self.axis, keepdims=True)), exponent).astype(x.dtype, copy=False)
        y = y if self.keepdims else y.squeeze(self.axis)
        self.save(x, y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, y = self.saved
        shape = with_ones(x.shape, self.axis)
        gy, y = gy.reshape(shape), y.reshape(shape)
        somewhere = y.data != 0
        return masked(gy, somewhere) * (x / where(somewhere, y, 1.0))

    def flops(self) -> int:
        """Of each input: a square, an addition; of each output: a root."""
        return 2 * self.input_size(0) + math.prod(self.output[0])


@implements(np.linalg.norm)
def norm(
    x: Operand,
    ord: float | str | None = None,  # noqa: A002 - NumPy's name
    axis: Axis = None,
    *,
    keepdims: bool = False,
) -> Variable:
    """The length of vectors along `axis`, √Σ x², or that of all of x or of matrices as if they were vectors.

    The derivative is x over the norm; where all are 0, it is chosen to be 0.

    Args:
        x: an array; integers become float64.
        ord: None or 2 for √Σ x², 1 for Σ |x|, inf for max |x|. "fro" (Frobenius) is √Σ x² of matrices.
        axis: one axis; with ord None several, or all (None); with "fro" the two of matrices.
        keepdims: keep these axes, with length 1.
    Raises:
        ValueError: it is another ord, or not of so many axes (the matrices' norms of ord 1, 2 and inf are not here).

    >>> norm(np.array([3.0, 4.0])), norm(np.array([3.0, -4.0]), 1), norm(np.array([3.0, -4.0]), np.inf)
    (Variable(5.), Variable(7.), Variable(4.))
    """
    x = as_variable(x)
    axes = tuple(sorted(normalize_axes("norm", axis, x.ndim)))
    keepdims = checks.boolean("norm", "keepdims", keepdims)
    if ord not in (None, 1, 2, np.inf, "fro"):
        raise ValueError(f'norm: ord must be None, 1, 2, inf or "fro", not {ord!r}')
    if ord is not None and len(axes) != (2 if ord == "fro" else 1):
        wanted = "the two axes of matrices" if ord == "fro" else "one axis"
        raise ValueError(f"norm: ord {ord!r} is over {wanted}, not {len(axes)}; x {format_array(x)}")
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    if ord == 1:
        return sum(abs(x), axes, keepdims=keepdims)
    if ord == np.inf:
        if x.shape[axes[0]] == 0:
            raise ValueError(f"norm: there is no maximum over axis {axis} of the empty {format_array(x)}")
        return max(abs(x), axes, keepdims=keepdims)
    return apply(Norm(axes, keepdims), x)


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
        if self.infinite.any():  # inf − inf again: the equal ones share, as max's do
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
