"""The activations as layers; each calls the function of its name."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.init import Constant, Initializer
from minigrad.nn.layers import as_floats_of, make_parameter
from minigrad.nn.module import Module

QUARTER = Constant(0.25)


class ReLU(Module):
    """max(x, 0), elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.relu(x)


class LeakyReLU(Module):
    """x where it is positive, else slope·x, elementwise."""

    slope = Checked(checks.number)

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Operand) -> Variable:
        return F.leaky_relu(x, self.slope)

    def extra_repr(self) -> str:
        return str(self.slope)


class PReLU(Module):
    """x where it is positive, else slope·x, elementwise, with slopes that are learned.

    Args:
        channels: C, to learn a slope for each channel of x (N, C, ...); 1 for a single one.
        init: makes the first values of slope (channels,).
        rng: the generator that it draws from; by default the context's (`minigrad.seed`).
    """

    channels = Checked(checks.integer, fixed=True)

    def __init__(
        self, channels: int = 1, *, init: Initializer = QUARTER, rng: np.random.Generator | None = None
    ) -> None:
        self.channels = channels
        self.slope = make_parameter(self, "init", init, (self.channels,), rng)

    def forward(self, x: Operand) -> Variable:
        return F.prelu(as_floats_of(self.slope, x), self.slope)

    def extra_repr(self) -> str:
        return "" if self.channels == 1 else str(self.channels)


class ELU(Module):
    """x where it is positive, else alpha·(exp(x) − 1), elementwise."""

    alpha = Checked(checks.number)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Operand) -> Variable:
        return F.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return "" if self.alpha == 1 else str(self.alpha)


class SELU(Module):
    """1.0507·elu(x, 1.6733), elementwise: layers keep mean 0 and variance 1."""

    def forward(self, x: Operand) -> Variable:
        return F.selu(x)


class GELU(Module):
    """x times the normal distribution's probability below x, elementwise; approximately with "tanh"."""

    approximate = Checked(checks.choice, choices=("none", "tanh"))

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Operand) -> Variable:
        return F.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return "" if self.approximate == "none" else repr(self.approximate)


class SiLU(Module):
    """x·sigmoid(x), elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.silu(x)


class Sigmoid(Module):
    """1 / (1 + exp(−x)), elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.sigmoid(x)


class HardSigmoid(Module):
    """x/6 + 1/2, kept between 0 and 1, elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.hard_sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.tanh(x)


class HardTanh(Module):
    """x kept between −1 and 1, elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.hard_tanh(x)


class Softsign(Module):
    """x/(1 + |x|), elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.softsign(x)


class Softplus(Module):
    """log(1 + exp(x)), elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.softplus(x)


class _AlongAxis(Module):
    """An activation that normalizes along one axis."""

    axis = Checked(checks.integer, least=None)

    def extra_repr(self) -> str:
        return "" if self.axis == -1 else str(self.axis)


class Softmax(_AlongAxis):
    """Exponentials that sum to 1 along `axis`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Operand) -> Variable:
        return F.softmax(x, self.axis)


class LogSoftmax(_AlongAxis):
    """The logarithm of softmax along `axis`, without its overflow."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Operand) -> Variable:
        return F.log_softmax(x, self.axis)
