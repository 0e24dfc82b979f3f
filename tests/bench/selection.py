"""Choosing elements: by conditions and by indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.backend import Array
from minigrad.core.function import Function, Gradients
from minigrad.core.shaping import ScatterAdd
from minigrad.core.variable import Variable, apply
from minigrad.functions.elementwise import masked
from minigrad.testing.bench.draws import with_mask, with_rows
from minigrad.testing.bench.wrong import Wrong, applied
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import shapes, with_axis


@dataclass(eq=False)
class Where(Function):
    """a where the mask holds, else b; both get the gradient of where it holds."""

    mask: Any

    def forward(self, a: Array, b: Array) -> Array:
        return np.where(self.mask, a, b)

    def backward(self, gy: Variable) -> Gradients:
        return masked(gy, self.mask), masked(gy, self.mask)


class WhereBroadcast(Where):
    """A scalar b is broadcast, and its gradient is not summed."""

    def backward(self, gy: Variable) -> Gradients:
        return masked(gy, self.mask), masked(gy, ~self.mask)


def root_or_zero(x: Variable) -> Variable:
    """√x where x is positive, else 0: the branch not taken gives 0 times infinity."""
    return F.where(x.data > 0, F.sqrt(x), 0.0)


def root_or_zero_guarded(x: Variable) -> Variable:
    """√x where x is positive, else 0: the root never sees another number."""
    positive = x.data > 0
    return F.where(positive, F.sqrt(F.where(positive, x, 1.0)), 0.0)


@dataclass(eq=False)
class Fill(Function):
    """x with a number where the mask holds; gy passes everywhere."""

    mask: Any

    def forward(self, x: Array) -> Array:
        return np.where(self.mask, x.dtype.type(-1), x)

    def backward(self, gy: Variable) -> Gradients:
        return gy


class ScatterSet(ScatterAdd):
    """Writes in place of adding: of several gradients for one element the last remains."""

    def forward(self, x: Array) -> Array:
        y = np.zeros(self.shape, x.dtype)
        y[self.key] = x
        return y


@dataclass(eq=False)
class Rows(Function):
    """The rows of x that an index names."""

    index: Any

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x[self.index]

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(self.index, self.shape)


class RowsWritten(Rows):
    """A row that is taken twice keeps one of its gradients."""

    def backward(self, gy: Variable) -> Gradients:
        return apply(ScatterSet(self.index, self.shape), gy)


class RowsIntoCopy(Rows):
    """Adds gy into a copy that indexing made: nothing arrives."""

    def backward(self, gy: Variable) -> Gradients:
        gx = np.zeros(self.shape, gy.dtype)
        gx[self.index][...] += gy.data
        return Variable(gx)


class RowsOfMean(Rows):
    """Divides by how often a row is taken."""

    def backward(self, gy: Variable) -> Gradients:
        counts = np.maximum(np.bincount(self.index, minlength=self.shape[0]), 1)
        return gy.scatter_add(self.index, self.shape) / counts.reshape(-1, *[1] * (len(self.shape) - 1))


class RowsFromOne(Rows):
    """Counts rows from one: the gradient arrives a row further."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add((self.index + 1) % self.shape[0], self.shape)


@dataclass(eq=False)
class Steps(Function):
    """Every so many rows of x, backwards if step is negative; the gradient is laid down forwards."""

    step: int

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x[:: self.step]

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(slice(None, None, abs(self.step)), self.shape)


@dataclass(eq=False)
class Compress(Function):
    """The elements for which the mask holds, row by row; their gradients are laid down column by column."""

    mask: Any

    def forward(self, x: Array) -> Array:
        return x[self.mask]

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(np.nonzero(self.mask.T)[::-1], self.mask.shape)


class Sort(Function):
    """x, a vector, in order; gy is taken by the permutation, not put back by it."""

    def forward(self, x: Array) -> Array:
        self.order = np.argsort(x, kind="stable")
        return x[self.order]

    def backward(self, gy: Variable) -> Gradients:
        return gy[self.order]


class SortRight(Sort):
    """x, a vector, in order."""

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(self.order, gy.shape)


class Median(Function):
    """The middle one of the sorted elements, whose gradient goes to the element in the middle of x."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return np.asarray(np.sort(x)[len(x) // 2])

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(self.shape[0] // 2, self.shape)


@dataclass(eq=False)
class TakeAlong(Function):
    """The first element along an axis, whose gradient is put back along axis 0."""

    axis: int

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.take(0, self.axis)

    def backward(self, gy: Variable) -> Gradients:
        return gy.scatter_add(0, self.shape)


def _apart(function: Any) -> Any:
    """A function of a vector whose elements are moved apart: where two are equal, an order has no derivative."""

    def op(x: Any) -> Any:
        return function(x - np.arange(len(x), dtype=x.dtype) / 8)

    op.__name__ = getattr(function, "__name__", "op")
    return op


def _middle(x: Array) -> Array:
    return np.asarray(np.sort(x)[len(x) // 2])


def _with_scalar(call: Call) -> Call:
    return Call((call.shapes[0], ()), call.kwargs)


_TABLES = shapes(min_dims=1, max_dims=3, min_side=1)
_VECTORS = shapes(min_dims=1, max_dims=1, min_side=1)

BENCH = [
    Wrong(
        "where: both branches get the same part",
        OpSpec(applied(Where), lambda a, b, mask: np.where(mask, a, b), shapes=with_mask(count=2)),
        "where",
        "apache/mxnet#17893",
        right=lambda a, b, mask: F.where(mask, a, b),
    ),
    Wrong(
        "where: a broadcast branch is not summed",
        OpSpec(applied(WhereBroadcast), lambda a, b, mask: np.where(mask, a, b), shapes=with_mask().map(_with_scalar)),
        "where",
        "HIPS/autograd#396",
        hint="not summed over the broadcast axis",
        right=lambda a, b, mask: F.where(mask, a, b),
    ),
    Wrong(
        "where: 0 times infinity from the other branch",
        OpSpec(root_or_zero, lambda x: np.sqrt(np.maximum(x, 0))),
        "where",
        "jax-ml/jax#347",
        hint="NaN",
        right=root_or_zero_guarded,
    ),
    Wrong(
        "fill: gy passes where x was overwritten",
        OpSpec(applied(Fill), lambda x, mask: np.where(mask, -1.0, x), shapes=with_mask()),
        "where",
        right=lambda x, mask: F.where(mask, -1.0, x),
    ),
    Wrong(
        "index: a repeated one keeps its last gradient",
        OpSpec(applied(RowsWritten), lambda x, index: x[index], shapes=with_rows()),
        "indexing",
        "HIPS/autograd#39",
        right=applied(Rows),
    ),
    Wrong(
        "index: the gradient is added into a copy",
        OpSpec(applied(RowsIntoCopy), lambda x, index: x[index], shapes=with_rows()),
        "indexing",
        "pytorch/pytorch#828",
        hint="the gradient is missing",
        right=applied(Rows),
    ),
    Wrong(
        "index: a repeated one gets the mean",
        OpSpec(applied(RowsOfMean), lambda x, index: x[index], shapes=with_rows()),
        "indexing",
        "pytorch/pytorch#190063",
        right=applied(Rows),
    ),
    Wrong(
        "index: counted from one",
        OpSpec(applied(RowsFromOne), lambda x, index: x[index], shapes=with_rows()),
        "indexing",
        hint="shifted by",
        right=applied(Rows),
    ),
    Wrong(
        "slice: the sign of the step is forgotten",
        OpSpec(applied(Steps), lambda x, step: x[::step], shapes=_TABLES, kwargs={"step": [1, 2, -1]}),
        "indexing",
        "ml-explore/mlx#4444",
        hint="reversed along axis 0",
        right=lambda x, step: x[::step],
    ),
    Wrong(
        "mask: gradients are laid down by columns",
        OpSpec(applied(Compress), lambda x, mask: x[mask], shapes=with_mask(min_dims=1)),
        "indexing",
        right=lambda x, mask: x[mask],
    ),
    Wrong(
        "sort: the permutation for its inverse",
        OpSpec(_apart(applied(Sort)), _apart(np.sort), shapes=_VECTORS),
        "indexing",
        right=_apart(applied(SortRight)),
    ),
    Wrong(
        "median: the element in the middle gets the gradient",
        OpSpec(_apart(applied(Median)), _apart(_middle), shapes=_VECTORS),
        "indexing",
        right=_apart(lambda x: apply(SortRight(), x)[len(x) // 2]),
    ),
    Wrong(
        "take: put back along axis 0",
        OpSpec(applied(TakeAlong), lambda x, axis: np.take(x, 0, axis), shapes=with_axis(min_side=1)),
        "indexing",
        right=lambda x, axis: F.take(x, np.array(0), axis),
    ),
]
