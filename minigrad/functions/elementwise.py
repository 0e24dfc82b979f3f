"""Functions of each element by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from minigrad.backend import Array, errstate, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.core.arithmetic import Elementwise, Power
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand, binary, broadcast
from minigrad.core.variable import Variable, apply, as_variable, as_variables, variable_of


def as_floats(x: Operand) -> Variable:
    """x as a Variable; integers in the float type that NumPy's functions, exp for example, give of them."""
    x = as_variable(x)
    return x if x.dtype.kind == "f" else x.astype(np.result_type(x.dtype, np.float16))


class Sqrt(Elementwise):
    """The square root."""

    formula = "sqrt(x)"

    def forward(self, x: Array) -> Array:
        y = xp_of(x).sqrt(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy / (y * 2)


@implements(np.sqrt)
def sqrt(x: Operand) -> Variable:
    """The square root, elementwise; its derivative at 0 is inf."""
    return apply(Sqrt(), x)


@implements(np.square)
def square(x: Operand) -> Variable:
    """x², elementwise."""
    return as_variable(x) ** 2


class Reciprocal(Elementwise):
    """1 / x."""

    formula = "1 / x"

    def forward(self, x: Array) -> Array:
        y = xp_of(x).reciprocal(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return -gy * y * y


@implements(np.reciprocal)
def reciprocal(x: Operand) -> Variable:
    """1 / x, elementwise; inf at 0, where the derivative is −inf. Of integers it is an integer, as in NumPy."""
    return apply(Reciprocal(), x)


@implements(np.abs)
def abs(x: Operand) -> Variable:  # noqa: A001 - NumPy's name
    """|x|, elementwise; derivative 0 at 0."""
    return as_variable(x).__abs__()


@implements(np.power)
def power(x: Operand, p: Operand) -> Variable:
    """x to the p, elementwise and broadcast, both differentiable.

    The derivatives at 0 follow the limits, inf where they are infinite; x⁰ has derivative 0 towards x. Towards p, that
    of 0ᵖ is 0, −inf at p < 0, and that of a negative x's power NaN.
    """
    return as_variable(x) ** p if isinstance(p, (int, float)) else binary(Power, *as_variables(x, p))


class Masked(Elementwise):
    """x where the mask holds, else 0; its own adjoint."""

    def forward(self, x: Array, mask: Array) -> Array:
        self.save(mask)
        return kernels_of(x).masked(x, mask)

    def backward(self, gy: Variable) -> Gradients:
        (mask,) = self.saved
        return masked(gy, mask.data), None


def masked(x: Variable, mask: Array) -> Variable:
    """x where the mask (bools) holds, else 0; not 0 times x, which may be infinite."""
    return apply(Masked(), x, mask)


class Where(Elementwise):
    """a where the condition holds, else b."""

    def forward(self, condition: Array, a: Array, b: Array) -> Array:
        self.save(condition)
        return xp_of(condition).where(condition, a, b)

    def backward(self, gy: Variable) -> Gradients:
        (condition,) = self.saved
        return None, masked(gy, condition.data), masked(gy, ~condition.data)


@implements(np.where)
def where(condition: Operand, a: Operand, b: Operand) -> Variable:
    """`a` where `condition` holds, `b` elsewhere; all three are broadcast, the condition has no gradient.

    Where it does not hold, a's gradient is 0, not 0 times whatever comes from above.

    >>> where(np.array([True, False]), 1.0, 2.0)
    Variable([1. 2.])
    """
    chosen = as_variable(condition).data != 0
    _, a, b = as_variables(variable_of(chosen), a, b)
    return apply(Where(), *broadcast("where", chosen, a, b))


class Maximum(Elementwise):
    """The larger of a and b; ties share the gradient equally, a NaN gets all of it."""

    def forward(self, a: Array, b: Array) -> Array:
        return self._pick(a, b, xp_of(a).maximum(a, b), a > b)

    def _pick(self, a: Array, b: Array, y: Array, first: Array) -> Array:
        first |= a != a  # noqa: PLR0124 - NumPy takes the first NaN
        self.save((first + (a == b) * 0.5).astype(y.dtype))
        return y

    def backward(self, gy: Variable) -> Gradients:
        (share,) = self.saved
        return masked(gy, share.data > 0) * share, masked(gy, share.data < 1) * (1 - share)


@implements(np.maximum)
def maximum(a: Operand, b: Operand) -> Variable:
    """The larger of a and b, elementwise and broadcast; ties share the gradient equally."""
    return binary(Maximum, *as_variables(a, b))


class Minimum(Maximum):
    """The smaller of a and b; ties share the gradient equally, a NaN gets all of it."""

    def forward(self, a: Array, b: Array) -> Array:
        return self._pick(a, b, xp_of(a).minimum(a, b), a < b)


@implements(np.minimum)
def minimum(a: Operand, b: Operand) -> Variable:
    """The smaller of a and b, elementwise and broadcast; ties share the gradient equally."""
    return binary(Minimum, *as_variables(a, b))


@dataclass(eq=False)
class Clip(Elementwise):
    """x kept between two bounds."""

    low: float | None
    high: float | None

    @errstate(over="ignore")  # a bound beyond the largest float is none
    def forward(self, x: Array) -> Array:
        y = xp_of(x).clip(x, self.low, self.high)
        self.save(x == y)  # a bound lets the gradient pass
        return y

    def backward(self, gy: Variable) -> Gradients:
        (inside,) = self.saved
        return masked(gy, inside.data)


@implements(np.clip)
def clip(x: Operand, low: float | None = None, high: float | None = None) -> Variable:
    """x kept between `low` and `high` (numbers, or None for no bound); the gradient passes inside and at the bounds.

    Integers stay integers if the bounds are some, too.

    Raises:
        TypeError: a bound is no number (use minimum and maximum for arrays).
        ValueError: low is above high.

    >>> clip(np.array([-2.0, 0.5, 2.0]), -1, 1)
    Variable([-1.   0.5  1. ])
    """
    for name, bound in (("low", low), ("high", high)):
        if bound is not None and not isinstance(bound, Real):
            raise TypeError(f"clip: {name} must be a number or None, not {type(bound).__name__}; see minimum, maximum")
        if bound is not None and math.isnan(bound):
            raise ValueError(f"clip: {name} is NaN")
    if low is not None and high is not None and low > high:
        raise ValueError(f"clip: low {low} is above high {high}")
    x = as_variable(x)
    low, high = (
        bound if bound is None else int(bound) if x.dtype.kind != "f" and isinstance(bound, Integral) else float(bound)
        for bound in (low, high)
    )
    return apply(Clip(low, high), x)
