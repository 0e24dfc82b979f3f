"""Second derivatives that get lost, and numbers in narrow types."""

import numpy as np

import minigrad.functions as F
from minigrad.core.variable import Variable, apply
from tests.bench.behaviour import Square, square
from tests.bench.wrong import wrong


@square("second order", of=Square, source="chainer/chainer#4114")
def backward_outside_graph(self, gy, x):
    """backward: computes outside the graph. Computes on arrays, and wraps what comes out: no second derivative."""
    return Variable(gy.data * x.data * 2, requires_grad=False)


@square("second order", of=Square)
def detached_gradient(self, gy, x):
    """gy: cut off from the graph."""
    return gy.detach() * x * 2


@square("second order", hint="cut off from the graph")
class DetachedInput(Square):
    """saved: used as an array. x as an array: a constant."""

    def backward(self, gy):
        (x,) = self.saved
        return gy * x.data * 2


@square("second order", hint="saves an array made on the way")
class DoubleSaved(Square):
    """saved: a multiple of the input. Saves 2 · x: a constant to backward."""

    def forward(self, x):
        self.save(x * 2)
        return x * x

    def backward(self, gy):
        (double,) = self.saved
        return gy * double


@wrong(
    "second order",
    lambda x: x**3,
    domain=(-10.0, 10.0),
    right=lambda x: x**3,
    hint="cut off from the graph",
    forward=lambda x: x * x * x,
)
def cube(self, gy, x):
    """saved: used as an array in the second derivative. x³, whose second derivative is right and the third lost."""
    return gy * apply(DetachedInput(), x) * 3


@square("precision", hint="float64")
class Widens(Square):
    """dtype: float64 of everything. A NumPy constant makes float64 of every type."""

    def forward(self, x):
        return super().forward(x) * np.float64(1)


@square("precision")
class Narrows(Square):
    """dtype: float32 of everything. Computes in float32, to be fast."""

    def forward(self, x):
        return super().forward(x).astype(np.float32)


@square("precision", of=Square)
def narrows_gradient(self, gy, x):
    """dtype: the gradient through float32."""
    return gy.astype(np.float32) * x.astype(np.float32) * 2


@wrong(
    "precision",
    lambda x: np.sqrt(np.sum(np.square(x)) + 1),
    source="apache/mxnet#17703",
    forward=lambda x: np.asarray(np.sqrt((x * x).sum(dtype=x.dtype) + 1)),
)
def norm_of_half(self, gy, x):
    """norm: squares are added up in float16.
    √Σx² + 1: the squares are added up in the input's type, where float16 ends at 65504."""
    return gy * x / F.sqrt((x * x).sum() + 1)


@wrong("precision", lambda x: np.log(x + 1e-8), domain=(0.0, 10.0), forward=lambda x: np.log(x + 1e-8))
def log_with_epsilon(self, gy, x):
    """log: an epsilon that float16 lacks."""
    return gy / (x + 1e-8)
