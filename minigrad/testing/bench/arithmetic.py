"""The four operations, powers, and what broadcasting asks of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.arithmetic import BroadcastTo, Div, Mul, Neg, Power, PowScalar, Sub
from minigrad.backend import Array
from minigrad.function import Function, Gradients
from minigrad.testing.bench.draws import vectors
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import broadcastable, shapes
from minigrad.variable import Variable, apply


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


class AddBroadcast(Function):
    """a + b of shapes that broadcast, with gy for both."""

    def forward(self, a: Array, b: Array) -> Array:
        return a + b

    def backward(self, gy: Variable) -> Gradients:
        return gy, gy


class MulBroadcast(Function):
    """a · b of shapes that broadcast; sums over new axes, not over stretched ones."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return a * b

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return tuple(
            g.sum(tuple(range(g.ndim - x.ndim))) if g.ndim > x.ndim else g for g, x in ((gy * b, a), (gy * a, b))
        )


class AddBias(Function):
    """x + b for a matrix x (N, C) and a bias b (C,), summed over the wrong axis: a square hides it."""

    def forward(self, x: Array, b: Array) -> Array:
        return x + b

    def backward(self, gy: Variable) -> Gradients:
        return gy, gy.sum(1)


class BroadcastTakingFirst(BroadcastTo):
    """Takes the first of each new axis' gradients in place of their sum."""

    def backward(self, gy: Variable) -> Gradients:
        while gy.ndim > len(self.source):
            gy = gy[0]
        return gy.sum_to(self.source)


class BroadcastToMean(BroadcastTo):
    """The mean of the copies' gradients in place of their sum."""

    def backward(self, gy: Variable) -> Gradients:
        copies = max(gy.size, 1) / max(int(np.prod(self.source)), 1)
        return gy.sum_to(self.source) / copies


@dataclass(eq=False)
class Repeat(Function):
    """Each row n times, one after the other."""

    n: int

    def forward(self, x: Array) -> Array:
        return np.repeat(x, self.n, axis=0)

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(-1, self.n, *gy.shape[1:]).sum(1)


class RepeatAsTile(Repeat):
    """Groups the copies as tile lays them out."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self.n, -1, *gy.shape[1:]).sum(0)


class Tile(Repeat):
    """All rows, n times over."""

    def forward(self, x: Array) -> Array:
        return np.tile(x, (self.n, *[1] * (x.ndim - 1)))

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self.n, -1, *gy.shape[1:]).sum(0)


class TileFirst(Tile):
    """Hands back the gradient of the first copy."""

    def backward(self, gy: Variable) -> Gradients:
        return gy[: gy.shape[0] // self.n]


@st.composite
def _stretched(draw: st.DrawFn) -> Call:
    small, shape = draw(broadcastable(2, min_side=1))
    return Call((small,), {"shape": np.broadcast_shapes(small, shape)})


def _bias(side: tuple[int, ...]) -> Call:
    return Call((side, side[-1:]))


def _tiled(x: Array, n: int) -> Array:
    return np.concatenate([x] * n)


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
    Wrong(
        "add: not summed over stretched axes",
        OpSpec(applied(AddBroadcast), np.add, shapes=broadcastable(2)),
        "broadcast",
        "deeplearning4j/nd4j#2424",
        hint="not summed over the broadcast axis",
        right=lambda a, b: a + b,
    ),
    Wrong(
        "mul: summed over new axes only",
        OpSpec(applied(MulBroadcast), np.multiply, shapes=broadcastable(2)),
        "broadcast",
        hint="not summed over the broadcast axis",
        right=lambda a, b: a * b,
    ),
    Wrong(
        "bias: summed over the wrong axis, a square hides it",
        OpSpec(applied(AddBias), np.add, shapes=shapes(min_dims=2, max_dims=2, min_side=1).map(_bias)),
        "broadcast",
        "HomericIntelligence/Odyssey#2080",
        right=lambda x, b: x + b,
    ),
    Wrong(
        "broadcast_to: new axes are not summed",
        OpSpec(applied(BroadcastTakingFirst), lambda x, shape: np.broadcast_to(x, shape), shapes=_stretched()),
        "broadcast",
        "pytorch/pytorch#998",
        hint="not summed over the broadcast axis",
        right=F.broadcast_to,
    ),
    Wrong(
        "broadcast_to: the mean for the sum",
        OpSpec(applied(BroadcastToMean), lambda x, shape: np.broadcast_to(x, shape), shapes=_stretched()),
        "broadcast",
        hint="a factor of",
        right=F.broadcast_to,
    ),
    Wrong(
        "repeat: the copies are grouped as tile's",
        OpSpec(applied(RepeatAsTile), lambda x, n: np.repeat(x, n, axis=0), shapes=_TABLES, kwargs={"n": [1, 2, 3]}),
        "broadcast",
        "tenstorrent/tt-metal#55799",
        right=applied(Repeat),
    ),
    Wrong(
        "tile: the first copy's gradient alone",
        OpSpec(applied(TileFirst), _tiled, shapes=_TABLES, kwargs={"n": [1, 2, 3]}),
        "broadcast",
        "pytorch/pytorch#2095",
        right=applied(Tile),
    ),
]
