"""Windows over images, from the sizes that users write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from minigrad import checks
from minigrad.backend import format_array
from minigrad.backend.windows import Pair, Window
from minigrad.core.config import float_type
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable


def images_of(function: str, x: Operand) -> tuple[Variable, Pair]:
    """x as images (N, C, H, W) of floats, and (H, W); integers become `default_dtype`."""
    images = as_variable(x)
    if images.ndim != 4:
        raise ValueError(f"{function}: x must be images (N, C, H, W), not {format_array(images)}")
    H, W = images.shape[2:]
    return images if images.dtype.kind == "f" else images.astype(float_type()), (H, W)


def padded_window(function: str, images: str, size: Pair, window: Window, pad: Pair | Literal["same"]) -> Window:
    """The window with a border of `pad` around images of `size`, which errors describe as `images`.

    With "same" there are as many output pixels as stride fits into the image; where the border is uneven, the larger
    part is below and right (as in TensorFlow). A window that exceeds the padded image is a ValueError.
    """
    KH, KW = window.effective_kernel
    if pad == "same":
        border = []
        for n, s, k in zip(size, window.stride, (KH, KW), strict=True):
            total = max(0, (-(-n // s) - 1) * s + k - n)
            border.append((total // 2, total - total // 2))
    else:
        border = [(n, n) for n in pad]
    window = replace(window, pad=(border[0], border[1]))
    if min(window.outputs(size)) < 1:
        raise ValueError(f"{function}: a {KH}×{KW} window exceeds the padded image; {images}, {window}")
    return window


def pool_window(
    function: str, images: str, size: Pair, sizes: Sequence[Any], names: Sequence[str] = ("kernel", "stride", "pad")
) -> Window:
    """The window of a pooling over images of `size`, of whose `sizes` errors say the `names`.

    By default its stride is its kernel. A window that could lie in the border alone is a ValueError.
    """
    kernel = checks.pair(function, names[0], sizes[0], least=1)
    stride = kernel if sizes[1] is None else checks.pair(function, names[1], sizes[1], least=1)
    pad = checks.padding(function, names[2], sizes[2])
    window = padded_window(function, images, size, Window(kernel, stride), pad)
    if any(max(border) >= k for border, k in zip(window.pad, kernel, strict=True)):
        limit = f"{names[2]} {sizes[2]} must be less than {names[0]} {sizes[0]}"
        raise ValueError(f"{function}: {limit}, or a window could miss the image")
    return window
