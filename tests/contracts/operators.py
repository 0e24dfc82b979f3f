"""Contracts of what can be written with a Variable: operators.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import basic_indices

from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import broadcastable, reductions, shapes
from tests.contracts.linalg import products
from tests.contracts.shape import repeated, reshaped, transposed

NUMBERS = [2, -1.5, 0.5]


def add(a: Any, b: Any) -> Any:
    """a + b."""
    return a + b


def sub(a: Any, b: Any) -> Any:
    """a − b."""
    return a - b


def mul(a: Any, b: Any) -> Any:
    """a · b."""
    return a * b


def div(a: Any, b: Any) -> Any:
    """a / b."""
    return a / b


def scalars(x: Any, *, c: float) -> Any:
    """Every operator between a Variable and a number, on either side."""
    return ((x + c) * c - c) / c + (c + x) + (c - x) * c + c * x + c / (x * x + 1) + -(+x) + abs(c) ** x


def matmul(a: Any, b: Any) -> Any:
    """a @ b."""
    return a @ b


def rmatmul(b: Any) -> Any:
    """An array @ a Variable."""
    constant = getattr(b, "xp", np).arange(2.0 * b.shape[-2]).reshape(2, b.shape[-2]) - 1.5
    return constant.astype(b.dtype) @ b


def getitem(x: Any, *, key: Any) -> Any:
    """x[key]."""
    return x[key]


def iterated(x: Any) -> Any:
    """Σ i · x[i], by iterating over x."""
    return sum((row * i for i, row in enumerate(x)), start=x[0] * 0 if len(x) else x.sum(0))


def scatter_add(x: Any, *, key: Any, shape: Any) -> Any:
    """Zeros of a shape with x added at a key."""
    return x.scatter_add(key, shape)


def _scattered(x: Any, key: Any, shape: Any) -> Any:
    places = np.arange(int(np.prod(shape))).reshape(shape)[key]
    y = np.zeros(int(np.prod(shape)))
    for place, number in zip(np.ravel(places), np.ravel(x), strict=True):
        y[place] += number
    return y.reshape(shape)


@st.composite
def indexed(draw: st.DrawFn) -> Call:
    """A shape, and a key: numbers, slices of any step, new axes; a mask; or indices, some of them twice."""
    shape = draw(shapes(min_side=1))
    kinds = ["basic"] if not shape else ["basic", "mask", "indices", "pairs"]
    kind = draw(st.sampled_from(kinds))
    if kind == "basic":
        key: Any = draw(basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    elif kind == "mask":
        size = int(np.prod(shape))
        key = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(shape)
    else:
        indices = st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=4)
        key = np.array(draw(indices), int)
        if kind == "pairs" and len(shape) > 1:
            columns = draw(st.lists(st.integers(0, shape[1] - 1), min_size=len(key), max_size=len(key)))
            key = (key, np.array(columns, int))
    return Call((shape,), {"key": key})


@st.composite
def scattered(draw: st.DrawFn) -> Call:
    """A key and a shape, and the shape of what lies there."""
    call = draw(indexed())
    (shape,), key = call.shapes, call.kwargs["key"]
    return Call((np.zeros(shape)[key].shape,), {"key": key, "shape": shape})


@st.composite
def swapped(draw: st.DrawFn) -> Call:
    """A shape, and two of its axes."""
    shape = draw(shapes(min_dims=1))
    axis = st.integers(-len(shape), len(shape) - 1)
    return Call((shape,), {"i": draw(axis), "j": draw(axis)})


def _summed_to(x: Any, shape: Any) -> Any:
    y = np.zeros(shape)
    for index in np.ndindex(x.shape):
        trailing = index[x.ndim - len(shape) :]
        y[tuple(0 if n == 1 else i for i, n in zip(trailing, shape, strict=True))] += x[index]
    return y


ROW, SQUARE = [1.0, 2.0, 3.0], np.arange(9.0).reshape(3, 3) - 4
PAIRS = [case(SQUARE, ROW), case([2.0], np.ones((5, 4))), case(2.0, 3.0), case(SQUARE, [[1.0], [2.0], [3.0]])]

CONTRACTS = [
    OpSpec(add, np.add, shapes=broadcastable(2), formula="a + b", cases=PAIRS, name="__add__"),
    OpSpec(sub, np.subtract, shapes=broadcastable(2), formula="a − b", cases=PAIRS, name="__sub__"),
    OpSpec(mul, np.multiply, shapes=broadcastable(2), formula="a · b", cases=PAIRS, name="__mul__"),
    OpSpec(
        div,
        np.divide,
        shapes=broadcastable(2),
        domain={"b": (0.25, 10)},
        formula="a / b",
        cases=[case([1.0, 2.0], [-0.5, 4.0]), case(SQUARE, ROW)],
        name="__truediv__",
    ),
    OpSpec(scalars, scalars, domain=(-10, 10), kwargs={"c": NUMBERS}, formula="with numbers", name="operators"),
    OpSpec(lambda x: -x, np.negative, formula="−x", name="__neg__"),
    # What gives its input back, as + and `to` do, has no node and shares its memory: something is done with the result.
    OpSpec(lambda x: +x * 1, np.positive, formula="x", name="__pos__"),
    OpSpec(abs, np.abs, formula="|x|", kinks="0 at x = 0", name="__abs__", cases=[case([0.0, -1.0], gradient=[0, -1])]),
    OpSpec(
        lambda x, p: x**p,
        shapes=broadcastable(2),
        domain={"x": (0.1, 10), "p": (-2, 3)},
        formula="xᵖ",
        kinks="x = 0: as power",
        kernels=("masked",),
        name="__pow__",
        reference=np.power,
    ),
    OpSpec(
        matmul,
        np.matmul,
        shapes=products(),
        domain=(-10, 10),
        formula="a · b, matrices",
        kernels=("matmul",),
        name="__matmul__",
    ),
    OpSpec(
        rmatmul,
        rmatmul,
        shapes=[(1, 2), (3, 3), (2, 0)],
        formula="constant · b, matrices",
        kernels=("matmul",),
        name="__rmatmul__",
    ),
    OpSpec(
        getitem,
        lambda x, key: x[key],
        shapes=indexed(),
        formula="x[key]",
        name="__getitem__",
        cases=[
            case(SQUARE, key=key)
            for key in ([0, 2, 2, 0], slice(None, None, -1), (..., None, 1), SQUARE > 0, (slice(0, 2), [1, 1]), 1)
        ],
    ),
    OpSpec(iterated, iterated, shapes=shapes(min_dims=1), formula="rows, one by one", name="__iter__"),
    OpSpec(lambda x: x.astype(x.dtype), np.copy, formula="in another float type", name="astype"),
    OpSpec(lambda x: x.to("cpu") * 2, lambda x: x + x, formula="on another device", name="to"),
    *(
        OpSpec(
            lambda x, axis, keepdims, name=name: getattr(x, name)(axis, keepdims=keepdims),
            lambda x, axis, keepdims, name=name: getattr(np, name)(x, axis, keepdims=keepdims),
            shapes=reductions(min_side=1),
            formula=formula,
            kinks="ties share equally" if name in ("max", "min") else "",
            kernels=kernels,
            name=f"{name} as a method",
        )
        for name, formula, kernels in [
            ("sum", "Σ x", ("channel_sum",)),
            ("mean", "Σ x / n", ()),
            ("max", "max x", ("masked",)),
            ("min", "min x", ("masked",)),
        ]
    ),
    OpSpec(
        lambda x, shape: x.broadcast_to(shape) * 1,
        np.broadcast_to,
        shapes=repeated(),
        formula="repeated to a larger shape",
        name="broadcast_to as a method",
    ),
    OpSpec(lambda x: x.T, np.transpose, formula="all axes reversed", name="T"),
    OpSpec(
        lambda x, i, j: x.swapaxes(i, j),
        lambda x, i, j: np.swapaxes(x, i, j),  # noqa: PLW0108 - the names of its parameters
        shapes=swapped(),
        formula="two axes exchanged",
        name="swapaxes",
    ),
    OpSpec(
        lambda x, axes: x.transpose(axes),
        np.transpose,
        shapes=transposed(),
        formula="axes in another order",
        name="transpose as a method",
    ),
    OpSpec(
        lambda x, shape: x.reshape(*shape),
        np.reshape,
        shapes=reshaped(),
        formula="in another shape",
        kernels=("contiguous",),
        name="reshape as a method",
    ),
    OpSpec(
        lambda x, shape: x.sum_to(shape),
        _summed_to,
        shapes=repeated().map(lambda call: Call((call.kwargs["shape"],), {"shape": call.shapes[0]})),
        formula="Σ x over repeated axes",
        name="sum_to",
    ),
    OpSpec(scatter_add, _scattered, shapes=scattered(), formula="zeros, x added at a key", name="scatter_add"),
]
