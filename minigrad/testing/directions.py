"""Derivatives along one direction: of higher orders, and of elements that move together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.arrays import Floats
from minigrad.testing.derivatives import flat, gradients, random_like, values
from minigrad.testing.differences import Slope, slope

PAIRS = 8
"""How many pairs of directions are tried: of few, all may happen to order equal elements alike."""

MOST_NUMBERS = 4
"""How many tied numbers are moved, each with all elements equal to it."""


@dataclass(frozen=True)
class Along:
    """The derivative of Σ <cotangent, f> along one direction."""

    analytic: float
    numeric: float
    tolerance: float

    @property
    def right(self) -> bool:
        """Whether the two agree; NaN agrees with nothing."""
        return abs(self.analytic - self.numeric) <= self.tolerance


def along(
    f: Callable[..., Any], arrays: Sequence[Floats], cotangents: Sequence[Floats], directions: Sequence[Floats]
) -> Along | None:
    """The derivative of Σ <cotangent, f> along one direction; None where it can't be told: there is a kink.

    Args:
        f: takes a Variable for each of the arrays.
        arrays: where it is differentiated.
        cotangents: one for each output, of its shape.
        directions: one for each array, of its shape.
    """
    weights = flat(cotangents)
    found = slope(lambda t: np.array([weights @ flat(values(f, _moved(arrays, directions, t)))]))
    if not found.smooth[0]:
        return None
    analytic = gradients(f, arrays, cotangents)
    parts = flat(g * v for g, v in zip(analytic, directions, strict=True))
    return Along(float(parts.sum()), float(found.value[0]), float(found.tolerance[0] + 1e-9 * np.abs(parts).sum()))


def equal_ones_moved(
    f: Callable[..., Any], arrays: Sequence[Floats], cotangents: Sequence[Floats], rough: Sequence[Floats]
) -> tuple[float, Along] | None:
    """The first number at a kink such that the derivative is wrong when all elements equal to it move together.

    Moved together they stay tied: max(x, x) is no kink, and however they share the gradient, the sum is known.
    """
    numbers = np.unique(flat(x[where] for x, where in zip(arrays, rough, strict=True)))
    tied = [number for number in numbers if np.count_nonzero(flat(arrays) == number) > 1]
    for number in tied[:MOST_NUMBERS]:
        directions = [np.asarray(x == number, np.float64) * max(1.0, abs(number)) for x in arrays]
        moved = along(f, arrays, cotangents, directions)
        if moved is not None and not moved.right and np.isfinite(moved.analytic):
            return float(number), moved
    return None


def differentiable(
    f: Callable[..., Any],
    arrays: Sequence[Floats],
    wrong: Sequence[Floats],
    rng: np.random.Generator,
) -> Floats:
    """Which outputs of f have a derivative where some elements are said to be wrong.

    The second of three equal elements, sorted, stands still when any one of them moves, and has no derivative all the
    same. So the wrong elements and those equal to them move, each on its own. A derivative is linear: along v + w it is
    that along v plus that along w.
    """
    numbers = np.unique(flat(x[where] for x, where in zip(arrays, wrong, strict=True)))
    movable = [np.maximum(1, np.abs(x)) * np.isin(x, numbers) for x in arrays]

    def moving(directions: Sequence[Floats]) -> Slope:
        return slope(lambda t: flat(values(f, _moved(arrays, directions, t))))

    found: Floats = np.ones(flat(values(f, arrays)).shape, bool)
    for _ in range(PAIRS):
        v, w = ([r * m for r, m in zip(random_like(arrays, rng), movable, strict=True)] for _ in range(2))
        along_v, along_w, along_both = moving(v), moving(w), moving([a + b for a, b in zip(v, w, strict=True)])
        gap = np.abs(along_v.value + along_w.value - along_both.value)
        found &= along_v.smooth & along_w.smooth & along_both.smooth
        found &= gap <= along_v.tolerance + along_w.tolerance + along_both.tolerance
    return found


def _moved(arrays: Sequence[Floats], directions: Sequence[Floats], t: float) -> list[Floats]:
    return [np.asarray(x + t * v) for x, v in zip(arrays, directions, strict=True)]
