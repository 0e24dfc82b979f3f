"""Contracts of functions/normalization.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import axes, shapes


def standardized(values: Any, eps: float) -> Any:
    """Of all the values, with the variance as half the mean squared difference of two of them."""
    flat = np.ravel(values)
    if not flat.size:
        return values
    variance = np.square(flat[:, None] - flat).mean() / 2
    return (values - flat.mean()) / np.sqrt(variance + eps)


def _along(n: int, ndim: int, w: Any, otherwise: float) -> Any:
    """(n,) as it meets axis 1; or a number."""
    return otherwise if w is None else np.reshape(w, (1, n, *[1] * (ndim - 2)))


def batch_norm(x: Any, w: Any = None, b: Any = None, *, eps: float) -> Any:
    """Channel by channel."""
    z = np.stack([standardized(x[:, c], eps) for c in range(x.shape[1])], 1)
    return z * _along(x.shape[1], x.ndim, w, 1.0) + _along(x.shape[1], x.ndim, b, 0.0)


def with_statistics(x: Any, mean: Any, var: Any, w: Any = None, b: Any = None, *, eps: float) -> Any:
    """Channel by channel, without its own statistics."""
    z = np.stack([(x[:, c] - mean[c]) / np.sqrt(var[c] + eps) for c in range(x.shape[1])], 1)
    return z * _along(x.shape[1], x.ndim, w, 1.0) + _along(x.shape[1], x.ndim, b, 0.0)


def layer_norm(x: Any, w: Any = None, b: Any = None, *, axis: Any, eps: float) -> Any:
    """Example by example."""
    chosen = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    normalized = sorted(i % x.ndim for i in chosen)
    last = range(x.ndim - len(normalized), x.ndim)
    moved = np.moveaxis(x, normalized, last)
    z = np.zeros(moved.shape)
    for i in np.ndindex(*moved.shape[: x.ndim - len(normalized)]):
        z[i] = standardized(moved[i], eps)
    return np.moveaxis(z * (1.0 if w is None else w) + (0.0 if b is None else b), last, normalized)


def group_norm(x: Any, w: Any = None, b: Any = None, *, groups: int, eps: float) -> Any:
    """Example by example and group by group."""
    z = np.zeros(x.shape)
    for n in range(len(x)):
        parts = np.split(x[n], groups)
        z[n] = np.concatenate([standardized(part, eps) for part in parts])
    return z * _along(x.shape[1], x.ndim, w, 1.0) + _along(x.shape[1], x.ndim, b, 0.0)


def _with_parameters(draw: st.DrawFn, x: Any, lengths: Any) -> Any:
    """The shapes of x, and perhaps of w, and of b."""
    return (x, *[lengths] * draw(st.integers(0, 2)))


@st.composite
def channels(draw: st.DrawFn) -> Call:
    """Of a batch: (N, C), (N, C, L) or (N, C, H, W)."""
    x = draw(shapes(min_dims=2, max_side=3).filter(lambda shape: shape[1] > 0))
    return Call(_with_parameters(draw, x, x[1:2]))


@st.composite
def channels_and_statistics(draw: st.DrawFn) -> Call:
    """The same, with a mean, a variance, a factor and a summand of each channel."""
    x, *_ = draw(channels()).shapes
    return Call((x, *[x[1:2]] * 4))


@st.composite
def examples_and_axes(draw: st.DrawFn) -> Call:
    """A shape and some of its axes, whose lengths w and b have."""
    x = draw(shapes(min_dims=1, max_dims=3, min_side=1))
    axis = draw(axes(len(x)).filter(lambda chosen: chosen != ()))
    chosen = range(len(x)) if axis is None else [axis] if isinstance(axis, int) else axis
    lengths = tuple(x[i] for i in sorted(i % len(x) for i in chosen))
    return Call(_with_parameters(draw, x, lengths), {"axis": axis})


@st.composite
def groups_of_channels(draw: st.DrawFn) -> Call:
    """A batch whose channels fall into groups."""
    groups, each = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    x = (draw(st.integers(0, 2)), groups * each, *draw(st.sampled_from([(), (3,), (2, 2), (1, 3)])))
    return Call(_with_parameters(draw, x, x[1:2]), {"groups": groups})


def _with_statistics(x: Any, mean: Any, var: Any, w: Any = None, b: Any = None, *, eps: float) -> Any:
    return F.batch_norm(x, w, b, mean=mean, var=var, eps=eps)


COLUMNS = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0]])

CONTRACTS = [
    OpSpec(
        F.batch_norm,
        batch_norm,
        shapes=channels(),
        domain=(-10, 10),
        kwargs={"eps": [0.25, 1.0]},
        kernels=("batch_norm", "batch_norm_gradients", "channel_sum"),
        formula="(x − x̄) / √(var x + eps) · w + b for each channel",
        cases=[
            case(COLUMNS, eps=0.01),
            case(COLUMNS * 1e3, np.array([2.0, -3.0]), np.array([1.0, 7.0]), eps=1.0),
            case(np.array([[3.0, -1.0]]), eps=1.0),
            case(np.zeros((0, 2)), np.ones(2), np.ones(2), eps=1.0),
        ],
    ),
    OpSpec(
        _with_statistics,
        with_statistics,
        shapes=channels_and_statistics(),
        domain={"x": (-10, 10), "mean": (-10, 10), "var": (0.5, 10), "w": (-10, 10), "b": (-10, 10)},
        kwargs={"eps": [0.25, 1.0]},
        kernels=("channel_sum",),
        formula="(x − mean) / √(var + eps) · w + b for each channel",
        cases=[case(COLUMNS, np.array([1.0, 2.0]), np.array([4.0, 9.0]), eps=1.0)],
        name="batch_norm with statistics",
    ),
    OpSpec(
        F.layer_norm,
        layer_norm,
        shapes=examples_and_axes(),
        domain=(-10, 10),
        kwargs={"eps": [0.25, 1.0]},
        formula="(x − x̄) / √(var x + eps) · w + b over axes",
        cases=[case(COLUMNS, axis=-1, eps=0.01), case(COLUMNS, np.ones((3, 2)), np.ones((3, 2)), axis=(1, 0), eps=1.0)],
    ),
    OpSpec(
        F.group_norm,
        group_norm,
        shapes=groups_of_channels(),
        domain=(-10, 10),
        kwargs={"eps": [0.25, 1.0]},
        formula="(x − x̄) / √(var x + eps) · w + b over groups of channels",
        cases=[case(COLUMNS.reshape(1, 6), np.arange(6.0), np.ones(6), groups=3, eps=1.0)],
    ),
]
