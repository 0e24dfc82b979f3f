"""Activations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable
from minigrad.functions.activation import LeakyReLU, ReLU, Sigmoid, Tanh
from minigrad.functions.elementwise import masked
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec


class LeakyFromOutput(LeakyReLU):
    """Tells the side by y ≥ 0, which holds everywhere when the slope is 0."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * np.where(y.data >= 0, 1, self.slope)


class LeakyFromSignOfOutput(LeakyFromOutput):
    """Tells the side by y > 0, which holds where x is negative when the slope is."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * np.where(y.data > 0, 1, self.slope)


class LogSigmoidZeroAtZero(Function):
    """Has a sign of x in its derivative, which is 0 at 0."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        gx: Variable = gy * F.sigmoid(-x) * np.abs(np.sign(x.data))
        return gx


class TanhOfOutput(Tanh):
    """Takes y for x: 1 − tanh²(y)."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * (1 - F.tanh(y) ** 2)


class TanhOfGradient(Tanh):
    """Takes gy for x: 1 − tanh²(gy)."""

    def backward(self, gy: Variable) -> Gradients:
        return 1 - F.tanh(gy) ** 2


class SigmoidByExp(Sigmoid):
    """Inf / inf where x is very negative."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.save(x)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        e = F.exp(-x)
        return gy * e / (1 + e) ** 2


class SigmoidHalf(Sigmoid):
    """Lacks the factor y of y · (1 − y)."""

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        return gy * (1 - y)


class SoftplusByExp(Function):
    """Inf / inf where exp(x) overflows."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        e = F.exp(x)
        return gy * (e / (1 + e))


class ReLUOfGradient(ReLU):
    """Lets pass what is positive of gy, not where x is."""

    def backward(self, gy: Variable) -> Gradients:
        return masked(gy, gy.data > 0)


@dataclass(eq=False)
class ELU(Function):
    """x where it is positive, alpha · (exp(x) − 1) elsewhere."""

    alpha: float

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.where(x > 0, x, x.dtype.type(self.alpha) * np.expm1(np.minimum(x, 0)))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * F.where(x.data > 0, 1.0, F.exp(F.minimum(x, 0.0)) * self.alpha)


class ELUWithoutAlpha(ELU):
    """Forgets alpha in the derivative."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * F.where(x.data > 0, 1.0, F.exp(F.minimum(x, 0.0)))


class Softsign(Function):
    """x / (1 + |x|), whose derivative lacks a square."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return x / (1 + np.abs(x))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / (1 + F.abs(x))


def _leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


_SLOPES = {"slope": [0.01, 0.25, 0.0]}

BENCH = [
    Wrong(
        "leaky_relu: the side is told by the output, slope 0",
        OpSpec(applied(LeakyFromOutput), _leaky, kwargs=_SLOPES),
        "elementwise",
        "chainer/chainer#5898",
        right=F.leaky_relu,
    ),
    Wrong(
        "leaky_relu: the side is told by the output, negative slope",
        OpSpec(applied(LeakyFromSignOfOutput), _leaky, kwargs={"slope": [0.01, 0.25, -0.5]}),
        "elementwise",
        "pytorch/pytorch#31938",
        right=F.leaky_relu,
    ),
    Wrong(
        "log_sigmoid: gradient 0 at 0",
        OpSpec(applied(LogSigmoidZeroAtZero), lambda x: -np.logaddexp(0, -x)),
        "elementwise",
        "jax-ml/jax#2140",
        hint="only where the input is 0",
        right=lambda x: -F.softplus(-x),
    ),
    Wrong(
        "tanh: y is taken for x",
        OpSpec(applied(TanhOfOutput), np.tanh),
        "elementwise",
        "davidrmiller/neural2d#40",
        right=F.tanh,
    ),
    Wrong(
        "tanh: gy is taken for x",
        OpSpec(applied(TanhOfGradient), np.tanh),
        "elementwise",
        "yizt/numpy_neural_network#6",
        hint="gy enters other than as a factor",
        right=F.tanh,
    ),
    Wrong(
        "sigmoid: inf / inf where x is very negative",
        OpSpec(applied(SigmoidByExp)),
        "elementwise",
        "jeshraghian/snntorch#433",
        right=F.sigmoid,
    ),
    Wrong(
        "sigmoid: a factor is forgotten",
        OpSpec(applied(SigmoidHalf)),
        "elementwise",
        hint="a factor is missing: the output",
        right=F.sigmoid,
    ),
    Wrong(
        "softplus: inf / inf where exp overflows",
        OpSpec(applied(SoftplusByExp), lambda x: np.logaddexp(0, x)),
        "elementwise",
        "tracel-ai/burn#5373",
        right=F.softplus,
    ),
    Wrong(
        "relu: the mask is made of gy",
        OpSpec(applied(ReLUOfGradient), lambda x: np.maximum(x, 0)),
        "elementwise",
        hint="gy enters other than as a factor",
        right=F.relu,
    ),
    Wrong(
        "elu: alpha is forgotten",
        OpSpec(
            applied(ELUWithoutAlpha),
            lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
            kwargs={"alpha": [1.0, 0.5]},
        ),
        "elementwise",
        hint="a factor of 2|only where the input is negative",
        right=applied(ELU),
    ),
    Wrong(
        "softsign: a square is forgotten",
        OpSpec(applied(Softsign), lambda x: x / (1 + np.abs(x))),
        "elementwise",
        right=lambda x: x / (F.abs(x) + 1),
    ),
]
