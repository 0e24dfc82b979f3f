"""The order of elements: largest, smallest, sorted. Indices are plain arrays, values keep their gradients."""

from __future__ import annotations

import numpy as np

from minigrad import checks
from minigrad.backend import Array, format_array
from minigrad.core.axes import normalize_axes
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable
from minigrad.functions.indexing import along
from minigrad.spelling import advised


@implements(np.argmax)
def argmax(x: Operand, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """The index of the maximum along `axis` (of x flattened, by default), the first of several; plain integers.

    Raises:
        ValueError: there is no such axis, or nothing along it.

    >>> argmax(np.array([[1.0, 3.0, 3.0], [2.0, 1.0, 0.0]]), 1)
    array([1, 0])
    """
    return _place("argmax", x, axis, keepdims=keepdims)


@implements(np.argmin)
def argmin(x: Operand, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """The index of the minimum along `axis` (of x flattened, by default), the first of several; plain integers.

    Raises:
        ValueError: there is no such axis, or nothing along it.
    """
    return _place("argmin", x, axis, keepdims=keepdims)


def _place(function: str, operand: Operand, axis: int | None, *, keepdims: bool) -> Array:
    x = as_variable(operand)
    keepdims = checks.boolean(function, "keepdims", keepdims)
    if axis is not None:
        (axis,) = normalize_axes(function, [axis], x.ndim)
    if (x.size if axis is None else x.shape[axis]) == 0:
        raise ValueError(f"{function}: there is none over axis {axis} of the empty {format_array(x)}")
    return getattr(x.xp, function)(x.data, axis=axis, keepdims=keepdims)


@implements(np.argsort)
def argsort(x: Operand, axis: int | None = -1) -> Array:
    """The indices that sort x along `axis` (x flattened, if None), ascending; plain integers.

    Equal elements keep their order, a NaN comes last.
    """
    x = as_variable(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    (axis,) = normalize_axes("argsort", [axis], x.ndim)
    return x.xp.argsort(x.data, axis=axis, kind="stable")


@implements(np.sort)
def sort(x: Operand, axis: int | None = -1) -> Variable:
    """The elements along `axis` (of x flattened, if None) in ascending order; a NaN comes last.

    Each gradient goes back to where its element came from. Equal elements keep their order, in the gradient as well.

    >>> sort(np.array([3.0, 1.0, 2.0]))
    Variable([1. 2. 3.])
    """
    x = as_variable(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    (axis,) = normalize_axes("sort", [axis], x.ndim)
    return along(x, argsort(x, axis), axis)


@advised
def topk(x: Operand, k: int, axis: int = -1, *, largest: bool = True) -> tuple[Variable, Array]:
    """The k largest elements along `axis`, in descending order, and their indices.

    Each gradient goes back to where its element came from; the others get 0. Of equal elements the first come first; a
    NaN is the largest.

    Args:
        x: an array.
        k: how many, from 0 to the length of the axis.
        axis: one axis.
        largest: False gives the k smallest, in ascending order.
    Returns:
        the values, a Variable, and the indices, plain integers; both of x's shape with k along the axis.
    Raises:
        TypeError: k is no integer.
        ValueError: there are not so many.

    >>> topk(np.array([1.0, 3.0, 2.0]), 2)
    (Variable([3. 2.]), array([1, 2]))
    """
    x = as_variable(x)
    (axis,) = normalize_axes("topk", [axis], x.ndim)
    n = x.shape[axis]
    if checks.integer("topk", "k", k, least=0) > n:
        raise ValueError(f"topk: k {k} exceeds the {n} elements along axis {axis} of {format_array(x)}")
    flip = x.xp.flip
    if not checks.boolean("topk", "largest", largest):
        order = argsort(x, axis)
    else:  # descending: from behind, so that of equal ones the first come first
        order = n - 1 - flip(argsort(flip(x.data, axis), axis), axis)
    indices = order[(*(slice(None),) * axis, slice(k))]
    return along(x, indices, axis), indices
