"""Products over axes, right in all derivatives where elements are 0."""

from __future__ import annotations

import math

import numpy as np

from minigrad import checks
from minigrad.backend import Array, ignore_underflow
from minigrad.core.axes import Axis, normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.reduction import Reduction, with_ones
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.shape import concatenate, pad


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
