"""Functions of all elements up to each one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minigrad.backend import Array, xp_of
from minigrad.core.axes import normalize_axes
from minigrad.core.function import Function, Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variable


@dataclass(eq=False)
class CumSum(Function):
    """The sums of all elements up to each one, or from each one on (`reverse`), which is the adjoint."""

    axis: int
    reverse: bool = False
    family = "reduction"

    def forward(self, x: Array) -> Array:
        xp = xp_of(x)
        ahead = xp.flip(x, self.axis) if self.reverse else x
        y = xp.cumsum(ahead, self.axis, dtype=np.float64 if x.dtype.kind == "f" else None)
        return (xp.flip(y, self.axis) if self.reverse else y).astype(x.dtype if x.dtype.kind == "f" else y.dtype)

    def backward(self, gy: Variable) -> Gradients:
        return apply(CumSum(self.axis, not self.reverse), gy)


@implements(np.cumsum)
def cumsum(x: Operand, axis: int | None = None) -> Variable:
    """The sum of all elements up to each one along `axis` (of x flattened, by default), added up in float64.

    >>> cumsum(np.array([1.0, 2.0, 4.0]))
    Variable([1. 3. 7.])
    """
    x = as_variable(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    (axis,) = normalize_axes("cumsum", [axis], x.ndim)
    return apply(CumSum(axis), x)
