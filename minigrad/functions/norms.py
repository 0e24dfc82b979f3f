"""Norms: the lengths of vectors, and of matrices."""

from __future__ import annotations

import math

import numpy as np

from minigrad import checks
from minigrad.backend import Array, accumulation_dtype, format_array, ignore_underflow, sum_wide, xp_of
from minigrad.core.axes import Axis, normalize_axes
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.reduction import Reduction, with_ones
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.elementwise import abs, masked, where  # noqa: A004
from minigrad.functions.reduction import max, sum  # noqa: A004


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
