"""Contracts of functions/rearranging.py, cumulative.py and unfolding.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec, Shape
from minigrad.testing.strategies import axes, both, conv2d_args, shapes
from tests.contracts import loops


@st.composite
def flipped(draw: st.DrawFn) -> Call:
    """A shape, and axes of it."""
    shape = draw(shapes())
    return Call((shape,), {"axis": draw(axes(len(shape)))})


@st.composite
def rolled(draw: st.DrawFn) -> Call:
    """A shape, axes of it, and a shift for all or for each of them."""
    shape = draw(shapes())
    axis = draw(axes(len(shape)))
    count = len(axis) if isinstance(axis, tuple) else 1
    each = draw(st.lists(st.integers(-5, 5), min_size=count, max_size=count))
    return Call((shape,), {"shift": tuple(each) if isinstance(axis, tuple) and each else 2, "axis": axis})


@st.composite
def along_an_axis(draw: st.DrawFn) -> Call:
    """A shape, and an axis of it, or None."""
    shape = draw(shapes())
    return Call((shape,), {"axis": draw(st.sampled_from([None, *range(-len(shape), len(shape))]))})


@st.composite
def repeated(draw: st.DrawFn) -> Call:
    """A shape, an axis of it, and how often each place along it is repeated."""
    call = draw(along_an_axis())
    (shape,), axis = call.shapes, call.kwargs["axis"]
    n = math.prod(shape) if axis is None else shape[axis]
    each = st.lists(st.integers(0, 2), min_size=n, max_size=n).map(tuple)
    return Call(call.shapes, {**call.kwargs, "repeats": draw(st.one_of(st.integers(0, 3), each))})


@st.composite
def tiled(draw: st.DrawFn) -> Call:
    """A shape, and how often it is repeated along its axes and new ones."""
    shape = draw(shapes(max_dims=3))
    reps = draw(st.lists(st.integers(0, 2), max_size=len(shape) + 1).map(tuple))
    return Call((shape,), {"reps": reps[0] if len(reps) == 1 else reps})


def _windows_of(call: Call) -> tuple[Shape, dict[str, Any]]:
    """The images of a convolution, and its window."""
    (N, C, *size), filters = call.shapes
    return (min(N, 1), min(C, 2), *size), {
        "kernel": filters[2:],
        **{name: call.kwargs[name] for name in ("stride", "pad", "dilation")},
    }


@st.composite
def images(draw: st.DrawFn) -> Call:
    """The shape of images, and windows that fit them."""
    shape, window = _windows_of(draw(conv2d_args(bias=False)))
    return Call((shape,), window)


@st.composite
def windows(draw: st.DrawFn) -> Call:
    """The shape of windows, and the images that they are of."""
    shape, window = _windows_of(draw(conv2d_args(bias=False)))
    kernel = window.pop("kernel")
    full = unfold(np.zeros(shape), kernel=kernel, **window).shape
    return Call((full,), {"size": shape[2:], **window})


def _places(size: Any, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """For each element of each window, (i, j, u, v), the pixel of the image that it meets, if it is inside."""
    steps = both(stride), both(dilation)
    if pad == "same":
        ((above, below), (left, right)) = loops.same_padding(size, kernel, *steps)
    else:
        (above, left), (below, right) = both(pad), both(pad)
    (SH, SW), (DH, DW) = steps
    OH = (size[0] + above + below - DH * (kernel[0] - 1) - 1) // SH + 1
    OW = (size[1] + left + right - DW * (kernel[1] - 1) - 1) // SW + 1
    found = {}
    for i, j, u, v in np.ndindex(*kernel, OH, OW):
        row, column = u * SH + i * DH - above, v * SW + j * DW - left
        inside = 0 <= row < size[0] and 0 <= column < size[1]
        found[i, j, u, v] = (row, column) if inside else None
    return (OH, OW), found


def unfold(x: Any, *, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """F.unfold, pixel by pixel."""
    outputs, places = _places(x.shape[2:], kernel, stride, pad, dilation)
    y = np.zeros((*x.shape[:2], *kernel, *outputs))
    for (i, j, u, v), pixel in places.items():
        if pixel:
            y[:, :, i, j, u, v] = x[:, :, *pixel]
    return y


def fold(y: Any, *, size: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """F.fold, pixel by pixel."""
    _, places = _places(size, y.shape[2:4], stride, pad, dilation)
    x = np.zeros((*y.shape[:2], *size))
    for (i, j, u, v), pixel in places.items():
        if pixel:
            x[:, :, *pixel] += y[:, :, i, j, u, v]
    return x


UNEVEN = {"stride": (2, 1), "pad": (1, 0), "dilation": (1, 2)}

CONTRACTS = [
    OpSpec(F.flip, np.flip, shapes=flipped(), formula="in reverse along axes"),
    OpSpec(
        F.roll,
        lambda x, shift, axis: np.roll(x, shift, axis),  # noqa: PLW0108 - the names of its parameters
        shapes=rolled(),
        formula="shifted along axes, round about",
        cases=[case([1.0, 2.0, 3.0], shift=1, axis=0), case(np.arange(6.0).reshape(2, 3), shift=(1, -1), axis=(0, 1))],
    ),
    OpSpec(
        F.repeat,
        lambda x, repeats, axis: np.repeat(x, repeats, axis),  # noqa: PLW0108
        shapes=repeated(),
        formula="each element repeated along an axis",
        cases=[case([[1.0, 2.0], [3.0, 4.0]], repeats=(1, 2), axis=1)],
    ),
    OpSpec(
        F.tile,
        lambda x, reps: np.tile(x, reps),  # noqa: PLW0108
        shapes=tiled(),
        formula="repeated as a whole along axes",
        cases=[case([[1.0, 2.0, 3.0]], reps=(2, 3)), case([1.0, 2.0], reps=2)],
    ),
    OpSpec(
        F.cumsum,
        np.cumsum,
        shapes=along_an_axis(),
        formula="Σ of the elements up to each one along an axis",
        cases=[case([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]], axis=axis) for axis in (0, 1, None)],
    ),
    OpSpec(
        F.unfold,
        unfold,
        shapes=images(),
        formula="y[n, c, k, l, i, j] = x[n, c, i·S + k·D − P, j·S + l·D − P]",
        cases=[case(np.arange(40.0).reshape(1, 2, 4, 5), kernel=(2, 3), **UNEVEN)],
    ),
    OpSpec(
        F.fold,
        fold,
        shapes=windows(),
        formula="Σ y[n, c, k, l, i, j] at [n, c, i·S + k·D − P, j·S + l·D − P]",
        cases=[case(np.arange(36.0).reshape(1, 2, 2, 3, 3, 1), size=(4, 5), **UNEVEN)],
    ),
]
