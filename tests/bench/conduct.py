"""How a function behaves: what it raises, what it returns, and whether it returns it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.variable import Variable
from minigrad.testing.bench.draws import vectors
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec


class Square(Function):
    """x², right."""

    def forward(self, x: Array) -> Array:
        self.save(x)
        return x * x

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * x * 2


class RaisesForward(Square):
    """Asks for an axis that a 0-d array lacks."""

    def forward(self, x: Array) -> Array:
        self.count = x.shape[0]
        return super().forward(x)


class RaisesWhenEmpty(Square):
    """Asks for the largest of no elements."""

    def forward(self, x: Array) -> Array:
        self.largest = x.max()
        return super().forward(x)


class RaisesBackward(Square):
    """Asks in backward for what forward did not keep."""

    def backward(self, gy: Variable) -> Gradients:
        x, y = self.saved
        return gy * y / x * 2


class ForwardGivesNothing(Square):
    """Forgets to return."""

    def forward(self, x: Array) -> Array:
        super().forward(x)
        return None


class ForwardGivesList(Square):
    """Returns a list of numbers."""

    def forward(self, x: Array) -> Array:
        return super().forward(x).tolist()


class BackwardGivesNothing(Square):
    """Forgets to return."""

    def backward(self, gy: Variable) -> Gradients:
        super().backward(gy)
        return None


class BackwardGivesArray(Square):
    """Returns an array in place of a Variable."""

    def backward(self, gy: Variable) -> Any:
        (x,) = self.saved
        return gy.data * x.data * 2


class BackwardGivesTwo(Square):
    """Returns two gradients for one input."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * x, gy * x


class BackwardGivesTotal(Square):
    """Returns the sum of the gradient."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return (gy * x * 2).sum()


class Noisy(Square):
    """Adds noise from a generator that goes on."""

    rng: ClassVar[np.random.Generator] = np.random.default_rng(0)

    def forward(self, x: Array) -> Array:
        return super().forward(x) + self.rng.normal(size=x.shape).astype(x.dtype)


class NoisyBackward(Square):
    """Adds noise to the gradient."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * (x * 2 + Noisy.rng.normal(size=x.shape))


class OtherUnrecorded(Square):
    """Approximates where no gradient is asked for."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        return y if self.needs(0) else y * 1.01


class Memoized(Square):
    """Remembers results by the sum of the input."""

    known: ClassVar[dict[Any, Any]] = {}

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        return np.array(self.known.setdefault((float(x.sum()), x.shape, x.dtype), y))


def one_path(x: Variable) -> Variable:
    """x · x with one of the two cut off from the graph."""
    return x * x.detach()


class SquaredGradient(Square):
    """gy² for gy."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * gy * x * 2


class AbsoluteGradient(Square):
    """|gy| for gy."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return F.abs(gy) * x * 2


class ClippedGradient(Square):
    """gy kept between −1 and 1."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return F.clip(gy, -1, 1) * x * 2


def of_square(kind: Callable[..., Function], **options: Any) -> OpSpec:
    """The contract of a function that is, or should be, x²."""
    return OpSpec(applied(kind), np.square, **options)


SQUARE = applied(Square)


BENCH = [
    Wrong("raises: in forward, for 0-d arrays", of_square(RaisesForward), "conduct", right=SQUARE),
    Wrong("raises: in forward, for empty arrays", of_square(RaisesWhenEmpty), "conduct", right=SQUARE),
    Wrong("raises: in backward", of_square(RaisesBackward), "conduct", right=SQUARE),
    Wrong("forward: returns None", of_square(ForwardGivesNothing), "conduct", right=SQUARE),
    Wrong("forward: returns a list", of_square(ForwardGivesList), "conduct", right=SQUARE),
    Wrong(
        "backward: returns None",
        of_square(BackwardGivesNothing),
        "conduct",
        hint="the gradient is missing",
        right=SQUARE,
    ),
    Wrong("backward: returns an array", of_square(BackwardGivesArray), "conduct", right=SQUARE),
    Wrong("backward: returns two gradients for one input", of_square(BackwardGivesTwo), "conduct", right=SQUARE),
    Wrong("backward: returns the sum", of_square(BackwardGivesTotal), "conduct", right=SQUARE),
    Wrong("noise: in forward", OpSpec(applied(Noisy)), "conduct", right=SQUARE),
    Wrong("noise: in backward", of_square(NoisyBackward), "conduct", right=SQUARE),
    Wrong("no_grad: other numbers", of_square(OtherUnrecorded), "conduct", right=SQUARE),
    Wrong("memo: the sum is the key", OpSpec(applied(Memoized), shapes=vectors()), "conduct", right=SQUARE),
    Wrong(
        "diamond: one path is cut off",
        OpSpec(one_path, np.square),
        "conduct",
        "lucasdelimanogueira/PyNorch#90",
        hint=r"a factor of 0\.5|cut off from the graph",
        right=SQUARE,
    ),
    Wrong("gy: squared", of_square(SquaredGradient), "conduct", hint="gy enters other than as a factor", right=SQUARE),
    Wrong("gy: its size alone", of_square(AbsoluteGradient), "conduct", right=SQUARE),
    Wrong("gy: clipped", of_square(ClippedGradient), "conduct", hint="gy enters other than as a factor", right=SQUARE),
]
