"""Fused Functions: several operations in one pass over memory, for speed; each is chosen by name."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from minigrad.backend import Array, format_array
from minigrad.backend.kernels import kernels_of
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Pair, Window
from minigrad.core.function import Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.convolution import Conv2d, convolution_of
from minigrad.functions.elementwise import masked
from minigrad.functions.pooling import PoolScatter
from minigrad.functions.windows import pool_window


@dataclass(eq=False)
class ConvReLUPool(Conv2d):
    """max_pool2d(relu(conv2d(x, w, b))): (N, C, H, W) -> (N, O, PH, PW)."""

    pool: Window = field(kw_only=True)

    def forward(self, x: Array, w: Array, b: Array | None = None) -> Array:
        self.size: Pair = x.shape[2:]
        y, positive, argmax = kernels_of(x).conv_relu_pool(x, w, b, self.window, self.groups, self.pool)
        self.save(x if self.needs(1) else None, w if self.needs(0) else None, positive, argmax)
        return y

    def backward(self, gy: Variable) -> Gradients:
        x, w, positive, argmax = self.saved
        scattered = apply(PoolScatter(self.pool, self.window.outputs(self.size)), gy, argmax)
        return self.gradients(masked(scattered, positive.data), x, w)

    def backward_arrays(self, gy: Array) -> tuple[Array | None, ...]:
        x, w, positive, argmax = self.saved_arrays
        sparse = SparseImages(gy, argmax, self.pool, self.window.outputs(self.size), positive)  # no zeros are written
        gx, gw, gb = kernels_of(gy).conv_gradients(sparse, x, w, self.size, self.window, self.groups)
        return gx, gw, gb if self.needs(2) else None

    def flops(self) -> int | None:
        """Those of the convolution, one of each of its pixels for the ReLU, and the comparisons of the pooling."""
        w, (N, _, PH, PW) = self.input_spec(1), self.output[0]
        if w is None:
            return None
        filters, products = w[0][0], 2 * math.prod(w[0][1:]) + (len(self.inputs) > 2)
        pixels = math.prod(self.window.outputs(self.size))
        return N * filters * ((products + 1) * pixels + math.prod(self.pool.kernel) * PH * PW)


def conv_relu_pool(
    x: Operand,
    w: Operand,
    b: Operand | None = None,
    *,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    pool: Any = 2,
    pool_stride: Any = None,
    pool_pad: Any = 0,
    ceil_mode: bool = False,
) -> Variable:
    """max_pool2d(relu(conv2d(x, w, b))), in one pass over each image where a kernel serves.

    Args:
        x: images, (N, C, H, W).
        w: filters, (O, C // groups, KH, KW).
        b: bias, (O,), or None.
        stride: of the convolution, as for `conv2d`, and likewise
        pad: its border,
        dilation: from one filter element to the next, and
        groups: of channels.
        pool: size of the pooling's windows, as for `max_pool2d`, and likewise
        pool_stride: from one window to the next; the windows' size by default,
        pool_pad: the border, and
        ceil_mode: have a last window that only begins inside.
    Returns:
        (N, O, PH, PW).
    Raises:
        ValueError: as for `conv2d` and `max_pool2d`.

    >>> import numpy as np
    >>> conv_relu_pool(np.ones((1, 1, 5, 5)), np.ones((1, 1, 2, 2)))
    Variable([[[[4. 4.]
                [4. 4.]]]])
    """
    name = "conv_relu_pool"
    convolution, x, w, b = convolution_of(name, x, w, b, stride=stride, pad=pad, dilation=dilation, groups=groups)
    size: Pair = x.shape[2:]
    images = f"the convolution of x {format_array(x)}"
    pooling = pool_window(
        name, convolution.window.outputs(size), pool, pool_stride, pool_pad, ceil_mode=ceil_mode, images=images
    )
    return apply(ConvReLUPool(convolution.window, convolution.groups, pool=pooling), x, w, b)
