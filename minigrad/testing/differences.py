"""Numeric derivatives: central differences, extrapolated twice (Richardson), that know how far off they may be.

With D(h) = (φ(h) − φ(−h)) / 2h and J(h) = (φ(h) + φ(−h) − 2φ(0)) / h, where h halves three times: a smooth φ has D's
that approach each other four times as fast each time and J's that halve; at a kink J stays what it is, the difference
between the slopes of the two sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from minigrad.testing.arrays import Floats
from minigrad.testing.findings import Finding

STEP = 1e-2
SHRINKS = (1.0, 2.0**-5, 2.0**-10, 2.0**-14)
"""The steps tried, each a part of the first: a kink nearby is left behind by a smaller one."""

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Slope:
    """The derivative of each element of a vector along a line.

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


@np.errstate(all="ignore")
def slope(f: Callable[[float], Floats], *, scale: float = 1.0) -> Slope:
    """The derivative of f(t), a vector, at t = 0, where steps of 1e-2 · scale are small."""
    center = f(0.0)

    def asked(t: float) -> Floats:
        try:
            return f(t)
        except Finding:  # beyond its domain a function may raise an error, but not at the place itself
            return np.full_like(center, np.nan)

    found = _slope_at(asked, center, STEP * scale)
    for shrink in SHRINKS[1:]:
        if (found.smooth | ~np.isfinite(center)).all():
            break
        finer = _slope_at(asked, center, STEP * scale * shrink)
        found = Slope(*(np.where(found.smooth, a, b) for a, b in zip(_parts(found), _parts(finer), strict=True)))
    return found


def _parts(slope: Slope) -> tuple[Floats, ...]:
    return slope.value, slope.tolerance, slope.smooth, slope.kinked, slope.low, slope.high


def _slope_at(f: Callable[[float], Floats], center: Floats, h: float) -> Slope:
    steps = [h, h / 2, h / 4, h / 8]
    after, before = [f(step) for step in steps], [f(-step) for step in steps]
    stands = np.all([side == center for side in (*after, *before)], axis=0)
    noise = np.where(stands, 0, 50 * EPS * np.max(np.abs([*after, *before]), axis=0) / h)

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
    return Slope(
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
    """Whether the value is worth anything; False for NaN."""
    close: Floats = tolerance <= 1e-4 * (1 + np.abs(value))
    return close
