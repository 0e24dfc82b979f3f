"""Pooling: windows of an image become one pixel each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minigrad.backend import Array, accumulation_dtype
from minigrad.backend.kernels import kernels_of
from minigrad.backend.scattered import Scattered
from minigrad.backend.windows import Pair, Window
from minigrad.core.config import grad_mode
from minigrad.core.function import Function, Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.scattered import ScatteredGradient
from minigrad.functions.windows import images_of, pair_of, window_of


@dataclass(eq=False)
class MaxPool2d(Function):
    """The maximum of each window."""

    window: Window
    family = "pooling"

    def forward(self, x: Array) -> Array:
        y, argmax = kernels_of(x).max_pool2d(x, self.window)
        self.keep((x.shape[2], x.shape[3]), argmax)
        return y

    def keep(self, size: Pair, argmax: Array) -> None:
        """What backward needs."""
        self.size = size
        self.save(argmax)

    def backward(self, gy: Variable) -> Gradients:
        (argmax,) = self.saved
        if grad_mode.get() is None:
            return ScatteredGradient(Scattered(gy.data, argmax.data, self.window, self.size))
        return apply(PoolScatter(self.window, self.size), gy, argmax)

    def flops(self) -> int:
        return math.prod(self.window.kernel) * math.prod(self.output[0])


@dataclass(eq=False)
class PoolScatter(Function):
    """Each pixel of y added where its window's winner was."""

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
    """The pixel of x where each window's winner was: the adjoint of PoolScatter."""

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
    x = images_of("max_pool2d", x)
    return apply(max_pooling_of(x, kernel, stride=stride, pad=pad, ceil_mode=ceil_mode), x)


def max_pooling_of(x: Variable, kernel: Any, *, stride: Any, pad: Any, ceil_mode: bool) -> MaxPool2d:
    """The Function of such a pooling of images."""
    window = _pool_window("max_pool2d", x, kernel, stride, pad)
    return MaxPool2d(_ceil_mode(window, _size(x)) if ceil_mode else window)


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

    Args:
        x: images, (N, C, H, W).
        kernel: size of the windows, (vertical, horizontal) or one int for both.
        stride: pixels from one window to the next, likewise; the kernel's size by default.
        pad: pixels of zeros around the image, likewise, less than the kernel, or "same".
        ceil_mode: have a last window that only begins inside the image (or its upper and left border), too.
        count_include_pad: divide by the number of pixels with the border's, or by the image's alone.
    Returns:
        (N, C, OH, OW), OH = (H + 2·pad − KH) // stride + 1, rounded up in ceil_mode.
    Raises:
        ValueError: x is no image, the window exceeds it, or could lie in the border alone.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    Variable([[[[ 2.5  4.5]
                [10.5 12.5]]]])
    """
    x = images_of("avg_pool2d", x)
    window = _pool_window("avg_pool2d", x, kernel, stride, pad)
    border = window.pad
    if ceil_mode:
        window = _ceil_mode(window, _size(x))
    counts = [
        _divisor(n, outputs, k, s, before, after, include=count_include_pad)
        for n, outputs, k, s, (before, after) in zip(
            x.shape[2:], window.outputs(_size(x)), window.kernel, window.stride, border, strict=True
        )
    ]
    divisor = np.outer(*counts).astype(accumulation_dtype(x.dtype))
    return apply(AvgPool2d(window, x.xp.asarray(divisor)), x)


def _pool_window(function: str, x: Variable, kernel: Any, stride: Any, pad: Any) -> Window:
    size = pair_of(function, "kernel", kernel, least=1)
    window = window_of(function, x, kernel=size, stride=size if stride is None else stride, pad=pad)
    if any(max(border) >= k for border, k in zip(window.pad, size, strict=True)):
        raise ValueError(f"{function}: pad {pad} must be less than kernel {kernel}, or a window could miss the image")
    return window


def _size(x: Variable) -> Pair:
    return x.shape[2], x.shape[3]


def _ceil_mode(window: Window, size: Pair) -> Window:
    """The window with a border below and right that completes a last window which begins before it."""
    border = []
    for n, k, s, (before, after) in zip(size, window.kernel, window.stride, window.pad, strict=True):
        outputs = -(-(before + n + after - k) // s) + 1
        if (outputs - 1) * s >= before + n:
            outputs -= 1
        border.append((before, max(after, (outputs - 1) * s + k - before - n)))
    return replace(window, pad=(border[0], border[1]))


def _divisor(n: int, outputs: int, k: int, s: int, before: int, after: int, *, include: bool) -> Array:
    """How many pixels along one axis each window's mean counts."""
    start = np.arange(outputs) * s - before
    low, high = (-before, n + after) if include else (0, n)
    return np.minimum(start + k, high) - np.maximum(start, low)
