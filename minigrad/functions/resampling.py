"""Images of another size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import format_array
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.functions.windows import images_of
from minigrad.spelling import advised

MODES = ("nearest", "bilinear")


@advised
def upsample2d(x: Operand, scale: Any = None, *, size: Any = None, mode: str = "nearest") -> Variable:
    """Images enlarged (or made smaller) by copying or by mixing the nearest pixels.

    Pixels are squares: pixel i of n is the interval from i / n to (i + 1) / n of the image, and its value stands in the
    middle. The corners' middles so do not stay where they are (`align_corners=False` in PyTorch, and as in Keras).

    Args:
        x: images, (N, C, H, W); integers become `default_dtype`.
        scale: how many times as large, (vertical, horizontal) or one number for both, also fractions: OH = ⌊scale · H⌋.
        size: (OH, OW), or one int for both, instead of a scale; the scale is then OH / H.
        mode: "nearest" takes the pixel in which the new one's upper left corner lies, i / scale rounded down.
            "bilinear" mixes the two nearest rows and columns, by the distance from their middles; beyond the outermost
            middles the image goes on unchanged.
    Returns:
        (N, C, OH, OW).
    Raises:
        ValueError: there is not just one of scale and size, or nothing would be left.

    >>> upsample2d(np.array([[[[1.0, 2.0]]]]), 2)
    Variable([[[[1. 1. 2. 2.]
                [1. 1. 2. 2.]]]])
    >>> upsample2d(np.array([[[[1.0, 2.0]]]]), (1, 2), mode="bilinear")
    Variable([[[[1.   1.25 1.75 2.  ]]]])
    """
    x, lengths = images_of("upsample2d", x)
    checks.choice("upsample2d", "mode", mode, MODES)
    for axis, (n, (outputs, step)) in enumerate(zip(lengths, _grids(x, lengths, scale, size), strict=True), start=2):
        x = (_nearest if mode == "nearest" else _bilinear)(x, axis, n, outputs, step)
    return x


def _grids(x: Variable, lengths: tuple[int, int], scale: Any, size: Any) -> list[tuple[int, float]]:
    """For each axis the number of new pixels, and the distance between them in old pixels."""
    if (scale is None) == (size is None):
        raise ValueError("upsample2d: give scale or size, and not both")
    if scale is None:
        sizes = checks.pair("upsample2d", "size", size, least=1)
        grids = [(outputs, n / outputs) for n, outputs in zip(lengths, sizes, strict=True)]
    else:
        both = scale if isinstance(scale, (tuple, list)) else (scale, scale)
        if len(both) != 2:
            raise TypeError(f"upsample2d: scale must be a number or a pair of numbers, not {scale!r}")
        factors = [checks.positive("upsample2d", "scale", factor) for factor in both]
        grids = [(math.floor(n * factor), 1 / factor) for n, factor in zip(lengths, factors, strict=True)]
    if 0 in lengths or not all(outputs for outputs, _ in grids):
        raise ValueError(f"upsample2d: no pixels would be left of x {format_array(x)}; scale {scale}, size {size}")
    return grids


def _nearest(x: Variable, axis: int, n: int, outputs: int, step: float) -> Variable:
    indices = np.floor(np.arange(outputs) * step + 1e-9).astype(int)  # 3 · (1 / 3) is 1, or nearly
    if not np.array_equal(indices, np.repeat(np.arange(n), outputs // n)):
        return _taken(x, axis, indices)
    # Each pixel equally often: the gradient is a sum, ten times as fast as what repeated indices need.
    before, after = x.shape[: axis + 1], x.shape[axis + 1 :]
    repeated = x.reshape(*before, 1, *after).broadcast_to((*before, outputs // n, *after))
    return repeated.reshape(*x.shape[:axis], outputs, *after)


def _bilinear(x: Variable, axis: int, n: int, outputs: int, step: float) -> Variable:
    places = np.maximum((np.arange(outputs) + 0.5) * step - 0.5, 0)  # in old pixels' middles
    low = np.minimum(np.floor(places).astype(int), n - 1)
    high = np.minimum(low + 1, n - 1)
    alone = places == low  # mixed half and half with itself: the next one times 0 might be infinity times 0
    high, weight = np.where(alone, low, high), np.where(alone, 0.5, places - low)
    share = x.xp.asarray(weight.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 1 - axis)))
    y: Variable = _taken(x, axis, low) * (1 - share) + _taken(x, axis, high) * share
    return y


def _taken(x: Variable, axis: int, indices: Any) -> Variable:
    return x[(*(slice(None),) * axis, x.xp.asarray(indices))]
