"""Whole matrices of derivatives, a row for each element of the function's value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from minigrad.backend import format_array
from minigrad.core.config import enable_grad
from minigrad.core.variable import Variable
from minigrad.functions.shape import reshape, stack
from minigrad.spelling import advised
from minigrad.transforms.places import Evaluation, Place, Results, gradients


@advised
def jacobian(f: Callable[..., Variable], x: Place, *, create_graph: bool = False) -> Results:
    """The derivative of each element of f(x) with respect to each of x.

    It takes a backward pass for each element of f(x).

    Args:
        f: takes a Variable for each x and gives one Variable.
        x: an array, a number or a Variable; or several: see `value_and_grad`.
        create_graph: record the result, so that it can be differentiated.
    Returns:
        (*f(x).shape, *x.shape), (n, m) for a function of (m,) that gives (n,); for several x a tuple, with zeros for
        one that f does not use.
    Raises:
        TypeError, ValueError: see `value_and_grad`.

    >>> import numpy as np
    >>> jacobian(lambda x: x[:2] * x[2], np.array([1.0, 2.0, 3.0]))
    Variable([[3. 0. 1.]
              [0. 3. 2.]])
    """
    at = Evaluation("jacobian", f, x)
    return at.shaped(_jacobians(at.y, at.xs, create_graph=create_graph))


@advised
def hessian(
    f: Callable[..., Variable], x: Place, *, create_graph: bool = False
) -> Variable | tuple[tuple[Variable, ...], ...]:
    """The second derivatives of a scalar function: the Jacobian of its gradient.

    Args:
        f: takes a Variable for each x and gives a scalar.
        x: an array, a number or a Variable; or several: see `value_and_grad`.
        create_graph: record the result, so that it can be differentiated.
    Returns:
        (*x.shape, *x.shape), symmetric to rounding; for several x a tuple of tuples, of which `[i][j]` has the shape
        (*x[i].shape, *x[j].shape).
    Raises:
        TypeError, ValueError: see `value_and_grad`.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1], np.array([1.0, 2.0]))
    Variable([[4. 2.]
              [2. 0.]])
    """
    at = Evaluation("hessian", f, x, scalar=True)
    slopes = gradients(at.y, at.xs, create_graph=True)
    blocks = tuple([_jacobians(slope, at.xs, create_graph=create_graph) for slope in slopes])
    return blocks if at.several else blocks[0][0]


@advised
def batched_jacobian(f: Callable[..., Variable], x: Place, *, create_graph: bool = False) -> Results:
    """The Jacobian of each row of a batch, for an f that computes each row of its value from that row of x alone.

    It takes a backward pass for each element of one row of f(x), and not of all rows. Nothing checks that the rows do
    not mix: with an f that mixes them, as batch normalization does, the result is the sum over the rows of f(x) of
    their derivatives.

    Args:
        f: takes a Variable for each x and gives one Variable, (N, ...).
        x: (N, ...), an array or a Variable; or several with the same N.
        create_graph: record the result, so that it can be differentiated.
    Returns:
        (N, *f(x).shape[1:], *x.shape[1:]); for several x a tuple.
    Raises:
        TypeError, ValueError: see `value_and_grad`; f(x) and x have not the same number of rows.

    >>> import numpy as np
    >>> batched_jacobian(lambda x: x * x, np.array([[1.0, 2.0], [3.0, 4.0]]))
    Variable([[[2. 0.]
               [0. 4.]]
    <BLANKLINE>
              [[6. 0.]
               [0. 8.]]])
    """
    at = Evaluation("batched_jacobian", f, x)
    y = at.y
    for each in at.xs:
        if y.ndim == 0 or each.ndim == 0 or each.shape[0] != y.shape[0]:
            raise ValueError(
                f"batched_jacobian: x and f(x) must have the same number of rows; "
                f"x {format_array(each.data)}, f(x) {format_array(y.data)}"
            )
    return at.shaped(_jacobians(y, at.xs, axes=1, create_graph=create_graph))


def _jacobians(y: Variable, xs: Sequence[Variable], *, axes: int = 0, create_graph: bool) -> tuple[Variable, ...]:
    """The derivatives of y's elements with respect to each x; rows along the first `axes` axes don't mix."""
    lead, shape = y.shape[:axes], y.shape[axes:]
    count = math.prod(shape)
    rows = []
    for i in range(count):
        unit = y.xp.zeros((*lead, count), y.dtype)
        unit[..., i] = 1
        rows.append(gradients(y, xs, unit.reshape(y.shape), create_graph=create_graph))
    found = []
    with enable_grad():
        for j, x in enumerate(xs):
            inside = x.shape[axes:]
            stacked = stack([row[j] for row in rows], axes) if rows else x.xp.zeros((*lead, 0, *inside), x.dtype)
            found.append(reshape(stacked, (*lead, *shape, *inside)))  # (*lead, count, *inside) -> one axis for each
    return tuple(found)
