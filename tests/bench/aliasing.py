"""Memory that is edited, shared or kept."""

from typing import Any, ClassVar

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function
from minigrad.core.variable import Variable
from minigrad.functions.activation import LeakyReLU, ReLU
from minigrad.functions.elementwise import masked
from minigrad.functions.exponential import Exp
from tests.bench.behaviour import Square, square
from tests.bench.wrong import wrong


@wrong("behaviour", lambda x: np.maximum(x, 0), hint=r"self\.save")
class KeepsInput(ReLU):
    """keeps: its input in an attribute."""

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, gy):
        return masked(gy, self.x > 0)


@square("behaviour")
class KeepsInputForever(Square):
    """keeps: its input for ever. Keeps the last input it saw, graph or none."""

    seen: ClassVar[list[Array]] = []

    def forward(self, x):
        self.seen[:] = [x]
        return super().forward(x)


@wrong("aliasing", np.exp, domain=(-5.0, 5.0), hint="in place", source="linkedin/Liger-Kernel#272")
class EditsInput(Exp):
    """edits: its input in forward. Writes the result over the input, too."""

    def forward(self, x):
        y = super().forward(x)
        x[...] = y
        return y


@square("aliasing", hint="in place")
class EditsInputBackward(Square):
    """edits: its input in backward. Overwrites the saved input as soon as it was used."""

    def backward(self, gy):
        (saved,) = self.saved
        gx = super().backward(gy)
        saved.data[...] = 1
        return gx


@wrong("aliasing", lambda x: np.where(x > 0, x, 0.01 * x))
class EditsSaved(LeakyReLU):
    """edits: what it saved. Overwrites what it saved as soon as it was used: right the first time."""

    def backward(self, gy):
        (saved,) = self.saved
        gx = super().backward(gy)
        saved.data[...] = 0
        return gx


@square("aliasing", of=Square, source="pytorch/pytorch#81417")
def edits_gradient(self, gy, x):
    """edits: gy. Multiplies gy in place: another function may use it, too."""
    gy.data[...] *= 2
    return gy * x


@wrong("aliasing", np.exp, domain=(-5.0, 5.0), right=F.exp)
class EditsOutput(Function):
    """edits: its output. exp(x), which writes the gradient into the output."""

    def forward(self, x):
        y = np.exp(x)
        self.save(y)
        return y

    def backward(self, gy):
        (y,) = self.saved
        y.data[...] *= gy.data
        return y + 0


@square("aliasing")
class ReusesMemory(Square):
    """memory: the next gradient overwrites the last.
    Writes every gradient into the same memory: the next call overwrites it."""

    memory: ClassVar[dict[tuple[int, ...], Any]] = {}

    def backward(self, gy):
        gx = Square.backward(self, gy)
        if not isinstance(gx, Variable) or gx.requires_grad:
            return gx
        own: Any = self.memory.setdefault(gx.shape, gx.data)
        own[...] = gx.data
        return Variable(own, requires_grad=False)
