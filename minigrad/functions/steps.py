"""Step functions: constant but for jumps, so that their derivative is 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minigrad import checks
from minigrad.backend import Array, errstate, xp_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply


class Step(Elementwise):
    """A function of steps: no gradient passes."""

    def backward(self, gy: Variable) -> Gradients:  # noqa: ARG002
        return None


class Sign(Step):
    """−1, 0 or 1."""

    def forward(self, x: Array) -> Array:
        return xp_of(x).sign(x)


@implements(np.sign)
def sign(x: Operand) -> Variable:
    """−1 of what is negative, 0 of 0, 1 of what is positive, elementwise; derivative 0, also at 0.

    >>> sign(np.array([-2.0, 0.0, 3.0]))
    Variable([-1.  0.  1.])
    """
    return apply(Sign(), x)


class Floor(Step):
    """The next integer below."""

    def forward(self, x: Array) -> Array:
        return xp_of(x).floor(x)


@implements(np.floor)
def floor(x: Operand) -> Variable:
    """The largest integer that is not above x, elementwise; derivative 0, also at integers."""
    return apply(Floor(), x)


class Ceil(Step):
    """The next integer above."""

    def forward(self, x: Array) -> Array:
        return xp_of(x).ceil(x)


@implements(np.ceil)
def ceil(x: Operand) -> Variable:
    """The smallest integer that is not below x, elementwise; derivative 0, also at integers."""
    return apply(Ceil(), x)


@dataclass(eq=False)
class Round(Step):
    """The nearest number with so many decimals."""

    decimals: int

    @errstate(over="ignore", invalid="ignore")
    def forward(self, x: Array) -> Array:
        y = xp_of(x).round(x, self.decimals)
        if self.decimals <= 0 or x.dtype.kind != "f":
            return y
        return xp_of(x).where(xp_of(y).isfinite(y), y, x)  # a number too large for NumPy's x · 10^decimals has fewer


@implements(np.round, np.around)
def round(x: Operand, decimals: int = 0) -> Variable:  # noqa: A001 - NumPy's name
    """The nearest number with so many decimals, elementwise; derivative 0, also at the jumps.

    Half way between two it is the even one, as in NumPy; −2 decimals give hundreds.

    Raises:
        TypeError: decimals is no int.

    >>> round(np.array([0.5, 1.5, 2.6])), round(np.array([1234.56]), -2)
    (Variable([0. 2. 3.]), Variable([1200.]))
    """
    return apply(Round(checks.integer("round", "decimals", decimals, least=None)), x)
