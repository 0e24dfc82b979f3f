"""Second derivatives that get lost, and numbers in narrow types."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable, apply
from minigrad.testing.bench.conduct import SQUARE, Square, of_square
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec


class BackwardOutsideGraph(Square):
    """Computes on arrays, and wraps what comes out: no second derivative."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return Variable(gy.data * x.data * 2, requires_grad=False)


class DetachedGradient(Square):
    """gy cut off from the graph."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy.detach() * x * 2


class DetachedInput(Square):
    """x as an array: a constant."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        gx: Variable = gy * x.data * 2
        return gx


class DoubleSaved(Square):
    """Saves 2 · x: a constant to backward."""

    def forward(self, x: Array) -> Array:
        self.save(x * 2)
        return x * x

    def backward(self, gy: Variable) -> Gradients:
        (double,) = self.saved
        return gy * double


class Cube(Function):
    """x³, whose second derivative is right and the third lost."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return x * x * x

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * apply(DetachedInput(), x) * 3


class Widens(Square):
    """A NumPy constant makes float64 of every type."""

    def forward(self, x: Array) -> Array:
        return super().forward(x) * np.float64(1)


class Narrows(Square):
    """Computes in float32, to be fast."""

    def forward(self, x: Array) -> Array:
        return super().forward(x).astype(np.float32)


class NarrowsGradient(Square):
    """Computes the gradient in float32."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy.astype(np.float32) * x.astype(np.float32) * 2


class NormOfHalf(Function):
    """√Σx² + 1: the squares are added up in the input's type, where float16 ends at 65504."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.asarray(np.sqrt((x * x).sum(dtype=x.dtype) + 1))

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * x / F.sqrt((x * x).sum() + 1)


class LogWithEpsilon(Function):
    """log(x + 1e-8), whose epsilon is 0 in float16."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return np.log(x + 1e-8)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy / (x + 1e-8)


BENCH = [
    Wrong(
        "backward: computes outside the graph",
        of_square(BackwardOutsideGraph),
        "second order",
        "chainer/chainer#4114",
        right=SQUARE,
    ),
    Wrong("gy: cut off from the graph", of_square(DetachedGradient), "second order", right=SQUARE),
    Wrong(
        "saved: used as an array", of_square(DetachedInput), "second order", hint="cut off from the graph", right=SQUARE
    ),
    Wrong(
        "saved: a multiple of the input",
        of_square(DoubleSaved),
        "second order",
        hint="saves an array made on the way",
        right=SQUARE,
    ),
    Wrong(
        "saved: used as an array in the second derivative",
        OpSpec(applied(Cube), lambda x: x**3, domain=(-10.0, 10.0)),
        "second order",
        hint="cut off from the graph",
        right=lambda x: x**3,
    ),
    Wrong("dtype: float64 of everything", of_square(Widens), "precision", hint="float64", right=SQUARE),
    Wrong("dtype: float32 of everything", of_square(Narrows), "precision", right=SQUARE),
    Wrong("dtype: the gradient through float32", of_square(NarrowsGradient), "precision", right=SQUARE),
    Wrong(
        "norm: squares are added up in float16",
        OpSpec(applied(NormOfHalf), lambda x: np.sqrt(np.sum(np.square(x)) + 1)),
        "precision",
        "apache/mxnet#17703",
    ),
    Wrong(
        "log: an epsilon that float16 lacks",
        OpSpec(applied(LogWithEpsilon), lambda x: np.log(x + 1e-8), domain=(0.0, 10.0)),
        "precision",
    ),
]
