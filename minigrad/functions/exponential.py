"""Exponentials, logarithms and the error function."""

from __future__ import annotations

import math

import numpy as np

from minigrad.backend import Array, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.function import Gradients
from minigrad.core.numpy_protocol import implements
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.elementwise import as_floats, clip
from minigrad.spelling import advised


class Exp(Elementwise):
    """e to the x."""

    formula = "exp(x)"

    def forward(self, x: Array) -> Array:
        y = xp_of(x).exp(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * y


@implements(np.exp)
def exp(x: Operand) -> Variable:
    """e to the x, elementwise.

    >>> exp(0.0)
    Variable(1.)
    """
    return apply(Exp(), x)


class Expm1(Elementwise):
    """e to the x, minus 1."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).expm1(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * exp(x)  # not y + 1, which loses all digits where y is nearly −1


@implements(np.expm1)
def expm1(x: Operand) -> Variable:
    """e to the x, minus 1, elementwise; unlike exp(x) − 1 exact to rounding near 0.

    >>> expm1(np.array([1e-20]))
    Variable([1.e-20])
    """
    return apply(Expm1(), x)


class Log(Elementwise):
    """The natural logarithm."""

    formula = "log(x)"

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).log(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / x


@implements(np.log)
def log(x: Operand) -> Variable:
    """The natural logarithm, elementwise; −inf at 0, where the derivative is inf."""
    return apply(Log(), x)


class Log1p(Elementwise):
    """The natural logarithm of 1 + x."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).log1p(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / (1 + x)


@implements(np.log1p)
def log1p(x: Operand) -> Variable:
    """The natural logarithm of 1 + x, elementwise; unlike log(1 + x) exact to rounding near 0.

    It is −inf at −1, where the derivative is inf.

    >>> log1p(np.array([1e-20]))
    Variable([1.e-20])
    """
    return apply(Log1p(), x)


class Log2(Elementwise):
    """The logarithm to base 2."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).log2(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / math.log(2) / x


@implements(np.log2)
def log2(x: Operand) -> Variable:
    """The logarithm to base 2, elementwise; −inf at 0, where the derivative is inf."""
    return apply(Log2(), x)


class Log10(Elementwise):
    """The logarithm to base 10."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return xp_of(x).log10(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / math.log(10) / x


@implements(np.log10)
def log10(x: Operand) -> Variable:
    """The logarithm to base 10, elementwise; −inf at 0, where the derivative is inf."""
    return apply(Log10(), x)


class Erf(Elementwise):
    """The error function."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return kernels_of(x).erf(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        x = clip(x, -30, 30)  # beyond, exp(−x²) is 0 in every float type, and x² may overflow
        return gy * exp(-x * x) * (2 / math.sqrt(math.pi))


@advised
def erf(x: Operand) -> Variable:
    """The error function, (2/√π) ∫ exp(−t²) dt from 0 to x, elementwise: between −1 and 1.

    The probability that a normally distributed number is below x is (1 + erf(x / √2)) / 2.

    >>> erf(np.array([-np.inf, 0.0, 1.0]))
    Variable([-1.          0.          0.84270079])
    """
    return apply(Erf(), as_floats(x))
