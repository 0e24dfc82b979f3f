"""Numeric derivatives: central differences, extrapolated twice (Richardson), with a bound of their own error.

With D(h) = (φ(h) − φ(−h)) / 2h and J(h) = (φ(h) + φ(−h) − 2φ(0)) / h, where h halves three times: a smooth φ has D's
that approach each other four times as fast each time and J's that halve; at a kink J stays what it is, the difference
between the slopes of the two sides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from minigrad.testing.example import Floats

STEP = 1e-2
SHRINKS = (1.0, 2.0**-5, 2.0**-10, 2.0**-14)
"""The steps tried, each a part of the first: a kink nearby is left behind by a smaller one."""

EPS = float(np.finfo(np.float64).eps)

Line: TypeAlias = Callable[[Sequence[tuple[int, float]]], Floats]
"""The vector at places (k, t), which stands for t on line k: an array (places, elements)."""


class Slopes(NamedTuple):
    """The derivatives of the elements of a vector along several lines: arrays (lines, elements).

    Attributes:
        value: the derivative, and
        tolerance: how far it may be off, both of use where
        smooth: there is one.
        kinked: the derivatives of the two sides differ;
        low, high: these then lie between here, tolerance included.
    """

    value: Floats
    tolerance: Floats
    smooth: Floats
    kinked: Floats
    low: Floats
    high: Floats

    def along(self, line: int) -> Slopes:
        """The derivatives along one of the lines: arrays (elements,)."""
        return Slopes(*(part[line] for part in self))


@np.errstate(all="ignore")
def slopes(f: Line, center: Floats, scales: Sequence[float] | Floats) -> Slopes:
    """The derivatives along several lines, on each of which steps of 1e-2 · scale are small; `center` is at t = 0."""
    steps = STEP * np.asarray(scales, np.float64)
    found = _slopes_at(f, center, steps, np.arange(len(steps)))
    for shrink in SHRINKS[1:]:
        left = np.flatnonzero(~(found.smooth | ~np.isfinite(center)).all(1))
        if not left.size:
            break
        finer = _slopes_at(f, center, steps[left] * shrink, left)
        smooth = found.smooth[left]
        for part, other in zip(found, finer, strict=True):
            part[left] = np.where(smooth, part[left], other)
    return found


def _slopes_at(f: Line, center: Floats, longest: Floats, lines: Floats) -> Slopes:
    parts = (1, 0.5, 0.25, 0.125)
    asked = [
        (int(k), sign * h * part) for k, h in zip(lines, longest, strict=True) for sign in (1, -1) for part in parts
    ]
    samples = f(asked).reshape(len(lines), 8, center.size)
    after, before = ([samples[:, first + i] for i in range(4)] for first in (0, 4))
    h = longest[:, None]
    steps = [h * part for part in parts]
    stands = (samples == center).all(1)
    noise = np.where(stands, 0, 50 * EPS * np.abs(samples).max(1) / h)

    D = [(a - b) / (2 * step) for a, b, step in zip(after, before, steps, strict=True)]
    gaps = [np.abs(b - a) for a, b in pairwise(D)]
    regular = (gaps[1] <= 0.35 * gaps[0] + noise) & (gaps[2] <= 0.35 * gaps[1] + noise)
    once = [(4 * b - a) / 3 for a, b in pairwise(D)]
    twice = [(16 * b - a) / 15 for a, b in pairwise(once)]
    value = np.where(regular, twice[1], D[3])
    estimate = np.where(regular, np.maximum(np.abs(twice[1] - once[2]), np.abs(twice[1] - twice[0])), gaps[2])
    tolerance = _tolerance(value, estimate, noise)

    J = [np.abs((a - center) + (b - center)) / step for a, b, step in zip(after, before, steps, strict=True)]
    stays = (J[3] > 0.7 * J[2]) & (J[2] > 0.7 * J[1]) & (J[3] > tolerance)
    smooth = np.isfinite(center) & _close(value, tolerance) & ~stays

    (left, left_tolerance), (right, right_tolerance) = (
        _one_sided([(side - center) / (sign * step) for side, step in zip(sides, steps, strict=True)], noise)
        for sides, sign in ((before, -1), (after, 1))
    )
    return Slopes(
        value,
        tolerance,
        smooth,
        ~smooth & _close(left, left_tolerance) & _close(right, right_tolerance),
        np.minimum(left - left_tolerance, right - right_tolerance),
        np.maximum(left + left_tolerance, right + right_tolerance),
    )


def _one_sided(quotients: list[Floats], noise: Floats) -> tuple[Floats, Floats]:
    once = [2 * b - a for a, b in pairwise(quotients)]
    twice = [(4 * b - a) / 3 for a, b in pairwise(once)]
    estimate = np.maximum(np.abs(twice[1] - once[2]), np.abs(twice[1] - twice[0]))
    return twice[1], _tolerance(twice[1], estimate, 4 * noise)


def _tolerance(value: Floats, estimate: Floats, noise: Floats) -> Floats:
    tolerance: Floats = 3 * estimate + noise + 1e-8 + 1e-6 * np.abs(value)
    return tolerance


def _close(value: Floats, tolerance: Floats) -> Floats:
    """Where the value is known well enough to compare with; False for NaN."""
    close: Floats = tolerance <= 1e-4 * (1 + np.abs(value))
    return close
