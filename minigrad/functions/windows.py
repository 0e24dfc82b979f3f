"""What users write for a window's sizes, made a Window, or one clear error."""

from __future__ import annotations

import operator
from typing import Any

from minigrad.backend import describe
from minigrad.backend.windows import Pair, Window


def pair_of(function: str, argument: str, value: Any, *, least: int) -> Pair:
    """One int for both directions, or (vertical, horizontal).

    Raises:
        TypeError: value is neither an int nor two.
        ValueError: one is below `least`.
    """
    try:
        both = (
            (operator.index(value),) * 2 if not isinstance(value, (tuple, list)) else tuple(map(operator.index, value))
        )
    except TypeError:
        both = ()
    if len(both) != 2:
        raise TypeError(f"{function}: {argument} must be an int or a pair of ints, not {value!r}")
    if min(both) < least:
        raise ValueError(f"{function}: {argument} must be at least {least}, not {value!r}")
    return both


def window_of(function: str, x: Any, *, kernel: Pair, stride: Any, pad: Any, dilation: Any = 1) -> Window:
    """The window of a kernel over the images `x`, (N, C, H, W).

    `pad` may be "same": as many output pixels as stride fits into the image, and where the border is uneven, the
    larger part is below and right (as in TensorFlow).

    Raises:
        ValueError: the dilated kernel exceeds the padded image.
    """
    strides = pair_of(function, "stride", stride, least=1)
    bare = Window(kernel, strides, dilation=pair_of(function, "dilation", dilation, least=1))
    if isinstance(pad, str):
        if pad != "same":
            raise ValueError(f'{function}: pad must be an int, a pair or "same", not {pad!r}')
        totals = [
            max(0, (-(-n // s) - 1) * s + reach - n)
            for n, s, reach in zip(x.shape[2:], strides, bare.reach, strict=True)
        ]
        above, left = (total // 2 for total in totals)
        border = ((above, totals[0] - above), (left, totals[1] - left))
    else:
        vertical, horizontal = pair_of(function, "pad", pad, least=0)
        border = ((vertical, vertical), (horizontal, horizontal))
    window = Window(kernel, strides, border, bare.dilation)
    if min(window.outputs(x.shape[2:])) < 1:
        raise ValueError(
            f"{function}: a {window.reach[0]}×{window.reach[1]} window exceeds the padded image; "
            f"x {describe(x)}, {window}"
        )
    return window


def check_images(function: str, x: Any) -> None:
    """Raise ValueError unless x is (N, C, H, W)."""
    if x.ndim != 4:
        raise ValueError(f"{function}: x must be images (N, C, H, W), not {describe(x)}")
