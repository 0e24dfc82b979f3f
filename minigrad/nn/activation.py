"""The activations as layers; each calls the function of its name."""

from __future__ import annotations

import minigrad.functions as F
from minigrad import checks
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.module import Module


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


class Sigmoid(Module):
    """1 / (1 + exp(−x)), elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.tanh(x)


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
