"""Behaviour: errors, results of another kind, and results that differ from call to call."""

from functools import partial
from typing import Any, ClassVar

import numpy as np

import minigrad.functions as F
from minigrad.core.function import Function
from tests.bench.draws import vectors
from tests.bench.wrong import applied, wrong


class Square(Function):
    """x², right."""

    def forward(self, x):
        self.save(x)
        return x * x

    def backward(self, gy):
        (x,) = self.saved
        return gy * x * 2


square = partial(wrong, reference=np.square, right=applied(Square))
"""Registers a function that should be x²."""


@square("behaviour")
class RaisesForward(Square):
    """raises: in forward, for 0-d arrays. Asks for an axis that a 0-d array lacks."""

    def forward(self, x):
        self.count = x.shape[0]
        return super().forward(x)


@square("behaviour")
class RaisesWhenEmpty(Square):
    """raises: in forward, for empty arrays. Asks for the largest of no elements."""

    def forward(self, x):
        self.largest = x.max()
        return super().forward(x)


@square("behaviour", of=Square)
def raises_backward(self, gy, x, y):
    """raises: in backward. Asks in backward for what forward did not keep."""
    return gy * y / x * 2


@square("behaviour")
class ForwardGivesNothing(Square):
    """forward: returns None. Forgets to return."""

    def forward(self, x):
        super().forward(x)


@square("behaviour")
class ForwardGivesList(Square):
    """forward: returns a list."""

    def forward(self, x):
        return super().forward(x).tolist()


@square("behaviour", hint="the gradient is missing")
class BackwardGivesNothing(Square):
    """backward: returns None. Forgets to return."""

    def backward(self, gy):
        super().backward(gy)


@square("behaviour", of=Square)
def backward_gives_array(self, gy, x):
    """backward: returns an array. Returns an array in place of a Variable."""
    return gy.data * x.data * 2


@square("behaviour", of=Square)
def backward_gives_two(self, gy, x):
    """backward: returns two gradients for one input."""
    return gy * x, gy * x


@square("behaviour", of=Square)
def backward_gives_total(self, gy, x):
    """backward: returns the sum."""
    return (gy * x * 2).sum()


SQUARE = applied(Square)


@wrong("behaviour")
class Noisy(Square):
    """noise: in forward. Adds noise from a generator that goes on."""

    rng: ClassVar[np.random.Generator] = np.random.default_rng(0)

    def forward(self, x):
        return super().forward(x) + self.rng.normal(size=x.shape).astype(x.dtype)


@square("behaviour", of=Square)
def noisy_backward(self, gy, x):
    """noise: in backward. Adds noise to the gradient."""
    return gy * (x * 2 + Noisy.rng.normal(size=x.shape))


@square("behaviour")
class OtherUnrecorded(Square):
    """no_grad: other numbers. Approximates where no gradient is asked for."""

    def forward(self, x):
        y = super().forward(x)
        return y if self.needs(0) else y * 1.01


@wrong("behaviour", shapes=vectors())
class Memoized(Square):
    """memo: the sum is the key. Remembers results by the sum of the input."""

    known: ClassVar[dict[Any, Any]] = {}

    def forward(self, x):
        y = super().forward(x)
        return np.array(self.known.setdefault((float(x.sum()), x.shape, x.dtype), y))


@wrong(
    "behaviour",
    np.square,
    right=SQUARE,
    hint=r"a factor of 0\.5|cut off from the graph",
    source="lucasdelimanogueira/PyNorch#90",
)
def one_path(x):
    """diamond: one path is cut off. x · x with one of the two cut off from the graph."""
    return x * x.detach()


@square("behaviour", of=Square, hint="gy enters other than as a factor")
def squared_gradient(self, gy, x):
    """gy: squared. gy² for gy."""
    return gy * gy * x * 2


@square("behaviour", of=Square)
def absolute_gradient(self, gy, x):
    """gy: its size alone. |gy| for gy."""
    return F.abs(gy) * x * 2


@square("behaviour", of=Square, hint="gy enters other than as a factor")
def clipped_gradient(self, gy, x):
    """gy: clipped. gy kept between −1 and 1."""
    return F.clip(gy, -1, 1) * x * 2
