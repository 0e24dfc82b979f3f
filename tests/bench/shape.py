"""Moving elements, and their order in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.shaping import Transpose
from minigrad.core.variable import Variable, apply
from minigrad.functions.shape import Concatenate, Pad
from minigrad.testing.bench.draws import matrices
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import shapes, with_axis


class ConcatenateEqually(Concatenate):
    """Finds each part where it would begin if all were as long as the first."""

    def backward(self, gy: Variable) -> Gradients:
        before = (slice(None),) * self.axis
        lengths = np.diff([0, *self.ends]).tolist()
        return tuple(gy[(*before, slice(i * lengths[0], i * lengths[0] + n))] for i, n in enumerate(lengths))


class ConcatenateFromFirstAxis(Concatenate):
    """Counts axis −1 as axis 0 when it cuts gy."""

    def backward(self, gy: Variable) -> Gradients:
        before = (slice(None),) * max(self.axis, 0)
        return tuple(gy[(*before, slice(a, b))] for a, b in zip([0, *self.ends], self.ends, strict=False))


class StackAlongFirst(Concatenate):
    """Cuts gy along axis 0, whichever axis the arrays were stacked along."""

    def forward(self, *xs: Array) -> Array:
        return np.stack(xs, self.axis)

    def backward(self, gy: Variable) -> Gradients:
        return tuple(gy[i] for i in range(len(self.inputs)))


class TransposeAgain(Transpose):
    """Transposes gy by the permutation itself, not by its inverse."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.transpose(self.axes)


class TransposeNegative(Transpose):
    """Sorts the axes for the inverse before the negative ones are counted from the end."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.transpose(tuple(map(int, np.argsort(self.axes))))


class Flip(Function):
    """x with all axes reversed, gy not."""

    def forward(self, x: Array) -> Array:
        return np.flip(x)

    def backward(self, gy: Variable) -> Gradients:
        return gy


@dataclass(eq=False)
class Roll(Function):
    """The elements of a vector moved round by some places; gy is left where it is."""

    shift: int

    def forward(self, x: Array) -> Array:
        return np.roll(x, self.shift)

    def backward(self, gy: Variable) -> Gradients:
        return gy


class RollOn(Roll):
    """Moves gy on, not back."""

    def backward(self, gy: Variable) -> Gradients:
        return apply(RollOn(self.shift), gy)


class RollBack(Roll):
    """The elements of a vector moved round by some places."""

    def backward(self, gy: Variable) -> Gradients:
        return apply(RollBack(-self.shift), gy)


class RavelColumns(Function):
    """The elements of a matrix column by column; gy is read row by row."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.ravel(order="F")

    def backward(self, gy: Variable) -> Gradients:
        return gy.reshape(self.shape)


class PadCroppedWrongly(Pad):
    """Takes the widths before for those after."""

    def backward(self, gy: Variable) -> Gradients:
        return gy[tuple(slice(b, n - a) for n, (a, b) in zip(gy.shape, self.width, strict=True))]


class Triangle(Function):
    """The lower triangle of a matrix; gy of the upper one passes, too."""

    def forward(self, x: Array) -> Array:
        return np.tril(x)

    def backward(self, gy: Variable) -> Gradients:
        return gy


@dataclass(eq=False)
class InStrides(Function):
    """A copy made through memory with the strides of another array."""

    strides: Sequence[int]

    def forward(self, x: Array) -> Array:
        if min(self.strides, default=1) < 0:
            return x.copy()
        size = sum((n - 1) * s // 8 for n, s in zip(x.shape, self.strides, strict=True)) + 1
        y = np.lib.stride_tricks.as_strided(np.zeros(max(size, 1)), x.shape, self.strides)
        y[...] = x
        return y.astype(x.dtype)

    def backward(self, gy: Variable) -> Gradients:
        return gy


class DoubleInItsStrides(Function):
    """2 · x, with the gradient in the strides of x: where one is 0, the last row's gradient stands for all."""

    def forward(self, x: Array) -> Array:
        self.strides = x.strides if x.itemsize == 8 else x.astype(np.float64, order="C").strides
        return x * 2

    def backward(self, gy: Variable) -> Gradients:
        return apply(InStrides(self.strides), gy * 2)


class InMemoryOrder(Function):
    """A copy that takes the elements as they lie in memory."""

    def forward(self, x: Array) -> Array:
        return x.ravel(order="K").reshape(x.shape)

    def backward(self, gy: Variable) -> Gradients:
        return gy


class DoubleOfMemory(Function):
    """2 · x, but backward reads gy as it lies in memory."""

    def forward(self, x: Array) -> Array:
        return x * 2

    def backward(self, gy: Variable) -> Gradients:
        return apply(InMemoryOrder(), gy) * 2


def double_of_memory(x: Variable) -> Variable:
    """2 · x, but x is read as it lies in memory."""
    return apply(InMemoryOrder(), x) * 2


@st.composite
def _parts(draw: st.DrawFn) -> Call:
    """Three arrays that differ in length along one axis."""
    shape = draw(shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))
    axis = draw(st.integers(0, len(shape) - 1))
    lengths = draw(st.tuples(*[st.integers(0, 3)] * 3))
    return Call(tuple((*shape[:axis], n, *shape[axis + 1 :]) for n in lengths), {"axis": axis})


@st.composite
def _permutations(draw: st.DrawFn, *, negative: bool = False) -> Call:
    shape = draw(shapes(min_dims=1, min_side=1))
    axes = draw(st.permutations(range(len(shape))))
    signed = tuple(i - len(shape) if negative and draw(st.booleans()) else i for i in axes)
    return Call((shape,), {"axes": signed})


@st.composite
def _widths(draw: st.DrawFn) -> Call:
    shape = draw(shapes(min_dims=1, max_dims=2))
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    return Call((shape,), {"width": tuple(draw(pair) for _ in shape)})


def _pad(kind: type[Pad]) -> Any:
    return lambda x, width: apply(kind(width, 0.0), x)


def _concatenated(*xs: Any, axis: int) -> Variable:
    return F.concatenate(xs, axis)


def _stacked(*xs: Any, axis: int) -> Variable:
    return F.stack(xs, axis)


_VECTORS = shapes(min_dims=1, max_dims=1)
_SHIFTS = {"shift": [1, -1]}

BENCH = [
    Wrong(
        "concatenate: parts of unequal length are shifted",
        OpSpec(applied(ConcatenateEqually), lambda *xs, axis: np.concatenate(xs, axis), shapes=_parts()),
        "shape",
        right=_concatenated,
    ),
    Wrong(
        "concatenate: axis -1 is taken for 0",
        OpSpec(
            applied(ConcatenateFromFirstAxis),
            lambda *xs, axis: np.concatenate(xs, axis),
            shapes=with_axis(count=2, min_side=1),
        ),
        "shape",
        "tensorflow/tfjs-core#1267",
        right=_concatenated,
    ),
    Wrong(
        "stack: gy is cut along axis 0",
        OpSpec(applied(StackAlongFirst), lambda *xs, axis: np.stack(xs, axis), shapes=with_axis(count=2, min_side=1)),
        "shape",
        right=_stacked,
    ),
    Wrong(
        "transpose: the permutation for its inverse",
        OpSpec(applied(TransposeAgain), np.transpose, shapes=_permutations()),
        "shape",
        hint="transposed",
        right=F.transpose,
    ),
    Wrong(
        "transpose: negative axes",
        OpSpec(applied(TransposeNegative), np.transpose, shapes=_permutations(negative=True)),
        "shape",
        "pytorch/pytorch#5945",
        hint="transposed",
        right=F.transpose,
    ),
    Wrong(
        "flip: gy is not reversed",
        OpSpec(applied(Flip), np.flip, shapes=shapes(min_dims=1)),
        "shape",
        "deeplearning4j/deeplearning4j#8874",
        hint="reversed along axis",
        right=lambda x: x[(slice(None, None, -1),) * x.ndim],
    ),
    Wrong(
        "roll: gy is not moved",
        OpSpec(applied(Roll), np.roll, shapes=_VECTORS, kwargs=_SHIFTS),
        "shape",
        hint="shifted by",
        right=applied(RollBack),
    ),
    Wrong(
        "roll: gy is moved on, not back",
        OpSpec(applied(RollOn), np.roll, shapes=_VECTORS, kwargs=_SHIFTS),
        "shape",
        right=applied(RollBack),
    ),
    Wrong(
        "ravel: columns forth, rows back",
        OpSpec(applied(RavelColumns), lambda x: np.ravel(x, order="F"), shapes=matrices()),
        "shape",
        "jax-ml/jax#453",
        right=lambda x: x.T.reshape(-1),
    ),
    Wrong(
        "pad: cropped by the widths of the other end",
        OpSpec(_pad(PadCroppedWrongly), lambda x, width: np.pad(x, pad_width=width), shapes=_widths()),
        "shape",
        right=F.pad,
    ),
    Wrong(
        "tril: gy of the other triangle passes",
        OpSpec(applied(Triangle), np.tril, shapes=matrices()),
        "shape",
        right=lambda x: F.where(np.tril(np.ones(x.shape)), x, 0.0),
    ),
    Wrong(
        "layout: a stride of 0 is taken over",
        OpSpec(applied(DoubleInItsStrides), lambda x: 2 * x),
        "layout",
        "pytorch/pytorch#30303",
        right=lambda x: x * 2,
    ),
    Wrong(
        "layout: gy is read in memory order",
        OpSpec(applied(DoubleOfMemory), lambda x: 2 * x),
        "layout",
        "torch/nn#345",
        right=lambda x: x * 2,
    ),
    Wrong(
        "layout: x is read in memory order", OpSpec(double_of_memory, lambda x: 2 * x), "layout", right=lambda x: x * 2
    ),
]
