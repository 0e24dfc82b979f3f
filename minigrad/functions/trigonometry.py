"""Trigonometric and hyperbolic functions, of angles in radians."""

from __future__ import annotations

import numpy as np

from minigrad.backend import Array, ignore_underflow, xp_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.elementwise import sqrt, where


class Sin(Elementwise):
    """The sine."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).sin(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * cos(x)


@implements(np.sin)
def sin(x: Operand) -> Variable:
    """The sine of angles in radians, elementwise.

    >>> sin(np.array([0.0, np.pi / 6, np.pi / 2]))
    Variable([0.  0.5 1. ])
    """
    return apply(Sin(), x)


class Cos(Elementwise):
    """The cosine."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).cos(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * -sin(x)


@implements(np.cos)
def cos(x: Operand) -> Variable:
    """The cosine of angles in radians, elementwise."""
    return apply(Cos(), x)


class Tan(Elementwise):
    """The tangent."""

    def forward(self, x: Array) -> Array:
        y = xp_of(x).tan(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * (1 + y * y)


@implements(np.tan)
def tan(x: Operand) -> Variable:
    """The tangent of angles in radians, elementwise."""
    return apply(Tan(), x)


class Arcsin(Elementwise):
    """The inverse of the sine."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).arcsin(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / cosine_of_arcsin(x)


@implements(np.arcsin)
def arcsin(x: Operand) -> Variable:
    """The angle between −π/2 and π/2 whose sine is x, elementwise; derivative inf at ±1, NaN beyond."""
    return apply(Arcsin(), x)


class Arccos(Elementwise):
    """The inverse of the cosine."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).arccos(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return -gy / cosine_of_arcsin(x)


@implements(np.arccos)
def arccos(x: Operand) -> Variable:
    """The angle between 0 and π whose cosine is x, elementwise; derivative −inf at ±1, NaN beyond."""
    return apply(Arccos(), x)


def cosine_of_arcsin(x: Variable) -> Variable:
    """√(1 − x²); its factors lose no digits near ±1."""
    return sqrt((1 - x) * (1 + x))


class Arctan(Elementwise):
    """The inverse of the tangent."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).arctan(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        inside = abs(x.data) <= 1
        q = where(inside, x, 1 / where(inside, 1, x))  # x² may overflow: 1 / (1 + x²) = q² / (1 + q²) for q = 1 / x
        return gy * where(inside, 1, q * q) / (1 + q * q)


@implements(np.arctan)
def arctan(x: Operand) -> Variable:
    """The angle between −π/2 and π/2 whose tangent is x, elementwise.

    >>> arctan(np.array([-np.inf, 0.0, 1.0]))
    Variable([-1.57079633  0.          0.78539816])
    """
    return apply(Arctan(), x)


class Sinh(Elementwise):
    """The hyperbolic sine."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).sinh(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * cosh(x)


@implements(np.sinh)
def sinh(x: Operand) -> Variable:
    """The hyperbolic sine (eˣ − e⁻ˣ) / 2, elementwise."""
    return apply(Sinh(), x)


class Cosh(Elementwise):
    """The hyperbolic cosine."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).cosh(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * sinh(x)


@implements(np.cosh)
def cosh(x: Operand) -> Variable:
    """The hyperbolic cosine (eˣ + e⁻ˣ) / 2, elementwise."""
    return apply(Cosh(), x)


class Tanh(Elementwise):
    """The hyperbolic tangent."""

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        y = xp_of(x).tanh(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * (1 - y * y)


@implements(np.tanh)
def tanh(x: Operand) -> Variable:
    """The hyperbolic tangent, elementwise."""
    return apply(Tanh(), x)
