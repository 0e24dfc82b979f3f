"""The four operations, and powers."""

from dataclasses import dataclass

import numpy as np

import minigrad.functions as F
from minigrad.core.arithmetic import Div, Mul, Neg, Power, PowScalar, Sub
from minigrad.core.function import Function
from minigrad.core.variable import apply
from minigrad.testing.strategies import shapes
from tests.bench.wrong import wrong


@wrong("arithmetic", np.subtract, of=Sub, shapes=2, hint="the sign", source="KhawajaAbaid/micrograd_c#1")
def sub_plus(self, gy):
    """sub: both operands get +gy."""
    return gy, gy


_AWAY = {"b": (0.1, 10.0)}


@wrong("arithmetic", np.divide, shapes=2, domain=_AWAY, source="apache/singa#484")
class DivExchanged(Div):
    """div: gy / a and gy · b."""

    def forward(self, a, b):
        self.save(a, b)
        return a / b

    def backward(self, gy):
        a, b = self.saved
        return gy / a, gy * b


@wrong(
    "arithmetic",
    np.divide,
    of=DivExchanged,
    shapes=2,
    domain=_AWAY,
    right=lambda a, b: a / b,
    hint="a factor too much: input 1",
)
def div_once(self, gy, a, b):
    """div: the divisor is not squared. −gy · a / b towards b: the divisor's square is forgotten."""
    return gy / b, -gy * a / b


@wrong("arithmetic", np.multiply, shapes=2, hint="exchanged")
class MulExchanged(Mul):
    """mul: factors are exchanged. gy · a towards a, gy · b towards b."""

    def forward(self, a, b):
        self.save(a, b)
        return a * b

    def backward(self, gy):
        a, b = self.saved
        return gy * a, gy * b


@wrong(
    "arithmetic", np.multiply, of=MulExchanged, shapes=2, right=lambda a, b: a * b, hint="a factor is missing: input 1"
)
def mul_once(self, gy, a, _):
    """mul: a factor is forgotten."""
    return gy, gy * a


@wrong("arithmetic", np.multiply, shapes=2)
class MulSavingTooLittle(Mul):
    """mul: saves the wrong factor when one gradient is asked for.
    Mixes up which gradient needs which factor: nothing is there when only one is asked for."""

    def forward(self, a, b):
        self.save(a if self.needs(0) else None, b if self.needs(1) else None)
        return a * b

    def backward(self, gy):
        a, b = self.saved
        return gy * b if self.needs(0) else None, gy * a if self.needs(1) else None


@wrong("arithmetic", np.negative, of=Neg, hint="the sign")
def neg_plus(self, gy):
    """neg: the sign is forgotten."""
    return gy


@wrong("arithmetic", lambda x, c: c * x, kwargs={"c": [2.0, -0.5, 3.0]}, right=lambda x, c: x * c, hint="a factor of")
@dataclass(eq=False)
class ScaleOnce(Function):
    """scale: the constant is forgotten. c · x, whose derivative forgets c."""

    c: float

    def forward(self, x):
        return x * self.c

    def backward(self, gy):
        return gy


@wrong("arithmetic", np.square, right=F.square, hint="a factor of 0.5", forward=lambda x: x * x)
def square_once(self, gy, x):
    """square: the 2 is forgotten. x², whose derivative forgets the 2."""
    return gy * x


@wrong("power", lambda x, c: x**c, kwargs={"c": [0, 1, 2, 3]}, hint="NaN", source="pytorch/pytorch#8940")
class PowUnguarded(PowScalar):
    """power: x ** 0 at 0. c · x to the c − 1 for c = 0, too: 0 times infinity at 0."""

    def forward(self, x):
        self.save(x)
        return x**self.c

    def backward(self, gy):
        (x,) = self.saved
        return gy * self.c * apply(PowScalar(self.c - 1), x)


@wrong(
    "power", lambda x, c: x**c, kwargs={"c": [1, 2, 3]}, right=lambda x, c: x**c, source="tensorflow/tensorflow#35011"
)
class PowUnguardedAgain(PowUnguarded):
    """power: higher derivatives at 0. Guards no order: the derivative of x is 1 · x⁰, and the one of x⁰ is 0 / x."""

    def backward(self, gy):
        (x,) = self.saved
        return gy * self.c * apply(PowUnguardedAgain(self.c - 1), x)


@wrong(
    "power",
    lambda x, c: x**c,
    of=PowUnguarded,
    kwargs={"c": [2.0, 3.0]},
    right=lambda x, c: x**c,
    hint="NaN",
    source="tinygrad/tinygrad#155",
)
def pow_by_logarithm(self, gy, x):
    """power: by logarithms, negative x. By exp and log: NaN where x is negative."""
    return gy * self.c * F.exp(F.log(x) * (self.c - 1))


@wrong(
    "power",
    np.power,
    of=Power,
    shapes=2,
    domain={"x": (0.0, 10.0), "p": (1.0, 3.0)},
    orders=(1,),
    hint="NaN",
    source="pytorch/pytorch#27134",
)
def power_of_zero(self, gy, x, p, y):
    """power: towards the exponent at 0. y · log(x) towards the exponent: 0 times infinity where x is 0."""
    gx = gy * p * x ** (p - 1) if self.needs(0) else None
    return gx, gy * y * F.log(x) if self.needs(1) else None


_TABLES = shapes(min_dims=1, max_dims=3, min_side=1)
