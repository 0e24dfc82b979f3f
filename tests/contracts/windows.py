"""Contracts of functions/convolution.py, pooling.py and fused.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import both, conv2d_args, pool2d_args
from tests.contracts import loops


def conv2d(x: Any, w: Any, b: Any = None, *, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    """F.conv2d written out as loops."""
    sizes = both(stride), both(dilation)
    border = loops.same_padding(x.shape[2:], w.shape[2:], *sizes) if pad == "same" else _borders(pad)
    return loops.conv2d(x, w, b, stride=sizes[0], pad=border, dilation=sizes[1], groups=groups)


def _pooling(pool: Any) -> Any:
    """A pooling written out as loops."""

    def reference(x: Any, *, kernel: Any, stride: Any, pad: Any, **options: Any) -> Any:
        kernel, stride = both(kernel), both(kernel if stride is None else stride)
        border = loops.same_padding(x.shape[2:], kernel, stride) if pad == "same" else both(pad)
        return pool(x, kernel, stride=stride, pad=border, **options)

    return reference


def conv_relu_pool(x: Any, w: Any, b: Any = None, *, pool: Any, pool_stride: Any, **convolution: Any) -> Any:
    """One after the other, written out as loops."""
    y = np.maximum(conv2d(x, w, b, **convolution), 0)
    return loops.max_pool2d(y, both(pool), stride=None if pool_stride is None else both(pool_stride))


@st.composite
def pooled(draw: st.DrawFn) -> Call:
    """Arguments of a convolution, and pooling windows that its result has room for."""
    call = draw(conv2d_args(bias=draw(st.booleans())).filter(lambda call: call.kwargs["pad"] != "same"))
    (H, W), (KH, KW) = call.shapes[0][2:], call.shapes[1][2:]
    (SH, SW), (PH, PW), (DH, DW) = (both(call.kwargs[name]) for name in ("stride", "pad", "dilation"))
    size = (H + 2 * PH - DH * (KH - 1) - 1) // SH + 1, (W + 2 * PW - DW * (KW - 1) - 1) // SW + 1
    pool = tuple(draw(st.integers(1, min(2, n))) for n in size)
    return Call(call.shapes, {**call.kwargs, "pool": pool, "pool_stride": draw(st.sampled_from([None, 1, (2, 1)]))})


def _borders(pad: Any) -> Any:
    vertical, horizontal = both(pad)
    return (vertical, vertical), (horizontal, horizontal)


def _images(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(-8, 8, shape) / 4


PLAIN = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1}

CONVOLUTIONS = [
    case(_images(1, 2, 8, 3), _images(2, 2, 5, 3, seed=1), **{**PLAIN, "stride": (3, 1), "pad": (2, 1)}),
    case(_images(2, 1, 6, 5), _images(2, 1, 3, 2, seed=1), **{**PLAIN, "stride": 2, "pad": 1}),
    case(_images(1, 3, 4, 4), _images(6, 1, 2, 3, seed=1), _images(6), **{**PLAIN, "groups": 3}),
    case(_images(1, 1, 2, 2), _images(1, 1, 3, 3, seed=1), **{**PLAIN, "pad": 1, "dilation": 1}),
    case(_images(1, 2, 6, 5), _images(1, 2, 3, 2, seed=1), **{**PLAIN, "pad": 1, "dilation": (2, 3)}),
    case(_images(0, 2, 4, 4), _images(1, 2, 3, 3, seed=1), _images(1), **PLAIN),
]


def _corner(*windows: int) -> Any:
    """A 4×4 image that counts the windows whose first pixel is where: in its upper left corner."""
    image = np.zeros((1, 1, 4, 4))
    image[:, :, : windows[2], : windows[3]] = 1
    return image


ONES = np.ones((1, 1, 4, 4))
TIED = [
    case(ONES, kernel=3, stride=1, pad=0, ceil_mode=False, gradient=_corner(1, 1, 2, 2)),
    case(-ONES, kernel=3, stride=2, pad=1, ceil_mode=False),
    case(_images(1, 1, 5, 7), kernel=2, stride=3, pad=0, ceil_mode=True),
]

CONTRACTS = [
    OpSpec(
        F.conv2d,
        conv2d,
        shapes=st.booleans().flatmap(lambda bias: conv2d_args(bias=bias)),
        domain=(-10, 10),
        formula="y[n, o, i, j] = b[o] + Σ x[n, c, i·S + k·D − P, j·S + l·D − P] · w[o, c, k, l]",
        kernels=("conv2d", "conv_transpose2d", "filter_correlation", "channel_sum"),
        cases=CONVOLUTIONS,
    ),
    OpSpec(
        F.conv_relu_pool,
        conv_relu_pool,
        shapes=pooled(),
        domain=(-10, 10),
        formula="max_pool2d(relu(conv2d(x, w, b)))",
        kinks="as relu and max_pool2d",
        kernels=(
            *("conv_relu_pool", "conv_gradients", "pool_scatter", "pool_gather", "masked"),
            *("conv2d", "conv_transpose2d", "filter_correlation", "channel_sum"),
        ),
        cases=[
            case(_images(1, 2, 5, 6), _images(2, 2, 3, 3, seed=1), _images(2), **PLAIN, pool=2, pool_stride=None),
            case(_images(2, 2, 4, 4), _images(2, 1, 2, 2, seed=1), **{**PLAIN, "groups": 2}, pool=2, pool_stride=1),
        ],
    ),
    OpSpec(
        F.max_pool2d,
        _pooling(loops.max_pool2d),
        shapes=pool2d_args(),
        formula="maximum of each window",
        kinks="a tie goes to the first in row-major order",
        kernels=("max_pool2d", "pool_scatter", "pool_gather"),
        cases=TIED,
    ),
    OpSpec(
        F.avg_pool2d,
        _pooling(loops.avg_pool2d),
        shapes=pool2d_args(counts_pad=True),
        formula="mean of each window",
        kernels=("window_sum", "window_broadcast"),
        cases=[
            case(_images(1, 1, 4, 5), kernel=(3, 2), stride=2, pad=(1, 0), ceil_mode=True, count_include_pad=counted)
            for counted in (False, True)
        ],
    ),
]
