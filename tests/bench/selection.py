"""Choosing elements: by conditions and by indices."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.core.function import Function
from minigrad.core.shaping import ScatterAdd
from minigrad.core.variable import Variable, apply
from minigrad.functions.elementwise import masked
from minigrad.testing.spec import Call
from minigrad.testing.strategies import shapes, with_axis
from tests.bench.draws import with_mask, with_rows
from tests.bench.wrong import applied, wrong


@wrong(
    "where",
    lambda a, b, mask: np.where(mask, a, b),
    shapes=with_mask(count=2),
    right=lambda a, b, mask: F.where(mask, a, b),
    source="apache/mxnet#17893",
)
@dataclass(eq=False)
class Where(Function):
    """where: both branches get the same part.
    a where the mask holds, else b; both get the gradient of where it holds."""

    mask: Any

    def forward(self, a, b):
        return np.where(self.mask, a, b)

    def backward(self, gy):
        return masked(gy, self.mask), masked(gy, self.mask)


def _with_scalar(call):
    return Call((call.shapes[0], ()), call.kwargs)


@wrong(
    "where",
    lambda a, b, mask: np.where(mask, a, b),
    of=Where,
    shapes=with_mask().map(_with_scalar),
    right=lambda a, b, mask: F.where(mask, a, b),
    hint="not summed over the broadcast axis",
    source="HIPS/autograd#396",
)
def where_broadcast(self, gy):
    """where: a broadcast branch is not summed. A scalar b is broadcast, and its gradient is not summed."""
    return masked(gy, self.mask), masked(gy, ~self.mask)


def root_or_zero_guarded(x):
    """√x where x is positive, else 0: the root never sees another number."""
    positive = x.data > 0
    return F.where(positive, F.sqrt(F.where(positive, x, 1.0)), 0.0)


@wrong("where", lambda x: np.sqrt(np.maximum(x, 0)), right=root_or_zero_guarded, hint="NaN", source="jax-ml/jax#347")
def root_or_zero(x):
    """where: 0 times infinity from the other branch.
    √x where x is positive, else 0: the branch not taken gives 0 times infinity."""
    return F.where(x.data > 0, F.sqrt(x), 0.0)


@wrong(
    "where", lambda x, mask: np.where(mask, -1.0, x), shapes=with_mask(), right=lambda x, mask: F.where(mask, -1.0, x)
)
@dataclass(eq=False)
class Fill(Function):
    """fill: gy passes where x was overwritten. x with a number where the mask holds; gy passes everywhere."""

    mask: Any

    def forward(self, x):
        return np.where(self.mask, x.dtype.type(-1), x)

    def backward(self, gy):
        return gy


class ScatterSet(ScatterAdd):
    """Writes in place of adding: of several gradients for one element the last remains."""

    def forward(self, x):
        y = np.zeros(self.shape, x.dtype)
        y[self.key] = x
        return y


@dataclass(eq=False)
class Rows(Function):
    """The rows of x that an index names."""

    index: Any

    def forward(self, x):
        self.shape = x.shape
        return x[self.index]

    def backward(self, gy):
        return gy.scatter_add(self.index, self.shape)


@wrong("indexing", lambda x, index: x[index], of=Rows, shapes=with_rows(), source="HIPS/autograd#39")
def rows_written(self, gy):
    """index: a repeated one keeps its last gradient. A row that is taken twice keeps one of its gradients."""
    return apply(ScatterSet(self.index, self.shape), gy)


@wrong(
    "indexing",
    lambda x, index: x[index],
    of=Rows,
    shapes=with_rows(),
    hint="the gradient is missing",
    source="pytorch/pytorch#828",
)
def rows_into_copy(self, gy):
    """index: the gradient is added into a copy. Adds gy into a copy that indexing made: nothing arrives."""
    gx = np.zeros(self.shape, gy.dtype)
    gx[self.index][...] += gy.data
    return Variable(gx)


@wrong("indexing", lambda x, index: x[index], of=Rows, shapes=with_rows(), source="pytorch/pytorch#190063")
def rows_of_mean(self, gy):
    """index: a repeated one gets the mean. Divides by how often a row is taken."""
    counts = np.maximum(np.bincount(self.index, minlength=self.shape[0]), 1)
    return gy.scatter_add(self.index, self.shape) / counts.reshape(-1, *[1] * (len(self.shape) - 1))


@wrong("indexing", lambda x, index: x[index], of=Rows, shapes=with_rows(), hint="shifted by")
def rows_from_one(self, gy):
    """index: counted from one. Counts rows from one: the gradient arrives a row further."""
    return gy.scatter_add((self.index + 1) % self.shape[0], self.shape)


_TABLES = shapes(min_dims=1, max_dims=3, min_side=1)


@wrong(
    "indexing",
    lambda x, step: x[::step],
    shapes=_TABLES,
    kwargs={"step": [1, 2, -1]},
    right=lambda x, step: x[::step],
    hint="reversed along axis 0",
    source="ml-explore/mlx#4444",
)
@dataclass(eq=False)
class Steps(Function):
    """slice: the sign of the step is forgotten.
    Every so many rows of x, backwards if step is negative; the gradient is laid down forwards."""

    step: int

    def forward(self, x):
        self.shape = x.shape
        return x[:: self.step]

    def backward(self, gy):
        return gy.scatter_add(slice(None, None, abs(self.step)), self.shape)


@wrong("indexing", lambda x, mask: x[mask], shapes=with_mask(min_dims=1), right=lambda x, mask: x[mask])
@dataclass(eq=False)
class Compress(Function):
    """mask: gradients are laid down by columns.
    The elements for which the mask holds, row by row; their gradients are laid down column by column."""

    mask: Any

    def forward(self, x):
        return x[self.mask]

    def backward(self, gy):
        return gy.scatter_add(np.nonzero(self.mask.T)[::-1], self.mask.shape)


def _apart(function):
    """A function of a vector whose elements are moved apart: where two are equal, an order has no derivative."""

    def op(x):
        return function(x - np.arange(len(x), dtype=x.dtype) / 8)

    op.__name__ = getattr(function, "__name__", "op")
    return op


_VECTORS = shapes(min_dims=1, max_dims=1, min_side=1)


class Sort(Function):
    """x, a vector, in order."""

    def forward(self, x):
        self.order = np.argsort(x, kind="stable")
        return x[self.order]

    def backward(self, gy):
        return gy.scatter_add(self.order, gy.shape)


@wrong("indexing", _apart(np.sort), of=Sort, shapes=_VECTORS, op=lambda kind: _apart(applied(kind)))
def sort_again(self, gy):
    """sort: the permutation for its inverse. gy is taken by the permutation, not put back by it."""
    return gy[self.order]


def _middle(x):
    return np.asarray(np.sort(x)[len(x) // 2])


@wrong(
    "indexing",
    _apart(_middle),
    shapes=_VECTORS,
    op=lambda kind: _apart(applied(kind)),
    right=_apart(lambda x: apply(Sort(), x)[len(x) // 2]),
)
class Median(Function):
    """median: the element in the middle gets the gradient.
    The middle one of the sorted elements, whose gradient goes to the element in the middle of x."""

    def forward(self, x):
        self.shape = x.shape
        return np.asarray(np.sort(x)[len(x) // 2])

    def backward(self, gy):
        return gy.scatter_add(self.shape[0] // 2, self.shape)


@wrong(
    "indexing",
    lambda x, axis: np.take(x, 0, axis),
    shapes=with_axis(min_side=1),
    right=lambda x, axis: F.take(x, np.array(0), axis),
)
@dataclass(eq=False)
class TakeAlong(Function):
    """take: put back along axis 0. The first element along an axis, whose gradient is put back along axis 0."""

    axis: int

    def forward(self, x):
        self.shape = x.shape
        return x.take(0, self.axis)

    def backward(self, gy):
        return gy.scatter_add(0, self.shape)
