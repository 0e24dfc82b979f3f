"""The activations as layers; each class calls the function of its name."""

from __future__ import annotations

import minigrad.functions as F
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.arguments import integer, number
from minigrad.nn.module import Module


class ReLU(Module):
    """max(x, 0), elementwise."""

    def forward(self, x: Operand) -> Variable:
        return F.relu(x)


class LeakyReLU(Module):
    """x where it is positive, else slope·x, elementwise."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = number("LeakyReLU", "slope", slope)

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


class Softmax(Module):
    """Exponentials that sum to 1 along `axis`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = integer("Softmax", "axis", axis, least=None)

    def forward(self, x: Operand) -> Variable:
        return F.softmax(x, self.axis)

    def extra_repr(self) -> str:
        return "" if self.axis == -1 else str(self.axis)


class LogSoftmax(Module):
    """The logarithm of softmax along `axis`, without its overflow."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = integer("LogSoftmax", "axis", axis, least=None)

    def forward(self, x: Operand) -> Variable:
        return F.log_softmax(x, self.axis)

    def extra_repr(self) -> str:
        return "" if self.axis == -1 else str(self.axis)
