"""Memory that is edited, shared or kept."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable
from minigrad.functions.activation import LeakyReLU, ReLU
from minigrad.functions.elementwise import Exp, masked
from minigrad.testing.bench.conduct import SQUARE, Square, of_square
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec


class KeepsInput(ReLU):
    """Keeps x in an attribute."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.maximum(x, 0)

    def backward(self, gy: Variable) -> Gradients:
        return masked(gy, self.x > 0)


class KeepsInputForever(Square):
    """Keeps the last input it saw, graph or none."""

    seen: ClassVar[list[Array]] = []

    def forward(self, x: Array) -> Array:
        self.seen[:] = [x]
        return super().forward(x)


class EditsInput(Exp):
    """Writes the result over the input, too."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        x[...] = y
        return y


class EditsInputBackward(Square):
    """Overwrites the saved input as soon as it was used."""

    def backward(self, gy: Variable) -> Gradients:
        (saved,) = self.saved
        gx = super().backward(gy)
        saved.data[...] = 1
        return gx


class EditsSaved(LeakyReLU):
    """Overwrites what it saved as soon as it was used: right the first time."""

    def backward(self, gy: Variable) -> Gradients:
        (saved,) = self.saved
        gx = super().backward(gy)
        saved.data[...] = 0
        return gx


class EditsGradient(Square):
    """Multiplies gy in place: another function may use it, too."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        gy.data[...] *= 2
        return gy * x


class EditsOutput(Function):
    """exp(x), which writes the gradient into the output."""

    def forward(self, x: Array) -> Array:
        y = np.exp(x)
        self.save(y)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (y,) = self.saved
        y.data[...] *= gy.data
        return y + 0


class ReusesMemory(Square):
    """Writes every gradient into the same memory: the next call overwrites it."""

    memory: ClassVar[dict[tuple[int, ...], Any]] = {}

    def backward(self, gy: Variable) -> Gradients:
        gx = Square.backward(self, gy)
        if not isinstance(gx, Variable) or gx.requires_grad:
            return gx
        own: Any = self.memory.setdefault(gx.shape, gx.data)
        own[...] = gx.data
        return Variable(own, requires_grad=False)


BENCH = [
    Wrong(
        "keeps: its input in an attribute",
        OpSpec(applied(KeepsInput), lambda x: np.maximum(x, 0)),
        "conduct",
        hint=r"self\.save",
        right=F.relu,
    ),
    Wrong("keeps: its input for ever", of_square(KeepsInputForever), "conduct", right=SQUARE),
    Wrong(
        "edits: its input in forward",
        OpSpec(applied(EditsInput), np.exp, domain=(-5.0, 5.0)),
        "aliasing",
        "linkedin/Liger-Kernel#272",
        hint="in place",
        right=F.exp,
    ),
    Wrong("edits: its input in backward", of_square(EditsInputBackward), "aliasing", hint="in place", right=SQUARE),
    Wrong(
        "edits: what it saved",
        OpSpec(applied(EditsSaved), lambda x: np.where(x > 0, x, 0.01 * x)),
        "aliasing",
        right=F.leaky_relu,
    ),
    Wrong("edits: gy", of_square(EditsGradient), "aliasing", "pytorch/pytorch#81417", right=SQUARE),
    Wrong("edits: its output", OpSpec(applied(EditsOutput), np.exp, domain=(-5.0, 5.0)), "aliasing", right=F.exp),
    Wrong("memory: the next gradient overwrites the last", of_square(ReusesMemory), "aliasing", right=SQUARE),
]
