"""Convolution: three Functions, of which each one's gradients are the other two; also fused with ReLU and pooling."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from minigrad import checks
from minigrad.backend import Array, format_array
from minigrad.backend.kernels import kernels_of
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Pair, Window
from minigrad.core.config import float_type
from minigrad.core.function import Function, Gradients, Spec
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply, as_variables
from minigrad.functions.elementwise import masked
from minigrad.functions.pooling import PoolScatter
from minigrad.functions.windows import images_of, padded_window, pool_window
from minigrad.spelling import advised


def _products(y: Spec | None, w: Spec | None) -> int | None:
    """A multiplication and an addition for each pixel of y and each element of its filter, on the border as well.

    y is what Conv2d gives, (N, O, OH, OW), and w its filters, (O, C // groups, KH, KW).
    """
    return None if y is None or w is None else 2 * math.prod(y[0]) * math.prod(w[0][1:])


@dataclass(eq=False)
class Conv2d(Function):
    """Images x (N, C, H, W) cross-correlated with filters w, plus a bias b: (N, O, OH, OW)."""

    window: Window
    groups: int = 1
    family = "product"

    def forward(self, x: Array, w: Array, b: Array | None = None) -> Array:
        self.size: Pair = x.shape[2:]
        self.save(x if self.needs(1) else None, w if self.needs(0) else None)
        return kernels_of(x).conv2d(x, w, b, self.window, self.groups)

    def backward(self, gy: Variable) -> Gradients:
        x, w = self.saved
        return self.gradients(gy, x, w)

    def gradients(self, gy: Variable, x: Variable | None, w: Variable | None) -> Gradients:
        """Return those of the images, the filters and the bias."""
        return (
            None if w is None else apply(ConvTranspose2d(self.window, self.size, self.groups), gy, w),
            None if x is None else apply(FilterCorrelation(self.window, self.groups), x, gy),
            gy.sum((0, 2, 3)) if self.needs(2) else None,
        )

    def flops(self) -> int | None:
        count = _products(self.output, self.input_spec(1))
        return count if count is None or len(self.inputs) == 2 else count + math.prod(self.output[0])


@dataclass(eq=False)
class ConvTranspose2d(Function):
    """The adjoint of Conv2d towards its images: (N, O, OH, OW) -> (N, C, H, W) with (H, W) = size."""

    window: Window
    size: Pair
    groups: int = 1
    family = "product"

    def forward(self, y: Array, w: Array) -> Array:
        self.save(y if self.needs(1) else None, w if self.needs(0) else None)
        return kernels_of(y).conv_transpose2d(y, w, self.size, self.window, self.groups)

    def backward(self, gx: Variable) -> Gradients:
        y, w = self.saved
        return (
            None if w is None else apply(Conv2d(self.window, self.groups), gx, w),
            None if y is None else apply(FilterCorrelation(self.window, self.groups), gx, y),
        )

    def flops(self) -> int | None:
        return _products(self.input_spec(0), self.input_spec(1))


@dataclass(eq=False)
class FilterCorrelation(Function):
    """The adjoint of Conv2d towards its filters: images x and (N, O, OH, OW) -> (O, C // groups, KH, KW)."""

    window: Window
    groups: int = 1
    family = "product"

    def forward(self, x: Array, y: Array) -> Array:
        self.size: Pair = x.shape[2:]
        self.save(x if self.needs(1) else None, y if self.needs(0) else None)
        return kernels_of(x).filter_correlation(x, y, self.window, self.groups)

    def backward(self, gw: Variable) -> Gradients:
        x, y = self.saved
        return (
            None if y is None else apply(ConvTranspose2d(self.window, self.size, self.groups), y, gw),
            None if x is None else apply(Conv2d(self.window, self.groups), x, gw),
        )

    def flops(self) -> int | None:
        return _products(self.input_spec(1), self.output)


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


@advised
def conv2d(
    x: Operand,
    w: Operand,
    b: Operand | None = None,
    *,
    stride: Any = 1,
    pad: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Variable:
    """Cross-correlate images with filters.

    Args:
        x: images, (N, C, H, W); integers become `default_dtype`.
        w: filters, (O, C // groups, KH, KW).
        b: bias, (O,), or None.
        stride: pixels from one output to the next, (vertical, horizontal) or one int for both.
        pad: pixels of zeros around the image, likewise, or "same": ceil(H / stride) outputs.
        dilation: pixels from one filter element to the next, likewise.
        groups: the channels are split into so many groups, and each filter sees one of them.
    Returns:
        (N, O, OH, OW), OH = (H + 2·pad − dilation·(KH − 1) − 1) // stride + 1.
    Raises:
        ValueError: channels differ, groups do not divide them, or the dilated filter exceeds the padded image.
    Source: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning".

    >>> import numpy as np
    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))).shape
    (1, 1, 2, 2)
    """
    function, *operands = convolution_of("conv2d", x, w, b, stride, pad, dilation, groups)
    return apply(function, *operands)


@advised
def conv1d(
    x: Operand,
    w: Operand,
    b: Operand | None = None,
    *,
    stride: int = 1,
    pad: Any = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Variable:
    """Cross-correlate signals with filters: `conv2d` of images of height 1.

    Args:
        x: signals, (N, C, L); integers become `default_dtype`.
        w: filters, (O, C // groups, K).
        b: bias, (O,), or None.
        stride: as of `conv2d`, an int.
        pad: likewise, or "same".
        dilation: likewise.
        groups: likewise.
    Returns:
        (N, O, OL), OL = (L + 2·pad − dilation·(K − 1) − 1) // stride + 1.
    Raises:
        ValueError: channels differ, groups do not divide them, or the dilated filter exceeds the padded signal.

    >>> import numpy as np
    >>> conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]]))
    Variable([[[1. 2.]]])
    """
    x, w, b = filter_operands(x, w, b)
    if x.ndim != 3:
        raise ValueError(f"conv1d: x must be signals (N, C, L), not {format_array(x)}")
    checked_filters("conv1d", x, w, b, groups, "(O, C // groups, K)")
    steps = [(1, checks.integer("conv1d", name, n)) for name, n in (("stride", stride), ("dilation", dilation))]
    border = pad if isinstance(pad, str) else (0, checks.integer("conv1d", "pad", pad, least=0))
    x, w = (a.reshape(*a.shape[:2], 1, a.shape[2]) for a in (x, w))  # (N, C, 1, L), (O, C // groups, 1, K)
    function, x, w, b = convolution_of("conv1d", x, w, b, steps[0], border, steps[1], groups)
    y = apply(function, x, w, b)
    return y.reshape(*y.shape[:2], y.shape[3])


@advised
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

    The arguments are those of `conv2d`; `pool`, `pool_stride`, `pool_pad` and `ceil_mode` are those of `max_pool2d`.

    Returns:
        (N, O, PH, PW).

    >>> import numpy as np
    >>> conv_relu_pool(np.ones((1, 1, 5, 5)), np.ones((1, 1, 2, 2)))
    Variable([[[[4. 4.]
                [4. 4.]]]])
    """
    function, x, w, b = convolution_of("conv_relu_pool", x, w, b, stride, pad, dilation, groups)
    H, W = x.shape[2:]
    size = function.window.outputs((H, W))
    images = f"the convolution of x {format_array(x)}"
    sizes, names = (pool, pool_stride, pool_pad), ("pool", "pool_stride", "pool_pad")
    pooling = pool_window("conv_relu_pool", images, size, sizes, names)
    pooling = pooling.ceil_mode(size) if ceil_mode else pooling
    return apply(ConvReLUPool(function.window, function.groups, pool=pooling), x, w, b)


def convolution_of(
    name: str, x: Operand, w: Operand, b: Operand | None, stride: Any, pad: Any, dilation: Any, groups: int
) -> tuple[Conv2d, Variable, Variable, Variable | None]:
    """The Function of a convolution and its operands, checked; `name` is the function's in errors."""
    x, w, b = filter_operands(x, w, b)
    x, size = images_of(name, x)
    groups = checked_filters(name, x, w, b, groups, "(O, C // groups, KH, KW)")
    KH, KW = w.shape[2:]
    strides = checks.pair(name, "stride", stride, least=1)
    window = Window((KH, KW), strides, dilation=checks.pair(name, "dilation", dilation, least=1))
    window = padded_window(name, f"x {format_array(x)}", size, window, checks.padding(name, "pad", pad))
    return Conv2d(window, groups), x, w, b


def filter_operands(x: Operand, w: Operand, b: Operand | None) -> tuple[Variable, Variable, Variable | None]:
    """Images, filters and perhaps a bias as Variables of floats; integers become `default_dtype`."""
    variables = as_variables(x, w) if b is None else as_variables(x, w, b)
    operands = [each if each.dtype.kind == "f" else each.astype(float_type()) for each in variables]
    return operands[0], operands[1], None if b is None else operands[2]


def checked_filters(name: str, x: Variable, w: Variable, b: Variable | None, groups: int, shape: str) -> int:
    """`groups`, with which x, filters w of the `shape` in words, and b are seen to fit together."""
    both = f"x {format_array(x)}, w {format_array(w)}"
    if w.ndim != x.ndim or 0 in w.shape:
        raise ValueError(f"{name}: w must be filters {shape}, none of them 0; {both}")
    groups = checks.integer(name, "groups", groups, least=None)
    if groups < 1 or x.shape[1] % groups or w.shape[0] % groups:
        raise ValueError(f"{name}: groups={groups} must divide x's channels and w's filters; {both}")
    if x.shape[1] != w.shape[1] * groups:
        raise ValueError(f"{name}: x has {x.shape[1]} channels but w expects {w.shape[1] * groups}; {both}")
    if b is not None and b.shape != w.shape[:1]:
        raise ValueError(f"{name}: b must be ({w.shape[0]},), one for each filter; b {format_array(b)}, {both}")
    return groups
