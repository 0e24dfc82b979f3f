"""Shapes drawn together with the parameters that fit them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad.testing.spec import Call
from minigrad.testing.strategies import labels, shapes


@st.composite
def with_mask(draw: st.DrawFn, *, count: int = 1, min_dims: int = 0) -> Call:
    """Arrays of one shape, and a mask of that shape."""
    shape = draw(shapes(min_dims=min_dims))
    size = int(np.prod(shape))
    mask = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    return Call((shape,) * count, {"mask": np.array(mask, bool).reshape(shape)})


@st.composite
def with_rows(draw: st.DrawFn) -> Call:
    """A table, and numbers of its rows in any order; some may come twice, others not at all."""
    shape = draw(shapes(min_dims=1, max_dims=2, min_side=1))
    index = draw(st.lists(st.integers(0, shape[0] - 1), max_size=5))
    return Call((shape,), {"index": np.array(index, np.int64)})


@st.composite
def with_labels(draw: st.DrawFn, *, ignored: bool = False) -> Call:
    """Logits (N, C) and a class for each row; −1 for rows that don't count, where there may be such."""
    N, C = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    classes = draw(labels(N, C))
    if ignored:
        classes = np.where(draw(st.lists(st.booleans(), min_size=N, max_size=N)), -1, classes)
    return Call(((N, C),), {"labels": classes})


def one_hot(labels: np.ndarray[Any, Any], classes: int) -> np.ndarray[Any, Any]:
    """Labels (N,) as rows of zeros with a one (N, C); of zeros alone where the label is −1."""
    return np.asarray(labels[:, None] == np.arange(classes), np.float64)


def vectors(least: int = 1) -> st.SearchStrategy[tuple[int, ...]]:
    """The shape of a vector."""
    return shapes(min_dims=1, max_dims=1, min_side=least)


def matrices() -> st.SearchStrategy[tuple[int, ...]]:
    """The shape of a matrix, of a square one often."""
    return shapes(min_dims=2, max_dims=2, min_side=1)


def squares() -> st.SearchStrategy[tuple[int, ...]]:
    """The shape of a square matrix."""
    return st.integers(1, 4).map(lambda n: (n, n))


def products(*, stacks: Sequence[tuple[int, ...]] = ((),)) -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    """The shapes of two factors of a matrix product, the first in one of several stacks; squares often."""
    any_sides = st.tuples(*[st.integers(1, 4)] * 3)
    sides = st.one_of(any_sides, st.integers(1, 4).map(lambda n: (n, n, n)))
    return st.tuples(st.sampled_from(list(stacks)), sides).map(
        lambda drawn: ((*drawn[0], drawn[1][0], drawn[1][1]), (drawn[1][1], drawn[1][2]))
    )
