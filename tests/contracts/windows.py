"""Contracts of functions/convolution.py, transposed_convolution.py and pooling.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import both, conv2d_args, pool2d_args, shapes
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


def conv1d(x: Any, w: Any, b: Any = None, *, stride: int, pad: Any, dilation: int, groups: int) -> Any:
    """Each output by itself."""
    if pad == "same":
        _, (before, after) = loops.same_padding((1, x.shape[2]), (1, w.shape[2]), (1, stride), (1, dilation))
    else:
        before = after = pad
    x = np.pad(x, [(0, 0), (0, 0), (before, after)])
    span, Og = dilation * (w.shape[2] - 1) + 1, w.shape[0] // groups
    y = np.zeros((len(x), len(w), (x.shape[2] - span) // stride + 1))
    for n, o, i in np.ndindex(y.shape):
        channels = slice(o // Og * w.shape[1], (o // Og + 1) * w.shape[1])
        y[n, o, i] = (x[n, channels, i * stride : i * stride + span : dilation] * w[o]).sum()
    return y if b is None else y + b[:, None]


def conv_transpose2d(
    x: Any, w: Any, b: Any = None, *, stride: Any, pad: Any, output_padding: Any, dilation: Any, groups: int
) -> Any:
    """Each pixel's filters added where they belong, and the border cut off."""
    (SH, SW), (DH, DW), (N, C, H, W), (_, Og, KH, KW) = both(stride), both(dilation), x.shape, w.shape
    size = (H - 1) * SH + DH * (KH - 1) + 1, (W - 1) * SW + DW * (KW - 1) + 1
    more = both(output_padding)
    if pad == "same":
        total = [max(0, n - s * m) for n, s, m in zip(size, (SH, SW), (H, W), strict=True)]
        before, more = [n // 2 for n in total], [s * m - n for n, s, m in zip(size, (SH, SW), (H, W), strict=True)]
        wanted = SH * H, SW * W
    else:
        before = both(pad)
        wanted = tuple(n - 2 * p + m for n, p, m in zip(size, before, more, strict=True))
    y = np.zeros((N, Og * groups, size[0] + max(0, *more), size[1] + max(0, *more)))
    for n, c, i, j in np.ndindex(x.shape):
        outputs = slice(c // (C // groups) * Og, (c // (C // groups) + 1) * Og)
        y[n, outputs, i * SH : i * SH + DH * KH : DH, j * SW : j * SW + DW * KW : DW][..., :KH, :KW] += (
            x[n, c, i, j] * w[c]
        )
    y = y[:, :, before[0] : before[0] + wanted[0], before[1] : before[1] + wanted[1]]
    return y if b is None else y + b[:, None, None]


@st.composite
def conv1d_args(draw: st.DrawFn) -> Call:
    """Shapes of signals, filters and perhaps a bias, with options that fit them."""
    call = draw(conv2d_args(bias=draw(st.booleans())))
    (N, C, _, L), (O, Cg, _, K), *bias = call.shapes  # noqa: E741
    options = {name: value if value == "same" else both(value)[1] for name, value in call.kwargs.items()}
    return Call(((N, C, L), (O, Cg, K), *bias), {**options, "groups": call.kwargs["groups"]})


@st.composite
def conv_transpose2d_args(draw: st.DrawFn) -> Call:
    """Shapes of images, filters and perhaps a bias, with options that leave something."""
    groups, KH, KW = draw(st.sampled_from([1, 2])), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    Cg, Og, N = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(0, 2))
    sizes = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride, dilation = draw(sizes), draw(st.sampled_from([1, 2, (1, 2)]))
    H, W = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    options = {"stride": stride, "dilation": dilation, "groups": groups, "pad": "same", "output_padding": 0}
    if draw(st.integers(0, 3)):
        options["output_padding"] = draw(st.sampled_from([0, 1, 2, (0, 1), (3, 0)]))
        options["pad"] = tuple(
            draw(st.sampled_from([p for p in range(3) if (n - 1) * s + d * (k - 1) + 1 - p - max(0, p - m) > 0]))
            for n, s, d, k, m in zip(
                (H, W), both(stride), both(dilation), (KH, KW), both(options["output_padding"]), strict=True
            )
        )
    bias = [(groups * Og,)] if draw(st.booleans()) else []
    return Call(((N, groups * Cg, H, W), (groups * Cg, Og, KH, KW), *bias), options)


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

TRANSPOSED = {**PLAIN, "output_padding": 0}

CONTRACTS = [
    OpSpec(
        F.conv1d,
        conv1d,
        shapes=conv1d_args(),
        domain=(-10, 10),
        formula="y[n, o, i] = b[o] + Σ x[n, c, i·S + k·D − P] · w[o, c, k]",
        kernels=("conv2d", "conv_transpose2d", "filter_correlation", "channel_sum"),
        cases=[
            case(_images(1, 2, 8), _images(2, 2, 3, seed=1), _images(2), **{**PLAIN, "stride": 3, "pad": 2}),
            case(_images(2, 2, 7), _images(2, 1, 2, seed=1), stride=2, pad="same", dilation=3, groups=2),
        ],
    ),
    OpSpec(
        F.conv_transpose2d,
        conv_transpose2d,
        shapes=conv_transpose2d_args(),
        domain=(-10, 10),
        formula="y[n, o, i·S + k·D − P, j·S + l·D − P] = b[o] + Σ x[n, c, i, j] · w[c, o, k, l]",
        kernels=("conv2d", "conv_transpose2d", "filter_correlation"),
        cases=[
            case(_images(1, 2, 3, 2), _images(2, 2, 3, 2, seed=1), _images(2), **{**TRANSPOSED, "stride": (2, 3)}),
            case(_images(1, 4, 2, 3), _images(4, 1, 3, 3, seed=1), **{**TRANSPOSED, "groups": 2, "pad": (1, 2)}),
            case(
                *(_images(1, 1, 2, 2), _images(1, 1, 3, 3, seed=1)),
                **{**TRANSPOSED, "stride": 2, "pad": 1, "output_padding": (1, 3), "dilation": (1, 4)},
            ),
            case(_images(1, 1, 3, 2), _images(1, 2, 5, 2, seed=1), **{**TRANSPOSED, "stride": 2, "pad": "same"}),
            case(_images(1, 1, 3, 2), _images(1, 2, 1, 2, seed=1), **{**TRANSPOSED, "stride": 3, "pad": "same"}),
        ],
    ),
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
        F.global_avg_pool2d,
        lambda x, keepdims: np.einsum("nchw->nc", x)[(...,) + (None,) * 2 * keepdims] / (x.shape[2] * x.shape[3]),
        shapes=shapes(min_dims=4, min_side=1),
        kwargs={"keepdims": [True, False]},
        formula="mean of each channel of each image",
        cases=[case(_images(2, 2, 3, 2), keepdims=False)],
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
