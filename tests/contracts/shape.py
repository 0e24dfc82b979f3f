"""Contracts of functions/shape.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec, Shape
from minigrad.testing.strategies import shapes


def concatenate(*xs: Any, axis: int) -> Any:
    """F.concatenate, the arrays as arguments."""
    return F.concatenate(xs, axis)


def stack(*xs: Any, axis: int) -> Any:
    """F.stack, the arrays as arguments."""
    return F.stack(xs, axis)


def split_part(x: Any, *, sections: Any, axis: int) -> Any:
    """One of F.split's parts: the others stay unused."""
    return F.split(x, sections, axis)[-1]


@st.composite
def reshaped(draw: st.DrawFn) -> Call:
    """A shape, and another with as many elements."""
    shape = draw(shapes())
    size, first = math.prod(shape), shape[0] if shape else 1
    others: list[Shape] = [(size,), shape[::-1], (1, *shape, 1)]
    if size:
        others += [(-1,), (first, -1)]
    if size == 1:
        others.append(())
    return Call((shape,), {"shape": draw(st.sampled_from(others))})


@st.composite
def transposed(draw: st.DrawFn) -> Call:
    """A shape, and an order of its axes; None for the reverse."""
    shape = draw(shapes())
    order = draw(st.permutations(range(len(shape))))
    signed = tuple(i - len(shape) if draw(st.booleans()) else i for i in order)
    return Call((shape,), {"axes": draw(st.sampled_from([signed, tuple(order), None]))})


@st.composite
def moved(draw: st.DrawFn) -> Call:
    """A shape, and axes with the places they move to."""
    shape = draw(shapes(min_dims=1))
    count = draw(st.integers(1, len(shape)))
    source, destination = (tuple(draw(st.permutations(range(len(shape))))[:count]) for _ in range(2))
    one = count == 1 and draw(st.booleans())
    return Call(
        (shape,), {"source": source[0] if one else source, "destination": destination[0] if one else destination}
    )


@st.composite
def flattened(draw: st.DrawFn) -> Call:
    """A shape, and the axis from which it is flattened."""
    shape = draw(shapes())
    return Call((shape,), {"start_axis": draw(st.integers(0, len(shape)))})


@st.composite
def squeezed(draw: st.DrawFn) -> Call:
    """A shape with axes of length 1, and which of them go."""
    shape = draw(shapes(max_dims=3))
    place = draw(st.integers(0, len(shape)))
    shape = (*shape[:place], 1, *shape[place:])
    return Call((shape,), {"axis": draw(st.sampled_from([None, place, place - len(shape), (place,)]))})


@st.composite
def expanded(draw: st.DrawFn) -> Call:
    """A shape, and places of new axes."""
    shape = draw(shapes(max_dims=3))
    one, two = draw(st.integers(-len(shape) - 1, len(shape))), (0, -1)
    return Call((shape,), {"axis": draw(st.sampled_from([one, two]))})


@st.composite
def repeated(draw: st.DrawFn) -> Call:
    """A shape, and a larger one that it broadcasts to."""
    full = draw(shapes())
    ones = draw(st.lists(st.booleans(), min_size=len(full), max_size=len(full)))
    skipped = draw(st.integers(0, len(full)))
    small = tuple(1 if one else n for n, one in zip(full, ones, strict=True))[skipped:]
    return Call((small,), {"shape": full})


@st.composite
def joined(draw: st.DrawFn) -> Call:
    """One to three shapes that differ along one axis only."""
    shape = draw(shapes(min_dims=1, max_dims=3))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    place = axis % len(shape)
    return Call(tuple((*shape[:place], n, *shape[place + 1 :]) for n in lengths), {"axis": axis})


@st.composite
def stacked(draw: st.DrawFn) -> Call:
    """One to three equal shapes, and a new axis."""
    shape = draw(shapes(max_dims=3))
    count = draw(st.integers(1, 3))
    return Call((shape,) * count, {"axis": draw(st.integers(-len(shape) - 1, len(shape)))})


@st.composite
def cut(draw: st.DrawFn) -> Call:
    """A shape, and parts to cut it into: equal ones, or at places."""
    shape = draw(shapes(min_dims=1))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    length = shape[axis]
    equal = [n for n in range(1, length + 1) if length % n == 0] or [1]
    places = sorted(draw(st.lists(st.integers(0, length), min_size=1, max_size=2)))
    return Call((shape,), {"sections": draw(st.one_of(st.sampled_from(equal), st.just(places))), "axis": axis})


@st.composite
def bordered(draw: st.DrawFn) -> Call:
    """A shape, and the width of a border before and after each axis."""
    shape = draw(shapes(max_dims=3))
    width = [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in shape]
    return Call((shape,), {"width": width, "value": draw(st.sampled_from([0.0, 0.5]))})


@st.composite
def taken(draw: st.DrawFn) -> Call:
    """A shape, and indices along an axis, some of them twice."""
    shape = draw(shapes(min_dims=1, min_side=1))
    axis = draw(st.sampled_from([None, *range(-len(shape), len(shape))]))
    length = math.prod(shape) if axis is None else shape[axis]
    indices = np.array(draw(st.lists(st.integers(-length, length - 1), max_size=4)), int)
    return Call((shape,), {"indices": indices.reshape(2, 2) if len(indices) == 4 else indices, "axis": axis})


CONTRACTS = [
    OpSpec(
        F.reshape,
        np.reshape,
        shapes=reshaped(),
        formula="the same numbers in another shape",
        kernels=("contiguous",),
    ),
    OpSpec(
        F.transpose,
        np.transpose,
        shapes=transposed(),
        formula="axes in another order",
        cases=[case(np.arange(27.0).reshape(3, 3, 3), axes=(1, 2, 0))],
    ),
    OpSpec(F.moveaxis, np.moveaxis, shapes=moved(), formula="axes moved"),
    OpSpec(
        F.flatten,
        lambda x, start_axis: np.array(list(x.ravel())).reshape(*x.shape[:start_axis], math.prod(x.shape[start_axis:])),
        shapes=flattened(),
        formula="all axes from one on as one",
    ),
    OpSpec(F.squeeze, np.squeeze, shapes=squeezed(), formula="without axes of length 1"),
    OpSpec(
        F.expand_dims,
        np.expand_dims,
        shapes=expanded(),
        formula="with new axes of length 1",
        kernels=("contiguous",),
    ),
    OpSpec(F.broadcast_to, np.broadcast_to, shapes=repeated(), formula="repeated to a larger shape"),
    OpSpec(
        concatenate,
        lambda *xs, axis: np.concatenate(xs, axis),
        shapes=joined(),
        formula="one after the other along an axis",
        cases=[case(np.zeros((0, 2)), np.ones((2, 2)), axis=0), case([], [], axis=0)],
    ),
    OpSpec(stack, lambda *xs, axis: np.stack(xs, axis), shapes=stacked(), formula="side by side along a new axis"),
    OpSpec(F.split, lambda x, sections, axis: np.split(x, sections, axis), shapes=cut(), formula="cut along an axis"),  # noqa: PLW0108 - the names of its parameters
    OpSpec(
        split_part,
        lambda x, sections, axis: np.split(x, sections, axis)[-1],
        shapes=cut(),
        formula="one part, the others unused",
        cases=[case([1.0, 2.0, 3.0, 4.0], sections=2, axis=0)],
        name="split in part",
    ),
    OpSpec(
        F.pad,
        lambda x, width, value: np.pad(x, width, constant_values=value) if width else x,
        shapes=bordered(),
        formula="with a border of one value",
    ),
    OpSpec(
        F.take,
        lambda x, indices, axis: np.take(x, indices, axis),  # noqa: PLW0108
        shapes=taken(),
        formula="x[indices] along an axis",
        cases=[case([[1.0, 2.0], [3.0, 4.0]], indices=np.array([1, 1, 0]), axis=0)],
    ),
]
