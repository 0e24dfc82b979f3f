"""Activations."""

from dataclasses import dataclass

import numpy as np

import minigrad.functions as F
from minigrad.core.function import Function
from minigrad.functions.activation import LeakyReLU, ReLU, Sigmoid
from minigrad.functions.elementwise import masked
from minigrad.functions.trigonometry import Tanh
from tests.bench.wrong import wrong


def _leaky(x, slope):
    return np.where(x > 0, x, slope * x)


_SLOPES = {"slope": [0.01, 0.25, 0.0]}


@wrong("elementwise", _leaky, kwargs=_SLOPES, source="chainer/chainer#5898")
class LeakyFromOutput(LeakyReLU):
    """leaky_relu: the side is told by the output, slope 0.
    Tells the side by y ≥ 0, which holds everywhere when the slope is 0."""

    def forward(self, x):
        y = super().forward(x)
        self.save(y)
        return y

    def backward(self, gy):
        (y,) = self.saved
        return gy * np.where(y.data >= 0, 1, self.slope)


@wrong(
    "elementwise",
    _leaky,
    of=LeakyFromOutput,
    kwargs={"slope": [0.01, 0.25, -0.5]},
    right=F.leaky_relu,
    source="pytorch/pytorch#31938",
)
def leaky_from_sign_of_output(self, gy, y):
    """leaky_relu: the side is told by the output, negative slope.
    Tells the side by y > 0, which holds where x is negative when the slope is."""
    return gy * np.where(y.data > 0, 1, self.slope)


@wrong(
    "elementwise",
    lambda x: -np.logaddexp(0, -x),
    right=lambda x: -F.softplus(-x),
    hint="only where the input is 0",
    source="jax-ml/jax#2140",
    forward=lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
)
def log_sigmoid_zero_at_zero(self, gy, x):
    """log_sigmoid: gradient 0 at 0. Has a sign of x in its derivative, which is 0 at 0."""
    return gy * F.sigmoid(-x) * np.abs(np.sign(x.data))


@wrong("elementwise", np.tanh, of=Tanh, source="davidrmiller/neural2d#40")
def tanh_of_output(self, gy, y):
    """tanh: y is taken for x. Takes y for x: 1 − tanh²(y)."""
    return gy * (1 - F.tanh(y) ** 2)


@wrong("elementwise", np.tanh, of=Tanh, hint="gy enters other than as a factor", source="yizt/numpy_neural_network#6")
def tanh_of_gradient(self, gy):
    """tanh: gy is taken for x. Takes gy for x: 1 − tanh²(gy)."""
    return 1 - F.tanh(gy) ** 2


@wrong("elementwise", source="jeshraghian/snntorch#433")
class SigmoidByExp(Sigmoid):
    """sigmoid: inf / inf where x is very negative."""

    def forward(self, x):
        y = super().forward(x)
        self.save(x)
        return y

    def backward(self, gy):
        (x,) = self.saved
        e = F.exp(-x)
        return gy * e / (1 + e) ** 2


@wrong("elementwise", of=Sigmoid, hint="a factor is missing: the output")
def sigmoid_half(self, gy, y):
    """sigmoid: a factor is forgotten. Lacks the factor y of y · (1 − y)."""
    return gy * (1 - y)


@wrong(
    "elementwise",
    lambda x: np.logaddexp(0, x),
    right=F.softplus,
    source="tracel-ai/burn#5373",
    forward=lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
)
def softplus_by_exp(self, gy, x):
    """softplus: inf / inf where exp overflows."""
    e = F.exp(x)
    return gy * (e / (1 + e))


@wrong("elementwise", lambda x: np.maximum(x, 0), of=ReLU, hint="gy enters other than as a factor")
def re_luof_gradient(self, gy):
    """relu: the mask is made of gy. Lets pass what is positive of gy, not where x is."""
    return masked(gy, gy.data > 0)


@dataclass(eq=False)
class ELU(Function):
    """x where it is positive, alpha · (exp(x) − 1) elsewhere."""

    alpha: float

    def forward(self, x):
        self.save(x)
        return np.where(x > 0, x, x.dtype.type(self.alpha) * np.expm1(np.minimum(x, 0)))

    def backward(self, gy):
        (x,) = self.saved
        return gy * F.where(x.data > 0, 1.0, F.exp(F.minimum(x, 0.0)) * self.alpha)


@wrong(
    "elementwise",
    lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    of=ELU,
    kwargs={"alpha": [1.0, 0.5]},
    hint="a factor of 2|only where the input is negative",
)
def eluwithout_alpha(self, gy, x):
    """elu: alpha is forgotten. Forgets alpha in the derivative."""
    return gy * F.where(x.data > 0, 1.0, F.exp(F.minimum(x, 0.0)))


@wrong(
    "elementwise",
    lambda x: x / (1 + np.abs(x)),
    right=lambda x: x / (F.abs(x) + 1),
    forward=lambda x: x / (1 + np.abs(x)),
)
def softsign(self, gy, x):
    """softsign: a square is forgotten. x / (1 + |x|), whose derivative lacks a square."""
    return gy / (1 + F.abs(x))
