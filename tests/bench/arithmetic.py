"""The four operations, and powers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.arithmetic import Div, Mul, Neg, Power, PowScalar, Sub
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable, apply
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec
from minigrad.testing.strategies import shapes


class SubPlus(Sub):
    """Gives both operands +gy."""

    def backward(self, gy: Variable) -> Gradients:
        return gy, gy


class DivExchanged(Div):
    """gy / a and gy · b."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return a / b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy / a, gy * b


class DivOnce(DivExchanged):
    """−gy · a / b towards b: the divisor's square is forgotten."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy / b, -gy * a / b


class MulExchanged(Mul):
    """gy · a towards a, gy · b towards b."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return a * b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy * a, gy * b


class MulOnce(MulExchanged):
    """The factor b is forgotten."""

    def backward(self, gy: Variable) -> Gradients:
        a, _ = self.saved
        return gy, gy * a


class MulSavingTooLittle(Mul):
    """Mixes up which gradient needs which factor: nothing is there when only one is asked for."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a if self.needs(0) else None, b if self.needs(1) else None)
        return a * b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy * b if self.needs(0) else None, gy * a if self.needs(1) else None


class NegPlus(Neg):
    """Forgets the sign."""

    def backward(self, gy: Variable) -> Gradients:
        return gy


@dataclass(eq=False)
class ScaleOnce(Function):
    """c · x, whose derivative forgets c."""

    c: float

    def forward(self, x: Array) -> Array:
        return x * self.c

    def backward(self, gy: Variable) -> Gradients:
        return gy


class SquareOnce(Function):
    """x², whose derivative forgets the 2."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return x * x

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * x


class PowUnguarded(PowScalar):
    """c · x to the c − 1 for c = 0, too: 0 times infinity at 0."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return x**self.c

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * self.c * apply(PowScalar(self.c - 1), x)


class PowUnguardedAgain(PowUnguarded):
    """Guards no order: the derivative of x is 1 · x⁰, and the one of x⁰ is 0 / x."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * self.c * apply(PowUnguardedAgain(self.c - 1), x)


class PowByLogarithm(PowUnguarded):
    """By exp and log: NaN where x is negative."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * self.c * F.exp(F.log(x) * (self.c - 1))


class PowerOfZero(Power):
    """y · log(x) towards the exponent: 0 times infinity where x is 0."""

    def backward(self, gy: Variable) -> Gradients:
        x, p, y = self.saved
        gx = gy * p * x ** (p - 1) if self.needs(0) else None
        return gx, gy * y * F.log(x) if self.needs(1) else None


_AWAY = {"b": (0.1, 10.0)}
_TABLES = shapes(min_dims=1, max_dims=3, min_side=1)


BENCH = [
    Wrong(
        "sub: both operands get +gy",
        OpSpec(applied(SubPlus), np.subtract, shapes=2),
        "arithmetic",
        "KhawajaAbaid/micrograd_c#1",
        hint="the sign",
        right=lambda a, b: a - b,
    ),
    Wrong(
        "div: gy / a and gy · b",
        OpSpec(applied(DivExchanged), np.divide, shapes=2, domain=_AWAY),
        "arithmetic",
        "apache/singa#484",
        right=lambda a, b: a / b,
    ),
    Wrong(
        "div: the divisor is not squared",
        OpSpec(applied(DivOnce), np.divide, shapes=2, domain=_AWAY),
        "arithmetic",
        hint="a factor too much: input 1",
        right=lambda a, b: a / b,
    ),
    Wrong(
        "mul: factors are exchanged",
        OpSpec(applied(MulExchanged), np.multiply, shapes=2),
        "arithmetic",
        hint="exchanged",
        right=lambda a, b: a * b,
    ),
    Wrong(
        "mul: a factor is forgotten",
        OpSpec(applied(MulOnce), np.multiply, shapes=2),
        "arithmetic",
        hint="a factor is missing: input 1",
        right=lambda a, b: a * b,
    ),
    Wrong(
        "mul: saves the wrong factor when one gradient is asked for",
        OpSpec(applied(MulSavingTooLittle), np.multiply, shapes=2),
        "arithmetic",
        right=lambda a, b: a * b,
    ),
    Wrong(
        "neg: the sign is forgotten",
        OpSpec(applied(NegPlus), np.negative),
        "arithmetic",
        hint="the sign",
        right=lambda x: -x,
    ),
    Wrong(
        "scale: the constant is forgotten",
        OpSpec(applied(ScaleOnce), lambda x, c: c * x, kwargs={"c": [2.0, -0.5, 3.0]}),
        "arithmetic",
        hint="a factor of",
        right=lambda x, c: x * c,
    ),
    Wrong(
        "square: the 2 is forgotten",
        OpSpec(applied(SquareOnce), np.square),
        "arithmetic",
        hint="a factor of 0.5",
        right=F.square,
    ),
    Wrong(
        "power: x ** 0 at 0",
        OpSpec(applied(PowUnguarded), lambda x, c: x**c, kwargs={"c": [0, 1, 2, 3]}),
        "power",
        "pytorch/pytorch#8940",
        hint="NaN",
        right=lambda x, c: x**c,
    ),
    Wrong(
        "power: higher derivatives at 0",
        OpSpec(applied(PowUnguardedAgain), lambda x, c: x**c, kwargs={"c": [1, 2, 3]}),
        "power",
        "tensorflow/tensorflow#35011",
        right=lambda x, c: x**c,
    ),
    Wrong(
        "power: by logarithms, negative x",
        OpSpec(applied(PowByLogarithm), lambda x, c: x**c, kwargs={"c": [2.0, 3.0]}),
        "power",
        "tinygrad/tinygrad#155",
        hint="NaN",
        right=lambda x, c: x**c,
    ),
    Wrong(
        "power: towards the exponent at 0",
        OpSpec(applied(PowerOfZero), np.power, shapes=2, domain={"x": (0.0, 10.0), "p": (1.0, 3.0)}, orders=(1,)),
        "power",
        "pytorch/pytorch#27134",
        hint="NaN",
        right=F.power,
    ),
]
