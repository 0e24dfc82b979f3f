"""The windows of images laid out side by side, im2col, and added up again, col2im: two Functions, adjoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import Array, format_array, xp_of
from minigrad.backend.windows import Pair, Window
from minigrad.core.function import Function, Gradients
from minigrad.core.operators import Operand
from minigrad.core.shaping import View
from minigrad.core.variable import Variable, apply, as_variable
from minigrad.functions.windows import images_of, padded_window
from minigrad.spelling import advised


@dataclass(eq=False)
class Unfold(View):
    """The pixels that each element of a sliding window meets: (N, C, H, W) -> (N, C, KH, KW, OH, OW)."""

    window: Window

    def forward(self, x: Array) -> Array:
        self.size: Pair = x.shape[2:]
        xp = xp_of(x)
        image = xp.pad(x, ((0, 0), (0, 0), *self.window.pad))
        taps = [image[:, :, rows, columns] for rows, columns in self.window.taps(self.size)]
        y = xp.stack(taps, axis=2)  # (N, C, KH · KW, OH, OW)
        return y.reshape(*x.shape[:2], *self.window.kernel, *y.shape[3:])

    def backward(self, gy: Variable) -> Gradients:
        return apply(Fold(self.window, self.size), gy)


@dataclass(eq=False)
class Fold(Function):
    """Each pixel of each window added where it came from: (N, C, KH, KW, OH, OW) -> (N, C, H, W)."""

    window: Window
    size: Pair
    family = "reduction"

    def forward(self, y: Array) -> Array:
        N, C, KH, KW, OH, OW = y.shape
        taps = y.reshape(N, C, KH * KW, OH, OW)
        image = xp_of(y).zeros((N, C, *self.window.padded(self.size)), np.float64)
        for k, (rows, columns) in enumerate(self.window.taps(self.size)):
            image[:, :, rows, columns] += taps[:, :, k]
        return image[:, :, *self.window.valid_region()].astype(y.dtype)

    def backward(self, gx: Variable) -> Gradients:
        return apply(Unfold(self.window), gx)

    def flops(self) -> int:
        return self.input_size(0)


@advised
def unfold(x: Operand, kernel: Any, *, stride: Any = 1, pad: Any = 0, dilation: Any = 1) -> Variable:
    """The windows of images side by side: what a convolution multiplies with its filters (im2col).

    All six axes stay apart, so that each has its meaning, and other layouts are a transposition or a reshape away:
    `.reshape(N, C * KH * KW, OH * OW)` is PyTorch's, `.transpose(0, 4, 5, 1, 2, 3).reshape(N * OH * OW, C * KH * KW)`
    the rows of a matrix product.

    Args:
        x: images, (N, C, H, W).
        kernel: size of the windows, (vertical, horizontal) or one int for both.
        stride: pixels from one window to the next, likewise.
        dilation: pixels from one element of a window to the next, likewise.
        pad: pixels of 0 around the image, likewise, or "same".
    Returns:
        (N, C, KH, KW, OH, OW), OH = (H + 2·pad − dilation·(KH − 1) − 1) // stride + 1.
    Raises:
        ValueError: x is no image, or the window exceeds it.

    >>> unfold(np.arange(9.0).reshape(1, 1, 3, 3), 2).data[0, 0, :, :, 1, 0]
    array([[3., 4.],
           [6., 7.]])
    """
    x, size = images_of("unfold", x)
    return apply(Unfold(_window("unfold", f"x {format_array(x)}", size, kernel, stride, pad, dilation)), x)


@advised
def fold(y: Operand, size: Any, *, stride: Any = 1, pad: Any = 0, dilation: Any = 1) -> Variable:
    """The windows of images added up where they came from (col2im): the adjoint of `unfold`.

    Args:
        y: windows, (N, C, KH, KW, OH, OW), as `unfold` gives them.
        size: of the images, (H, W), or one int for both.
        stride: as `unfold` took it.
        pad: likewise.
        dilation: likewise.
    Returns:
        (N, C, H, W); a pixel of several windows is their sum, one of none is 0.
    Raises:
        ValueError: y are no windows, or not those of such images.

    >>> fold(unfold(np.ones((1, 1, 3, 3)), 2), 3)
    Variable([[[[1. 2. 1.]
                [2. 4. 2.]
                [1. 2. 1.]]]])
    """
    y, size = as_variable(y), checks.pair("fold", "size", size, least=1)
    if y.ndim != 6 or 0 in y.shape[2:4]:
        raise ValueError(f"fold: y must be windows (N, C, KH, KW, OH, OW), not {format_array(y)}")
    window = _window("fold", f"images {size}", size, y.shape[2:4], stride, pad, dilation)
    if y.shape[4:] != window.outputs(size):
        words = f"images {size} have {window.outputs(size)} windows {window}"
        raise ValueError(f"fold: {words}; y (N, C, KH, KW, OH, OW) is {format_array(y)}")
    return apply(Fold(window, size), y)


def _window(function: str, images: str, size: Pair, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Window:
    sizes = (("kernel", kernel), ("stride", stride), ("dilation", dilation))
    kernel, stride, dilation = (checks.pair(function, name, value, least=1) for name, value in sizes)
    window = Window(kernel, stride, dilation=dilation)
    return padded_window(function, images, size, window, checks.padding(function, "pad", pad))
