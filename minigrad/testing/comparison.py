"""Analytic gradients against numeric ones: element by element, or along one direction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from minigrad.testing.derivatives import flat, gradients, random_like, values
from minigrad.testing.differences import Floats, Slope, slope
from minigrad.testing.findings import Mismatch

MOST_NUMBERS = 4
"""How many tied numbers are moved, each with all elements equal to it."""


@dataclass
class Counts:
    """How many derivatives were compared, and how."""

    compared: int = 0
    bracketed: int = 0
    skipped: int = 0
    closest: float = 0.0
    """The largest error, as a part of what was tolerated."""

    def add(self, other: Counts) -> None:
        """Count in what another comparison counted."""
        self.compared += other.compared
        self.bracketed += other.bracketed
        self.skipped += other.skipped
        self.closest = max(self.closest, other.closest)


@dataclass
class Comparison:
    """What came out of comparing every element.

    Attributes:
        analytic, numeric, tolerance, wrong: an array for each input; numeric is NaN where nothing could be said.
        rough: where the function has no derivative.
    """

    analytic: list[Floats]
    numeric: list[Floats]
    tolerance: list[Floats]
    wrong: list[Floats]
    rough: list[Floats]
    counts: Counts = field(default_factory=Counts)
    sides: dict[tuple[int, tuple[int, ...]], tuple[float, float]] = field(default_factory=dict)
    """Where a gradient at a kink is wrong: the bounds that it is not between."""

    def mismatch(self, order: int) -> Mismatch | None:
        """The first input whose gradient is wrong."""
        for i, wrong in enumerate(self.wrong):
            if wrong.any():
                compared = int(np.isfinite(self.tolerance[i]).sum())
                sides = {index: bounds for (j, index), bounds in self.sides.items() if j == i}
                return Mismatch(order, i, self.analytic[i], self.numeric[i], self.tolerance[i], wrong, compared, sides)
        return None


def compare(
    f: Callable[..., Any],
    arrays: Sequence[Floats],
    cotangents: Sequence[Floats],
    *,
    bracket: bool = True,
    trusted: Floats | None = None,
    places: Iterator[tuple[int, tuple[int, ...]]] | None = None,
) -> Comparison:
    """Compare every element of the gradients of Σ <cotangent, f>.

    Where f has no derivative, but one towards either side, each row of the Jacobian must lie between these two.

    Args:
        f: takes a Variable for each of the arrays.
        arrays: where it is differentiated.
        cotangents: one for each output.
        bracket: whether to look at kinks at all.
        trusted: which outputs have a derivative; the others are compared at their kinks only.
        places: an input and an index each, instead of all.
    """
    nowhere = [np.full(np.shape(x), np.nan) for x in arrays]
    analytic = gradients(f, arrays, cotangents)
    result = Comparison(
        [a.copy() for a in analytic],
        nowhere,
        [a.copy() for a in nowhere],
        [np.zeros(x.shape, bool) for x in arrays],
        [np.zeros(x.shape, bool) for x in arrays],
    )
    rows = _Rows(f, arrays, cotangents)
    weights = flat(cotangents)
    for i, index in _everywhere(arrays) if places is None else places:
        found = slope(_moving(f, arrays, i, index), scale=max(1.0, abs(float(arrays[i][index]))))
        if trusted is not None:
            found = replace(found, smooth=found.smooth & trusted)
        expected, given = _smooth_part(found, weights), float(analytic[i][index])
        tolerance = _smooth_part(found, weights, tolerance=True)
        result.counts.compared += 1
        if not found.smooth.all():
            result.rough[i][index] = True
            given = rows.without(~found.smooth, i, index)
            undefined = ~found.smooth & ~found.kinked
            if undefined.any() or not bracket:
                result.counts.skipped += 1
            else:
                result.counts.bracketed += 1
            outside = rows.outside(found, i, index) if bracket else None
            if outside is not None:
                given, low, high = outside
                result.sides[i, index] = low, high
                result.analytic[i][index], result.numeric[i][index] = given, min(max(given, low), high)
                result.tolerance[i][index], result.wrong[i][index] = 0.0, True
                continue
            if not np.isfinite(given) and undefined.any():
                continue
        result.numeric[i][index], result.tolerance[i][index] = expected, tolerance
        error = abs(given - expected)
        result.wrong[i][index] = not error <= tolerance  # also where it is NaN
        if error <= tolerance and tolerance > 0:
            result.counts.closest = max(result.counts.closest, error / tolerance)
    return result


def differentiable(f: Callable[..., Any], arrays: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """Which outputs of f have a derivative along a random direction.

    The smallest of several equal elements has none, although it does where only one of them moves: it stands still.
    """
    directions = [v * np.maximum(1, np.abs(x)) for v, x in zip(random_like(arrays, rng), arrays, strict=True)]
    return slope(lambda t: flat(values(f, [x + t * v for x, v in zip(arrays, directions, strict=True)]))).smooth


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
    """The derivative of Σ <cotangent, f> along one direction; None where it can't be told: there is a kink."""
    weights = flat(cotangents)

    def moved(t: float) -> Floats:
        ys = values(f, [x + t * v for x, v in zip(arrays, directions, strict=True)])
        return np.array([weights @ flat(ys)])

    found = slope(moved)
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
    for number in numbers[:MOST_NUMBERS]:
        directions = [np.asarray(x == number, np.float64) * max(1.0, abs(number)) for x in arrays]
        moved = along(f, arrays, cotangents, directions)
        if moved is not None and not moved.right and np.isfinite(moved.analytic):
            return float(number), moved
    return None


class _Rows:
    """Rows of the Jacobian, each computed with a one-hot cotangent when it is asked for."""

    def __init__(self, f: Callable[..., Any], arrays: Sequence[Floats], cotangents: Sequence[Floats]) -> None:
        self._f, self._arrays, self._cotangents = f, arrays, cotangents
        self._known: dict[int, list[Floats]] = {}

    def without(self, rough: Floats, i: int, index: tuple[int, ...]) -> float:
        """The gradient with the cotangent 0 at the rough outputs."""
        kept = flat(self._cotangents) * ~rough
        return float(gradients(self._f, self._arrays, self._shaped(kept))[i][index])

    def outside(self, found: Slope, i: int, index: tuple[int, ...]) -> tuple[float, float, float] | None:
        """A kinked output's derivative that is not between those of the two sides, and these."""
        for j in np.flatnonzero(found.kinked).tolist():
            if j not in self._known:
                one_hot = np.zeros(found.kinked.shape)
                one_hot[j] = 1.0
                self._known[j] = gradients(self._f, self._arrays, self._shaped(one_hot))
            given, low, high = float(self._known[j][i][index]), float(found.low[j]), float(found.high[j])
            if not low <= given <= high:
                return given, low, high
        return None

    def _shaped(self, elements: Floats) -> list[Floats]:
        parts = np.split(elements, np.cumsum([c.size for c in self._cotangents])[:-1])
        return [part.reshape(c.shape) for part, c in zip(parts, self._cotangents, strict=True)]


def _everywhere(arrays: Sequence[Floats]) -> Iterator[tuple[int, tuple[int, ...]]]:
    return ((i, index) for i, x in enumerate(arrays) for index in np.ndindex(x.shape))


def _moving(
    f: Callable[..., Any], arrays: Sequence[Floats], i: int, index: tuple[int, ...]
) -> Callable[[float], Floats]:
    def moved(t: float) -> Floats:
        x = arrays[i].copy()
        x[index] += t
        return flat(values(f, [*arrays[:i], x, *arrays[i + 1 :]]))

    return moved


def _smooth_part(found: Slope, weights: Floats, *, tolerance: bool = False) -> float:
    elements = np.abs(weights) * found.tolerance if tolerance else weights * found.value
    return float(elements[found.smooth].sum())
