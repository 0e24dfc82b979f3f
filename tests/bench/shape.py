"""Moving elements, and their order in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.core.function import Function
from minigrad.core.shaping import Transpose
from minigrad.core.variable import apply
from minigrad.functions.shape import Concatenate, Pad
from minigrad.testing.spec import Call
from minigrad.testing.strategies import shapes, with_axis
from tests.bench.draws import matrices
from tests.bench.wrong import wrong


@st.composite
def _parts(draw):
    """Three arrays that differ in length along one axis."""
    shape = draw(shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))
    axis = draw(st.integers(0, len(shape) - 1))
    lengths = draw(st.tuples(*[st.integers(0, 3)] * 3))
    return Call(tuple((*shape[:axis], n, *shape[axis + 1 :]) for n in lengths), {"axis": axis})


def _concatenated(*xs, axis):
    return F.concatenate(xs, axis)


@wrong("shape", lambda *xs, axis: np.concatenate(xs, axis), of=Concatenate, shapes=_parts())
def concatenate_equally(self, gy):
    """concatenate: parts of unequal length are shifted.
    Finds each part where it would begin if all were as long as the first."""
    before = (slice(None),) * self.axis
    lengths = np.diff([0, *self.ends]).tolist()
    return tuple(gy[(*before, slice(i * lengths[0], i * lengths[0] + n))] for i, n in enumerate(lengths))


@wrong(
    "shape",
    lambda *xs, axis: np.concatenate(xs, axis),
    of=Concatenate,
    right=_concatenated,
    shapes=with_axis(count=2, min_side=1),
    source="tensorflow/tfjs-core#1267",
)
def concatenate_from_first_axis(self, gy):
    """concatenate: axis -1 is taken for 0. Counts axis −1 as axis 0 when it cuts gy."""
    before = (slice(None),) * max(self.axis, 0)
    return tuple(gy[(*before, slice(a, b))] for a, b in zip([0, *self.ends], self.ends, strict=False))


def _stacked(*xs, axis):
    return F.stack(xs, axis)


@wrong("shape", lambda *xs, axis: np.stack(xs, axis), shapes=with_axis(count=2, min_side=1), right=_stacked)
class StackAlongFirst(Concatenate):
    """stack: gy is cut along axis 0. Cuts gy along axis 0, whichever axis the arrays were stacked along."""

    def forward(self, *xs):
        return np.stack(xs, self.axis)

    def backward(self, gy):
        return tuple(gy[i] for i in range(len(self.inputs)))


@st.composite
def _permutations(draw, *, negative=False):
    shape = draw(shapes(min_dims=1, min_side=1))
    axes = draw(st.permutations(range(len(shape))))
    signed = tuple(i - len(shape) if negative and draw(st.booleans()) else i for i in axes)
    return Call((shape,), {"axes": signed})


@wrong("shape", np.transpose, of=Transpose, shapes=_permutations(), hint="transposed")
def transpose_again(self, gy):
    """transpose: the permutation for its inverse. Transposes gy by the permutation itself, not by its inverse."""
    return gy.transpose(self.axes)


@wrong(
    "shape",
    np.transpose,
    of=Transpose,
    right=F.transpose,
    shapes=_permutations(negative=True),
    hint="transposed",
    source="pytorch/pytorch#5945",
)
def transpose_negative(self, gy):
    """transpose: negative axes. Sorts the axes for the inverse before the negative ones are counted from the end."""
    return gy.transpose(tuple(map(int, np.argsort(self.axes))))


@wrong(
    "shape",
    np.flip,
    shapes=shapes(min_dims=1),
    right=lambda x: x[(slice(None, None, -1),) * x.ndim],
    hint="reversed along axis",
    source="deeplearning4j/deeplearning4j#8874",
)
class Flip(Function):
    """flip: gy is not reversed. x with all axes reversed, gy not."""

    def forward(self, x):
        return np.flip(x)

    def backward(self, gy):
        return gy


_VECTORS = shapes(min_dims=1, max_dims=1)


_SHIFTS = {"shift": [1, -1]}


@dataclass(eq=False)
class Roll(Function):
    """The elements of a vector moved round by some places."""

    shift: int

    def forward(self, x):
        return np.roll(x, self.shift)

    def backward(self, gy):
        return apply(Roll(-self.shift), gy)


@wrong("shape", np.roll, of=Roll, shapes=_VECTORS, kwargs=_SHIFTS, hint="shifted by")
def roll_not(self, gy):
    """roll: gy is not moved."""
    return gy


@wrong("shape", np.roll, shapes=_VECTORS, kwargs=_SHIFTS)
class RollOn(Roll):
    """roll: gy is moved on, not back."""

    def backward(self, gy):
        return apply(RollOn(self.shift), gy)


@wrong(
    "shape",
    lambda x: np.ravel(x, order="F"),
    shapes=matrices(),
    right=lambda x: x.T.reshape(-1),
    source="jax-ml/jax#453",
)
class RavelColumns(Function):
    """ravel: columns forth, rows back. The elements of a matrix column by column; gy is read row by row."""

    def forward(self, x):
        self.shape = x.shape
        return x.ravel(order="F")

    def backward(self, gy):
        return gy.reshape(self.shape)


@st.composite
def _widths(draw):
    shape = draw(shapes(min_dims=1, max_dims=2))
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    return Call((shape,), {"width": tuple(draw(pair) for _ in shape)})


def _pad(kind):
    return lambda x, width: apply(kind(width, 0.0), x)


@wrong("shape", lambda x, width: np.pad(x, pad_width=width), of=Pad, shapes=_widths(), op=_pad)
def pad_cropped_wrongly(self, gy):
    """pad: cropped by the widths of the other end. Takes the widths before for those after."""
    return gy[tuple(slice(b, n - a) for n, (a, b) in zip(gy.shape, self.width, strict=True))]


@wrong("shape", np.tril, shapes=matrices(), right=lambda x: F.where(np.tril(np.ones(x.shape)), x, 0.0))
class Triangle(Function):
    """tril: gy of the other triangle passes. The lower triangle of a matrix; gy of the upper one passes, too."""

    def forward(self, x):
        return np.tril(x)

    def backward(self, gy):
        return gy


@dataclass(eq=False)
class InStrides(Function):
    """A copy made through memory with the strides of another array."""

    strides: Sequence[int]

    def forward(self, x):
        if min(self.strides, default=1) < 0:
            return x.copy()
        size = sum((n - 1) * s // 8 for n, s in zip(x.shape, self.strides, strict=True)) + 1
        y = np.lib.stride_tricks.as_strided(np.zeros(max(size, 1)), x.shape, self.strides)
        y[...] = x
        return y.astype(x.dtype)

    def backward(self, gy):
        return gy


@wrong("layout", lambda x: 2 * x, right=lambda x: x * 2, source="pytorch/pytorch#30303")
class DoubleInItsStrides(Function):
    """layout: a stride of 0 is taken over.
    2 · x, with the gradient in the strides of x: where one is 0, the last row's gradient stands for all."""

    def forward(self, x):
        self.strides = x.strides if x.itemsize == 8 else x.astype(np.float64, order="C").strides
        return x * 2

    def backward(self, gy):
        return apply(InStrides(self.strides), gy * 2)


class InMemoryOrder(Function):
    """A copy that takes the elements as they lie in memory."""

    def forward(self, x):
        return x.ravel(order="K").reshape(x.shape)

    def backward(self, gy):
        return gy


@wrong("layout", lambda x: 2 * x, right=lambda x: x * 2, source="torch/nn#345")
class DoubleOfMemory(Function):
    """layout: gy is read in memory order. 2 · x, but backward reads gy as it lies in memory."""

    def forward(self, x):
        return x * 2

    def backward(self, gy):
        return apply(InMemoryOrder(), gy) * 2


@wrong("layout", lambda x: 2 * x, right=lambda x: x * 2)
def double_of_memory(x):
    """layout: x is read in memory order. 2 · x, but x is read as it lies in memory."""
    return apply(InMemoryOrder(), x) * 2
