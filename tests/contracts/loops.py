"""Convolution and pooling written out, one output pixel after the other: what the kernels are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from minigrad.testing.example import Floats

Pair: TypeAlias = tuple[int, int]


def conv2d(
    x: Floats,
    w: Floats,
    b: Floats | None = None,
    *,
    stride: Pair = (1, 1),
    pad: tuple[Pair, Pair] = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Floats:
    """Convolution; pad is ((above, below), (left, right))."""
    image = np.pad(x, ((0, 0), (0, 0), *pad))
    (filters, Cg, KH, KW), (SH, SW), (DH, DW) = w.shape, stride, dilation
    RH, RW = DH * (KH - 1) + 1, DW * (KW - 1) + 1
    OH, OW = (image.shape[2] - RH) // SH + 1, (image.shape[3] - RW) // SW + 1
    y = np.zeros((len(x), filters, OH, OW), x.dtype)
    for n, o, i, j in np.ndindex(y.shape):
        first = o // (filters // groups) * Cg
        patch = image[n, first : first + Cg, i * SH : i * SH + RH : DH, j * SW : j * SW + RW : DW]
        y[n, o, i, j] = (patch * w[o]).sum() + (0 if b is None else b[o])
    return y


def same_padding(size: Pair, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Any:
    """TensorFlow's rule for padding="SAME"."""
    pads = []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        total = max((math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def pool2d(
    x: Floats,
    kernel: Pair,
    *,
    stride: Pair | None = None,
    pad: Any = (0, 0),
    ceil_mode: bool = False,
    combine: Callable[[Floats, int], Any],
) -> Floats:
    """Pooling: `combine` gets each window's pixels inside the image, and how many the window has with the border's.

    The number of windows, and the border that counts, follow PyTorch's rules. pad is (vertical, horizontal), or pairs.
    """
    pads = [p if isinstance(p, tuple) else (p, p) for p in pad]
    stride = stride or kernel
    H, W = x.shape[2:]
    starts = []
    for n, k, s, (before, after) in zip((H, W), kernel, stride, pads, strict=True):
        steps = (before + n + after - k) / s
        count = (math.ceil(steps) if ceil_mode else math.floor(steps)) + 1
        if ceil_mode and (count - 1) * s >= n + before:
            count -= 1  # the last window must begin inside the image or its upper border
        starts.append([i * s - before for i in range(count)])
    y = np.zeros((*x.shape[:2], len(starts[0]), len(starts[1])), x.dtype)
    for n, c, i, j in np.ndindex(y.shape):
        top, left = starts[0][i], starts[1][j]
        bottom, right = top + kernel[0], left + kernel[1]
        pixels = x[n, c, max(top, 0) : min(bottom, H), max(left, 0) : min(right, W)]
        with_border = (min(bottom, H + pads[0][1]) - top) * (min(right, W + pads[1][1]) - left)
        y[n, c, i, j] = combine(pixels, with_border)
    return y


def max_pool2d(x: Floats, kernel: Pair, **options: Any) -> Floats:
    """The maximum of each window."""
    return pool2d(x, kernel, combine=lambda pixels, _: pixels.max(), **options)


def avg_pool2d(x: Floats, kernel: Pair, *, count_include_pad: bool = True, **options: Any) -> Floats:
    """The mean of each window."""

    def mean(pixels: Floats, with_border: int) -> Any:
        return pixels.sum() / (with_border if count_include_pad else pixels.size)

    return pool2d(x, kernel, combine=mean, **options)
