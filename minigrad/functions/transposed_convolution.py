"""Transposed convolution: what enlarges images, as the gradient of a convolution with a stride does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minigrad import checks
from minigrad.backend import format_array
from minigrad.backend.windows import Window
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.convolution import ConvTranspose2d, filter_operands
from minigrad.functions.shape import pad as with_border
from minigrad.functions.windows import images_of, padded_window
from minigrad.spelling import advised


@advised
def conv_transpose2d(
    x: Operand,
    w: Operand,
    b: Operand | None = None,
    *,
    stride: Any = 1,
    pad: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Variable:
    """Add up filters, one for each pixel and channel of an image, multiplied with it and `stride` apart.

    It is the adjoint of `conv2d`: with the same w and options it takes what conv2d makes to images of the first size.

    Args:
        x: images, (N, C, H, W); integers become `default_dtype`.
        w: filters, (C, O // groups, KH, KW): the first axis is x's channels, as in PyTorch.
        b: bias, (O,), or None.
        stride: pixels between the filters of neighbouring pixels, (vertical, horizontal) or one int for both.
        pad: pixels that are cut off around the result, likewise; or "same": the result is (stride · H, stride · W).
        output_padding: rows and columns more, below and right, likewise: conv2d takes images of several sizes to one.
        dilation: pixels from one filter element to the next, likewise.
        groups: the channels are split into so many groups, each of which makes a part of the output channels.
    Returns:
        (N, O, OH, OW), OH = (H − 1)·stride − 2·pad + dilation·(KH − 1) + 1 + output_padding.
    Raises:
        ValueError: channels differ, groups do not divide them, or pad leaves nothing of what the filters made.
    Source: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning".

    >>> import numpy as np
    >>> conv_transpose2d(np.array([[[[1.0, 2.0]]]]), np.array([[[[1.0, 10.0]]]]), stride=2)
    Variable([[[[ 1. 10.  2. 20.]]]])
    """
    name = "conv_transpose2d"
    x, w, b = filter_operands(x, w, b)
    x, (H, W) = images_of(name, x)
    groups = _checked(name, x, w, b, groups)
    SH, SW = checks.pair(name, "stride", stride, least=1)
    window = Window((w.shape[2], w.shape[3]), (SH, SW), dilation=checks.pair(name, "dilation", dilation, least=1))
    more = checks.pair(name, "output_padding", output_padding, least=0)
    border = checks.padding(name, "pad", pad)
    below = (0, 0)
    if border == "same":
        if more != (0, 0):
            raise ValueError(f'{name}: output_padding must be 0 with pad="same", which says the size; not {more}')
        size = SH * H, SW * W
        window = padded_window(name, f"x {format_array(x)}", size, window, border) if H and W else window
    else:
        # What is not cut off below: the border lets some of output_padding's rows through, the others are empty.
        cut = [max(0, p - m) for p, m in zip(border, more, strict=True)]
        below = max(0, more[0] - border[0]), max(0, more[1] - border[1])
        window = replace(window, pad=((border[0], cut[0]), (border[1], cut[1])))
        RH, RW = window.effective_kernel
        size = (H - 1) * SH + RH - border[0] - cut[0], (W - 1) * SW + RW - border[1] - cut[1]
    if min(H, W, *size) < 1:
        raise ValueError(f"{name}: pad={pad} leaves nothing of the result; x {format_array(x)}, w {format_array(w)}")
    y = apply(ConvTranspose2d(window, size, groups), x, w)
    if any(below):
        y = with_border(y, [(0, 0), (0, 0), (0, below[0]), (0, below[1])])
    return y if b is None else y + b.reshape(-1, 1, 1)


def _checked(name: str, x: Variable, w: Variable, b: Variable | None, groups: int) -> int:
    """`groups`, with which x, w and b are seen to fit together."""
    both = f"x {format_array(x)}, w {format_array(w)}"
    if w.ndim != 4 or 0 in w.shape:
        raise ValueError(f"{name}: w must be filters (C, O // groups, KH, KW), none of them 0; {both}")
    if x.shape[1] != w.shape[0]:
        raise ValueError(f"{name}: x has {x.shape[1]} channels but w expects {w.shape[0]}; {both}")
    groups = checks.integer(name, "groups", groups, least=None)
    if groups < 1 or w.shape[0] % groups:
        raise ValueError(f"{name}: groups={groups} must divide x's channels; {both}")
    if b is not None and b.shape != (w.shape[1] * groups,):
        wanted = f"({w.shape[1] * groups},), one for each output channel"
        raise ValueError(f"{name}: b must be {wanted}; b {format_array(b)}, {both}")
    return groups
