"""Functions of each element by itself."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable, apply
from minigrad.functions.activation import Sigmoid
from minigrad.functions.elementwise import Clip, Exp, Log, Maximum, Sqrt, masked
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec


def asinh_by_sign(x: Variable) -> Variable:
    """sign(x) · log(|x| + √(x² + 1)): the gradient of |x| at 0 is 0."""
    size = F.abs(x)
    y: Variable = F.log(size + F.sqrt(size * size + 1)) * np.sign(x.data)
    return y


class Asinh(Function):
    """The inverse of the hyperbolic sine."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.arcsinh(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / F.sqrt(x * x + 1)


class ExpWithoutGradient(Exp):
    """Leaves gy out."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return y + gy * 0


class LogAddExp(Function):
    """log(exp(a) + exp(b))."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return np.logaddexp(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy * F.sigmoid(a - b), gy * F.sigmoid(b - a)


class SigmoidOfDifference(Sigmoid):
    """A right sigmoid whose own derivative is inf / inf far out."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.save(x)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        e = F.exp(x)
        return gy * e / (1 + e) ** 2


class LogAddExpTwice(LogAddExp):
    """The first derivative is right, the second NaN where the inputs are far apart."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy * apply(SigmoidOfDifference(), a - b), gy * apply(SigmoidOfDifference(), b - a)


class Sin(Function):
    """sin x."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.sin(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * apply(Cos(), x)


class Cos(Function):
    """cos x."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.cos(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * -apply(Sin(), x)


class CosWithoutSign(Cos):
    """The derivative of cos is −sin."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * apply(Sin(), x)


class SinByCosine(Function):
    """Saves cos(x), a constant to backward: the second derivative is 0."""

    def forward(self, x: Array) -> Array:
        self.save(np.cos(x))
        return np.sin(x)

    def backward(self, gy: Variable) -> Gradients:
        (cosine,) = self.saved
        return gy * cosine


class Sinc(Function):
    """sin(πx) / πx, whose derivative here is 0 / 0 at 0."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.sinc(x)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * self.slope(x)

    def slope(self, x: Variable) -> Variable:
        """The derivative."""
        angle = x * np.pi
        return (apply(Cos(), angle) - apply(Sin(), angle) / angle) / x


class SincPatched(Sinc):
    """The derivative at 0 is put in as the constant 0: right, but its own derivative is lost."""

    def slope(self, x: Variable) -> Variable:
        elsewhere = super().slope(F.where(x.data == 0, 1.0, x))
        return F.where(x.data == 0, 0.0, elsewhere)


def abs_by_root(x: Variable) -> Variable:
    """√x²: 0 / 0 at 0."""
    return F.sqrt(x * x)


class MaximumToBoth(Maximum):
    """Where a and b are equal, both get all of gy."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a >= b, b >= a)
        return np.maximum(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a_wins, b_wins = self.saved
        return masked(gy, a_wins.data), masked(gy, b_wins.data)


class ClipInverted(Clip):
    """Compares the wrong way round: nothing passes."""

    def forward(self, x: Array) -> Array:
        self.save((x < self.low) & (x > self.high))
        return np.clip(x, self.low, self.high)


class ClipBelow(Clip):
    """Forgets the upper bound in the mask."""

    def forward(self, x: Array) -> Array:
        self.save(x >= self.low)
        return np.clip(x, self.low, self.high)


class Arctan2(Function):
    """The angle of the point (b, a)."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return np.arctan2(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        g = gy / (a * a + b * b)
        return g * b, -g * a


class Arctan2OfNumerator(Arctan2):
    """Has a where b belongs."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        g = gy / (a * a + b * b)
        return g * a, -g * a


class SqrtWithEpsilon(Sqrt):
    """Keeps away from a division by 0 by an epsilon, everywhere."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy / (y * 2 + 1e-4)


class Remainder(Function):
    """a − b · floor(a / b)."""

    def forward(self, a: Array, b: Array) -> Array:
        self.save(a, b)
        return np.remainder(a, b)

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy, -gy * np.floor(a.data / b.data)


class RemainderOfTruncation(Remainder):
    """Has the derivative of fmod: trunc for floor."""

    def backward(self, gy: Variable) -> Gradients:
        a, b = self.saved
        return gy, -gy * np.trunc(a.data / b.data)


class LogTimes(Log):
    """gy · x in place of gy / x."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * x


_POSITIVE = (0.01, 100.0)
_BOUNDS = {"low": -1.0, "high": 2.0}

BENCH = [
    Wrong(
        "asinh: by the sign and the size, gradient 0 at 0",
        OpSpec(asinh_by_sign, np.arcsinh),
        "elementwise",
        "tinygrad/tinygrad#17758",
        hint="only where the input is 0",
        right=applied(Asinh),
    ),
    Wrong(
        "exp: gy is left out",
        OpSpec(applied(ExpWithoutGradient), np.exp),
        "elementwise",
        "tenstorrent/tt-metal#6533",
        hint="gy is missing",
        right=F.exp,
    ),
    Wrong(
        "logaddexp: second derivative NaN far out",
        OpSpec(applied(LogAddExpTwice), np.logaddexp, shapes=2, domain=(-1000.0, 1000.0)),
        "elementwise",
        "pytorch/pytorch#196787",
        right=applied(LogAddExp),
    ),
    Wrong(
        "sinc: 0 / 0 at 0",
        OpSpec(applied(Sinc), np.sinc, domain=(-5.0, 5.0)),
        "elementwise",
        "pytorch/pytorch#53989",
        hint="NaN",
    ),
    Wrong(
        "sinc: second derivative 0 at 0",
        OpSpec(applied(SincPatched), np.sinc, domain=(-5.0, 5.0), orders=(1, 2)),
        "elementwise",
        "jax-ml/jax#5054",
    ),
    Wrong(
        "cos: the sign is forgotten",
        OpSpec(applied(CosWithoutSign), np.cos),
        "elementwise",
        hint="the sign",
        right=applied(Cos),
    ),
    Wrong(
        "sin: the cosine is saved",
        OpSpec(applied(SinByCosine), np.sin),
        "elementwise",
        hint="saves an array made on the way",
        right=applied(Sin),
    ),
    Wrong(
        "abs: root of the square, 0 / 0 at 0",
        OpSpec(abs_by_root, np.abs),
        "elementwise",
        "autodiff/autodiff#130",
        hint="NaN",
        right=F.abs,
    ),
    Wrong(
        "maximum: both get all of gy where they are equal",
        OpSpec(applied(MaximumToBoth), np.maximum, shapes=2),
        "elementwise",
        "HIPS/autograd#212",
        hint="ties",
        right=F.maximum,
    ),
    Wrong(
        "clip: comparisons are inverted",
        OpSpec(applied(ClipInverted), lambda x, low, high: np.clip(x, a_min=low, a_max=high), kwargs=_BOUNDS),
        "elementwise",
        "tenstorrent/tt-metal#48201",
        hint="the gradient is missing",
        right=F.clip,
    ),
    Wrong(
        "clip: gy passes above the upper bound",
        OpSpec(applied(ClipBelow), lambda x, low, high: np.clip(x, a_min=low, a_max=high), kwargs=_BOUNDS),
        "elementwise",
        right=F.clip,
    ),
    Wrong(
        "arctan2: numerator for denominator",
        OpSpec(applied(Arctan2OfNumerator), np.arctan2, shapes=2, domain={"b": (0.1, 10.0)}),
        "elementwise",
        "ml-explore/mlx#2451",
        right=applied(Arctan2),
    ),
    Wrong(
        "sqrt: an epsilon in the denominator",
        OpSpec(applied(SqrtWithEpsilon), np.sqrt, domain=_POSITIVE),
        "elementwise",
        right=F.sqrt,
    ),
    Wrong(
        "remainder: trunc for floor",
        OpSpec(applied(RemainderOfTruncation), np.remainder, shapes=2, domain={"b": (0.5, 4.0)}),
        "elementwise",
        right=applied(Remainder),
    ),
    Wrong("log: gy · x for gy / x", OpSpec(applied(LogTimes), np.log, domain=_POSITIVE), "elementwise", right=F.log),
]
