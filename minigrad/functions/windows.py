"""What users write for a window's sizes, made a Window, or one clear error."""

from __future__ import annotations

import operator
from typing import Any, Literal

from minigrad.backend import format_array
from minigrad.backend.windows import Pair, Window
from minigrad.core.config import float_type
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable


def pair_of(function: str, argument: str, value: Any, *, least: int) -> Pair:
    """One int for both directions, or (vertical, horizontal).

    Raises:
        TypeError: value is neither an int nor two.
        ValueError: one is below `least`.
    """
    given = value if isinstance(value, (tuple, list)) else (value, value)
    try:
        both = tuple(map(operator.index, given))
    except TypeError:
        both = ()
    if len(both) != 2 or any(isinstance(number, bool) for number in given):
        raise TypeError(f"{function}: {argument} must be an int or a pair of ints, not {value!r}")
    if min(both) < least:
        raise ValueError(f"{function}: {argument} must be at least {least}, not {value!r}")
    return both


def pad_of(function: str, pad: Any) -> Pair | Literal["same"]:
    """A border of so many pixels, one int for both directions or (vertical, horizontal); or "same".

    Raises:
        TypeError: pad is neither.
        ValueError: it is another word, or below 0.
    """
    if isinstance(pad, str) and pad != "same":
        raise ValueError(f'{function}: pad must be an int, a pair or "same", not {pad!r}')
    return "same" if isinstance(pad, str) else pair_of(function, "pad", pad, least=0)


def window_of(
    function: str, size: Pair, kernel: Pair, stride: Any, pad: Any, dilation: Any = 1, *, images: str
) -> Window:
    """The window of a kernel over images.

    Args:
        function: the caller's name, for errors.
        size: (H, W) of the images.
        kernel: (KH, KW).
        stride: an int or a pair.
        pad: an int, a pair, or "same": as many output pixels as stride fits into the image; where the border is uneven,
            the larger part is below and right (as in TensorFlow).
        dilation: an int or a pair.
        images: the images' name, shape and dtype, for errors.
    Raises:
        ValueError: the dilated kernel exceeds the padded image.
    """
    strides = pair_of(function, "stride", stride, least=1)
    bare = Window(kernel, strides, dilation=pair_of(function, "dilation", dilation, least=1))
    outside = pad_of(function, pad)
    if outside == "same":
        totals = [
            max(0, (-(-n // s) - 1) * s + extent - n)
            for n, s, extent in zip(size, strides, bare.effective_kernel, strict=True)
        ]
        above, left = (total // 2 for total in totals)
        border = ((above, totals[0] - above), (left, totals[1] - left))
    else:
        border = ((outside[0], outside[0]), (outside[1], outside[1]))
    window = Window(kernel, strides, border, bare.dilation)
    if min(window.outputs(size)) < 1:
        KH, KW = window.effective_kernel
        raise ValueError(f"{function}: a {KH}×{KW} window exceeds the padded image; {images}, {window}")
    return window


def pool_window(
    function: str, size: Pair, kernel: Any, stride: Any, pad: Any, *, ceil_mode: bool, images: str
) -> Window:
    """The window of a pooling, `window_of` with a kernel that is an int or a pair; its stride is the kernel by default.

    Raises:
        ValueError: the window exceeds the padded image, or could lie in the border alone.
    """
    pair = pair_of(function, "kernel", kernel, least=1)
    window = window_of(function, size, pair, pair if stride is None else stride, pad, images=images)
    if any(max(border) >= k for border, k in zip(window.pad, pair, strict=True)):
        raise ValueError(f"{function}: pad {pad} must be less than kernel {kernel}, or a window could miss the image")
    return window.ceil_mode(size) if ceil_mode else window


def images_of(function: str, x: Operand) -> Variable:
    """x as images (N, C, H, W) of floats; integers become `default_dtype`.

    Raises:
        ValueError: x has another number of dimensions.
    """
    images = as_variable(x)
    if images.ndim != 4:
        raise ValueError(f"{function}: x must be images (N, C, H, W), not {format_array(images)}")
    return images if images.dtype.kind == "f" else images.astype(float_type())
