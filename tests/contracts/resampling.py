"""Contracts of functions/resampling.py."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import both


def upsample2d(x: Any, *, scale: Any, size: Any, mode: str) -> Any:
    """Rows and then columns, each one a mean of old ones that is written out."""
    for axis in (2, 3):
        n = x.shape[axis]
        if scale is None:
            outputs = both(size)[axis - 2]
            step = Fraction(n, outputs)
        else:
            factor = Fraction(both(scale)[axis - 2])
            outputs, step = math.floor(n * factor), 1 / factor
        lines = [_line(np.moveaxis(x, axis, 0), i, step, mode) for i in range(outputs)]
        x = np.stack(lines, axis)
    return x


def _line(lines: Any, i: int, step: Fraction, mode: str) -> Any:
    if mode == "nearest":
        return lines[math.floor(i * step)]
    middle = float((i + Fraction(1, 2)) * step - Fraction(1, 2))
    share = [max(0.0, 1 - abs(middle - k)) for k in range(len(lines))]
    if middle < 0 or middle > len(lines) - 1:
        share = [float(k == (0 if middle < 0 else len(lines) - 1)) for k in range(len(lines))]
    return sum(part * line for part, line in zip(share, lines, strict=True))


@st.composite
def images(draw: st.DrawFn) -> Call:
    """Images with a scale, or a size."""
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    options: dict[str, Any] = {"mode": draw(st.sampled_from(["nearest", "bilinear"])), "scale": None, "size": None}
    if draw(st.booleans()):
        options["scale"] = draw(st.sampled_from([1, 2, 3, (1, 2), 1.5, (2.5, 1.25)]))
    else:
        options["size"] = draw(st.sampled_from([1, 3, 5, (2, 4), (5, 1)]))
    return Call((shape,), options)


RAMP = np.arange(12.0).reshape(1, 1, 3, 4) ** 2

CONTRACTS = [
    OpSpec(
        F.upsample2d,
        upsample2d,
        shapes=images(),
        domain=(-10, 10),
        formula="the nearest pixel, or a mean of the four nearest",
        cases=[
            case(RAMP, scale=2, size=None, mode="nearest"),
            case(RAMP, scale=(2.5, 0.5), size=None, mode="bilinear"),
            case(RAMP, scale=(2.5, 0.5), size=None, mode="nearest"),
            case(RAMP, scale=None, size=(7, 2), mode="bilinear"),
        ],
    ),
]
