"""How a function behaves: errors, edits in place, what it keeps, what it gives for what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.function import Function, Gradients
from minigrad.testing.bench.draws import vectors
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import OpSpec
from minigrad.variable import Variable, apply


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


class BackwardOutsideGraph(Square):
    """Computes on arrays, and wraps what comes out: no second derivative."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return Variable(gy.data * x.data * 2, requires_grad=False)


class KeepsInput(Square):
    """Keeps x in an attribute."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x * x

    def backward(self, gy: Variable) -> Gradients:
        return gy * self.x * 2


class KeepsInputForever(Square):
    """Keeps the last input it saw, graph or none."""

    seen: ClassVar[list[Array]] = []

    def forward(self, x: Array) -> Array:
        self.seen[:] = [x]
        return super().forward(x)


class EditsInput(Square):
    """Squares in place."""

    def forward(self, x: Array) -> Array:
        self.save(x.copy())
        x *= x
        return x.copy()


class EditsInputBackward(Square):
    """Doubles the saved x in place, whenever backward runs."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        x.data[...] *= 2
        return gy * x


class EditsSaved(Square):
    """Doubles what it saved in place: right the first time."""

    def forward(self, x: Array) -> Array:
        self.save(x.copy())
        return x * x

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        x.data[...] *= 2
        return gy * x


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

    memory: ClassVar[dict[tuple[int, ...], Array]] = {}

    def backward(self, gy: Variable) -> Gradients:
        gx = Square.backward(self, gy)
        if not isinstance(gx, Variable) or gx.requires_grad:
            return gx
        own = self.memory.setdefault(gx.shape, gx.data)
        own[...] = gx.data
        return Variable(own, requires_grad=False)


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

    known: ClassVar[dict[tuple[float, tuple[int, ...], Any], Array]] = {}

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        return self.known.setdefault((float(x.sum()), x.shape, x.dtype), y).copy()


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


class DetachedGradient(Square):
    """gy cut off from the graph."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy.detach() * x * 2


class DetachedInput(Square):
    """x as an array: a constant."""

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        return gy * x.data * 2


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


def _square(kind: Callable[..., Function], **options: Any) -> OpSpec:
    return OpSpec(applied(kind), np.square, **options)


_RIGHT = applied(Square)

BENCH = [
    Wrong("raises: in forward, for 0-d arrays", _square(RaisesForward), "conduct", right=_RIGHT),
    Wrong("raises: in forward, for empty arrays", _square(RaisesWhenEmpty), "conduct", right=_RIGHT),
    Wrong("raises: in backward", _square(RaisesBackward), "conduct", right=_RIGHT),
    Wrong("forward: returns None", _square(ForwardGivesNothing), "conduct", right=_RIGHT),
    Wrong("forward: returns a list", _square(ForwardGivesList), "conduct", right=_RIGHT),
    Wrong(
        "backward: returns None", _square(BackwardGivesNothing), "conduct", hint="the gradient is missing", right=_RIGHT
    ),
    Wrong("backward: returns an array", _square(BackwardGivesArray), "conduct", right=_RIGHT),
    Wrong("backward: returns two gradients for one input", _square(BackwardGivesTwo), "conduct", right=_RIGHT),
    Wrong("backward: returns the sum", _square(BackwardGivesTotal), "conduct", right=_RIGHT),
    Wrong(
        "backward: computes outside the graph",
        _square(BackwardOutsideGraph),
        "second order",
        "chainer/chainer#4114",
        right=_RIGHT,
    ),
    Wrong("keeps: its input in an attribute", _square(KeepsInput), "conduct", hint=r"self\.save", right=_RIGHT),
    Wrong("keeps: its input for ever", _square(KeepsInputForever), "conduct", right=_RIGHT),
    Wrong(
        "edits: its input in forward",
        _square(EditsInput),
        "aliasing",
        "linkedin/Liger-Kernel#272",
        hint="in place",
        right=_RIGHT,
    ),
    Wrong("edits: its input in backward", _square(EditsInputBackward), "aliasing", hint="in place", right=_RIGHT),
    Wrong("edits: what it saved", _square(EditsSaved), "aliasing", right=_RIGHT),
    Wrong("edits: gy", _square(EditsGradient), "aliasing", "pytorch/pytorch#81417", right=_RIGHT),
    Wrong("edits: its output", OpSpec(applied(EditsOutput), np.exp, domain=(-5.0, 5.0)), "aliasing", right=F.exp),
    Wrong("memory: the next gradient overwrites the last", _square(ReusesMemory), "aliasing", right=_RIGHT),
    Wrong("noise: in forward", OpSpec(applied(Noisy)), "conduct", right=_RIGHT),
    Wrong("noise: in backward", _square(NoisyBackward), "conduct", right=_RIGHT),
    Wrong("no_grad: other numbers", _square(OtherUnrecorded), "conduct", right=_RIGHT),
    Wrong("memo: the sum is the key", OpSpec(applied(Memoized), shapes=vectors()), "conduct", right=_RIGHT),
    Wrong(
        "diamond: one path is cut off",
        OpSpec(one_path, np.square),
        "conduct",
        "lucasdelimanogueira/PyNorch#90",
        hint="a factor of 0.5",
        right=_RIGHT,
    ),
    Wrong("gy: squared", _square(SquaredGradient), "conduct", hint="gy enters other than as a factor", right=_RIGHT),
    Wrong("gy: its size alone", _square(AbsoluteGradient), "conduct", right=_RIGHT),
    Wrong("gy: clipped", _square(ClippedGradient), "conduct", hint="gy enters other than as a factor", right=_RIGHT),
    Wrong("gy: cut off from the graph", _square(DetachedGradient), "second order", right=_RIGHT),
    Wrong(
        "saved: used as an array", _square(DetachedInput), "second order", hint="cut off from the graph", right=_RIGHT
    ),
    Wrong(
        "saved: a multiple of the input",
        _square(DoubleSaved),
        "second order",
        hint="saves an array made on the way",
        right=_RIGHT,
    ),
    Wrong(
        "saved: used as an array in the second derivative",
        OpSpec(applied(Cube), lambda x: x**3, domain=(-10.0, 10.0)),
        "second order",
        hint="cut off from the graph",
        right=lambda x: x**3,
    ),
    Wrong("dtype: float64 of everything", _square(Widens), "precision", hint="float64", right=_RIGHT),
    Wrong("dtype: float32 of everything", _square(Narrows), "precision", right=_RIGHT),
    Wrong("dtype: the gradient through float32", _square(NarrowsGradient), "precision", right=_RIGHT),
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
