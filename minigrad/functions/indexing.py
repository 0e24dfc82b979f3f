"""Elements and rows that plain integers choose. What is chosen several times gathers its copies' gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.backend import Array, format_array
from minigrad.core.axes import normalize_axes
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable
from minigrad.functions.shape import indices_within
from minigrad.spelling import advised


def along(x: Variable, indices: Array, axis: int) -> Variable:
    """y[i, …] = x[indices[i, …], …], for axis 0: each position takes its own place along the axis."""
    shape = [1] * x.ndim
    places = [x.xp.arange(n).reshape([*shape[:i], n, *shape[i + 1 :]]) for i, n in enumerate(x.shape)]
    places[axis] = indices
    return x[tuple(places)]


@implements(np.take_along_axis)
def take_along_axis(x: Operand, indices: Any, axis: int = -1) -> Variable:
    """For each position, the element of x whose place along `axis` the indices give, as argmax and argsort return them.

    Args:
        x: an array.
        indices: integers, of as many axes as x; the other axes are broadcast.
        axis: one axis.
    Raises:
        TypeError: indices are no integers.
        ValueError: they do not fit x.
        IndexError: one is out of range.

    >>> x = np.array([[1.0, 2.0], [4.0, 3.0]])
    >>> take_along_axis(x, np.array([[1], [0]]), axis=1)
    Variable([[2.]
              [4.]])
    """
    x = as_variable(x)
    (axis,) = normalize_axes("take_along_axis", [axis], x.ndim)
    chosen = indices_within("take_along_axis", "indices", indices, x, axis)
    others = [(m, n) for i, (m, n) in enumerate(zip(chosen.shape, x.shape, strict=False)) if i != axis]
    if chosen.ndim != x.ndim or any(m != n and 1 not in (m, n) for m, n in others):
        words = f"there must be as many axes, and all but axis {axis} broadcast"
        raise ValueError(f"take_along_axis: {words}; x {format_array(x)}, indices {format_array(chosen)}")
    return along(x, chosen, axis)


@advised
def embedding(x: Any, w: Operand) -> Variable:
    """The rows of w that the integers x name, such as words' vectors; a row named several times adds up its gradients.

    Args:
        x: integers from 0 to V − 1, of any shape (...).
        w: a row for each integer, (V, features).
    Returns:
        (..., features).
    Raises:
        TypeError: x are no integers.
        ValueError: w is no matrix.
        IndexError: one of x is out of range.

    >>> embedding(np.array([1, 1, 0]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    Variable([[3. 4.]
              [3. 4.]
              [1. 2.]])
    """
    w = as_variable(w)
    if w.ndim != 2:
        raise ValueError(f"embedding: w must be (V, features), not {format_array(w)}")
    return w[indices_within("embedding", "x", x, w, 0, name="w", negative=False)]
