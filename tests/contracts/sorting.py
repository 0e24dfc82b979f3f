"""Contracts of functions/sorting.py and indexing.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import shapes


def topk(x: Any, *, k: int, axis: int, largest: bool) -> Any:
    """The values of F.topk."""
    return F.topk(x, k, axis, largest=largest)[0]


def embedding(w: Any, *, x: Any) -> Any:
    """F.embedding with the integers as a parameter."""
    return F.embedding(x, w)


@st.composite
def sorted_along(draw: st.DrawFn) -> Call:
    """A small shape, of whose elements most differ, and an axis of it, or None."""
    shape = draw(shapes(max_dims=3, max_side=2))
    return Call((shape,), {"axis": draw(st.sampled_from([None, *range(-len(shape), len(shape))]))})


@st.composite
def largest_along(draw: st.DrawFn) -> Call:
    """A small shape, of whose elements most differ, an axis of it, and how many of them."""
    shape = draw(shapes(min_dims=1, max_dims=2, max_side=3))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    return Call((shape,), {"k": draw(st.integers(0, shape[axis])), "axis": axis, "largest": draw(st.booleans())})


@st.composite
def chosen_along(draw: st.DrawFn) -> Call:
    """A shape, an axis of it, and indices along it, some of them twice."""
    shape = draw(shapes(min_dims=1, min_side=1))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    others = [1 if draw(st.integers(0, 3)) == 3 else n for n in shape]
    others[axis] = draw(st.integers(0, 3))
    count, n = int(np.prod(others)), shape[axis]
    indices = draw(st.lists(st.integers(-n, n - 1), min_size=count, max_size=count))
    return Call((shape,), {"indices": np.array(indices, int).reshape(others), "axis": axis})


@st.composite
def rows(draw: st.DrawFn) -> Call:
    """The shape of a matrix, and integers that name rows of it."""
    w = draw(shapes(min_dims=2, max_dims=2, min_side=1))
    shape = draw(shapes(max_dims=2))
    count = int(np.prod(shape))
    x = draw(st.lists(st.integers(0, w[0] - 1), min_size=count, max_size=count))
    return Call((w,), {"x": np.array(x, int).reshape(shape)})


def _topk(x: Any, *, k: int, axis: int, largest: bool) -> Any:
    """Sorted as a whole, by NumPy."""
    ordered = np.moveaxis(np.sort(x, axis), axis, 0)
    return np.moveaxis(ordered[::-1][:k] if largest else ordered[:k], 0, axis)


CONTRACTS = [
    OpSpec(
        F.sort,
        np.sort,
        shapes=sorted_along(),
        formula="in ascending order along an axis",
        kinks="equal elements keep their order",
        cases=[
            *(case([[3.0, 1.0, 7.0], [2.0, 4.0, -1.0], [2.5, 0.0, 5.0]], axis=axis) for axis in (0, 1, None)),
            case(np.arange(8.0)[::-1].reshape(2, 2, 2), axis=1),
        ],
    ),
    OpSpec(
        topk,
        _topk,
        shapes=largest_along(),
        formula="the k largest along an axis",
        kinks="the first of equal elements",
        cases=[
            case([2.0, 3.0, 3.0, 3.0], k=2, axis=0, largest=True, gradient=[0, 1, 1, 0]),
            *(case([[3.0, 1.0, 2.0], [5.0, 7.0, 6.0]], k=2, axis=1, largest=largest) for largest in (True, False)),
            case(np.arange(8.0).reshape(2, 2, 2), k=1, axis=-2, largest=True),
        ],
    ),
    OpSpec(
        F.take_along_axis,
        lambda x, indices, axis: np.take_along_axis(x, indices, axis),  # noqa: PLW0108 - the names of its parameters
        shapes=chosen_along(),
        formula="x[indices] along an axis, for each place of the others",
        cases=[case([[1.0, 2.0], [3.0, 4.0]], indices=np.array([[1, 1], [0, 1]]), axis=1)],
    ),
    OpSpec(
        embedding,
        lambda w, x: np.array([w[i] for i in x.ravel()]).reshape(*x.shape, w.shape[1]),
        shapes=rows(),
        formula="the rows of w that integers name",
        cases=[case([[1.0, 2.0], [3.0, 4.0]], x=np.array([1, 1, 0]))],
    ),
]
