"""Pooling: windows of an image become one pixel each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.backend import Array, accumulation_dtype, format_array, to_device
from minigrad.backend.kernels import kernels_of
from minigrad.backend.windows import Pair, Window
from minigrad.core.function import Function, Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.windows import images_of, pool_window
from minigrad.spelling import advised


@dataclass(eq=False)
class MaxPool2d(Function):
    """The maximum of each window."""

    window: Window
    family = "pooling"

    def forward(self, x: Array) -> Array:
        y, argmax = kernels_of(x).max_pool2d(x, self.window)
        self.size: Pair = x.shape[2:]
        self.save(argmax)
        return y

    def backward(self, gy: Variable) -> Gradients:
        (argmax,) = self.saved
        return apply(PoolScatter(self.window, self.size), gy, argmax)

    def flops(self) -> int:
        return math.prod(self.window.kernel) * math.prod(self.output[0])


@dataclass(eq=False)
class PoolScatter(Function):
    """Each pixel of y added where its window's maximum was."""

    window: Window
    size: Pair
    family = "pooling"

    def forward(self, y: Array, argmax: Array) -> Array:
        self.save(argmax)
        return kernels_of(y).pool_scatter(y, argmax, self.size, self.window)

    def backward(self, gx: Variable) -> Gradients:
        (argmax,) = self.saved
        return apply(PoolGather(self.window), gx, argmax), None

    def flops(self) -> int:
        return self.input_size(0)


@dataclass(eq=False)
class PoolGather(Function):
    """The pixel of x where each window's maximum was: the adjoint of PoolScatter."""

    window: Window
    flops_per_element = 0
    family = "pooling"

    def forward(self, x: Array, argmax: Array) -> Array:
        self.size: Pair = x.shape[2:]
        self.save(argmax)
        return kernels_of(x).pool_gather(x, argmax, self.window)

    def backward(self, gy: Variable) -> Gradients:
        (argmax,) = self.saved
        return apply(PoolScatter(self.window, self.size), gy, argmax), None


@advised
def max_pool2d(x: Operand, kernel: Any, *, stride: Any = None, pad: Any = 0, ceil_mode: bool = False) -> Variable:
    """The maximum of each window; the first of several equal ones, in row-major order, gets the gradient.

    Args:
        x: images, (N, C, H, W).
        kernel: size of the windows, (vertical, horizontal) or one int for both.
        stride: pixels from one window to the next, likewise; the kernel's size by default.
        pad: pixels of −inf around the image, likewise, less than the kernel, or "same".
        ceil_mode: have a last window that only begins inside the image (or its upper and left border), too.
    Returns:
        (N, C, OH, OW), OH = (H + 2·pad − KH) // stride + 1, rounded up in ceil_mode.
    Raises:
        ValueError: x is no image, the window exceeds it, or could lie in the border alone.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    Variable([[[[ 5.  7.]
                [13. 15.]]]])
    """
    x, size = images_of("max_pool2d", x)
    window = pool_window("max_pool2d", f"x {format_array(x)}", size, (kernel, stride, pad))
    return apply(MaxPool2d(window.ceil_mode(size) if ceil_mode else window), x)


@dataclass(eq=False)
class AvgPool2d(Function):
    """The sum of each window over a divisor (1, 1, OH, OW)."""

    window: Window
    divisor: Array = field(repr=False)
    family = "pooling"

    def forward(self, x: Array) -> Array:
        self.size: Pair = x.shape[2:]
        return (kernels_of(x).window_sum(x, self.window) / self.divisor).astype(x.dtype, copy=False)

    def backward(self, gy: Variable) -> Gradients:
        return apply(AvgSpread2d(self.window, self.size, self.divisor), gy)

    def flops(self) -> int:
        return (math.prod(self.window.kernel) + 1) * math.prod(self.output[0])


@dataclass(eq=False)
class AvgSpread2d(Function):
    """Each pixel of y over its divisor, added to every pixel of its window: the adjoint of AvgPool2d."""

    window: Window
    size: Pair
    divisor: Array = field(repr=False)
    family = "pooling"

    def forward(self, y: Array) -> Array:
        return kernels_of(y).window_broadcast(y / self.divisor, self.size, self.window).astype(y.dtype, copy=False)

    def backward(self, gx: Variable) -> Gradients:
        return apply(AvgPool2d(self.window, self.divisor), gx)

    def flops(self) -> int:
        return (math.prod(self.window.kernel) + 1) * self.input_size(0)


@advised
def avg_pool2d(
    x: Operand,
    kernel: Any,
    *,
    stride: Any = None,
    pad: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Variable:
    """The mean of each window.

    The arguments and the shape are those of `max_pool2d`; the border is of zeros, and `count_include_pad` says whether
    its pixels count in the number that is divided by.

    Raises:
        ValueError: x is no image, the window exceeds it, or could lie in the border alone.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    Variable([[[[ 2.5  4.5]
                [10.5 12.5]]]])
    """
    x, size = images_of("avg_pool2d", x)
    window = pool_window("avg_pool2d", f"x {format_array(x)}", size, (kernel, stride, pad))
    counted = window.pad if count_include_pad else ((0, 0), (0, 0))  # the border that ceil_mode adds never is
    window = window.ceil_mode(size) if ceil_mode else window
    return apply(AvgPool2d(window, _counts(window, size, counted, accumulation_dtype(x.dtype), x.device)), x)


@lru_cache(maxsize=64)  # a step that is to be captured on a GPU must copy nothing there
def _counts(window: Window, size: Pair, border: tuple[Pair, Pair], dtype: Any, device: str) -> Array:
    """The number of pixels in each window's mean, (OH, OW), with those of the border."""
    along = []
    for n, outputs, k, s, (before, _), (low, high) in zip(
        size, window.outputs(size), window.kernel, window.stride, window.pad, border, strict=True
    ):
        start = np.arange(outputs) * s - before
        along.append(np.minimum(start + k, n + high) - np.maximum(start, -low))
    return to_device(np.outer(*along).astype(dtype), device)
