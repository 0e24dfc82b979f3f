"""Analytic gradients against numeric ones, element by element."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from minigrad.testing.arrays import Floats
from minigrad.testing.derivatives import flat, gradients, values
from minigrad.testing.differences import Slope, slope
from minigrad.testing.findings import Mismatch

Place: TypeAlias = tuple[int, tuple[int, ...]]
"""An input's number and an index."""


@dataclass
class Counts:
    """How many derivatives were compared (some of them at kinks), how many could not be.

    Attributes:
        compared: with a numeric derivative, or
        bracketed: those of them at a kink, with the derivatives of its two sides.
        skipped: with nothing.
        closest: the largest error, as a part of what was tolerated.
    """

    compared: int = 0
    bracketed: int = 0
    skipped: int = 0
    closest: float = 0.0

    def add(self, other: Counts) -> None:
        """Count in what another comparison counted."""
        self.compared += other.compared
        self.bracketed += other.bracketed
        self.skipped += other.skipped
        self.closest = max(self.closest, other.closest)

    def __str__(self) -> str:
        return f"{self.compared} derivatives, {self.bracketed} at kinks, {self.skipped} without comparison"


@dataclass
class Comparison:
    """What came out of comparing the gradients towards some arrays.

    Attributes:
        analytic: the gradients, an array for each input, as also
        numeric: NaN where nothing could be said,
        tolerance: how far apart they may be,
        wrong: where they are further apart,
        rough: where the function has no derivative.
        sides: where a gradient at a kink is wrong, the bounds that it is not between.
    """

    analytic: list[Floats]
    numeric: list[Floats]
    tolerance: list[Floats]
    wrong: list[Floats]
    rough: list[Floats]
    sides: dict[Place, tuple[float, float]] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

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
    places: Iterable[Place] | None = None,
) -> Comparison:
    """Compare every element of the gradients of Σ <cotangent, f>.

    Where f has no derivative, but one towards either side, each row of the Jacobian must lie between these two.

    Args:
        f: takes a Variable for each of the arrays.
        arrays: where it is differentiated.
        cotangents: one for each output, of its shape.
        bracket: whether to look at kinks at all.
        trusted: which outputs have a derivative; the others are compared at their kinks only.
        places: what to compare; all by default.
    """
    nowhere = [np.full(np.shape(x), np.nan) for x in arrays]
    analytic = [g.copy() for g in gradients(f, arrays, cotangents)]
    wrong, rough = ([np.zeros(x.shape, bool) for x in arrays] for _ in range(2))
    result = Comparison(analytic, nowhere, [a.copy() for a in nowhere], wrong, rough)
    rows = _Rows(f, arrays, cotangents)
    everywhere = ((i, index) for i, x in enumerate(arrays) for index in np.ndindex(x.shape))
    for place in everywhere if places is None else places:
        i, index = place
        found = slope(_moving(f, arrays, place), scale=max(1.0, abs(float(arrays[i][index]))))
        if trusted is not None:
            found = replace(found, smooth=found.smooth & trusted)
        if found.smooth.all():
            _compare_smooth(result, place, found, rows.weights, float(analytic[i][index]))
        else:
            result.rough[i][index] = True
            _compare_rough(result, place, found, rows, bracket=bracket)
    return result


def _compare_smooth(result: Comparison, place: Place, found: Slope, weights: Floats, analytic: float) -> None:
    """Where all outputs (or those that count) have a derivative."""
    i, index = place
    numeric = float((weights * found.value)[found.smooth].sum())
    tolerance = float((np.abs(weights) * found.tolerance)[found.smooth].sum())
    error = abs(analytic - numeric)
    result.numeric[i][index], result.tolerance[i][index] = numeric, tolerance
    result.wrong[i][index] = not error <= tolerance  # also where it is NaN
    result.counts.compared += 1
    if error <= tolerance and tolerance > 0:
        result.counts.closest = max(result.counts.closest, error / tolerance)


def _compare_rough(result: Comparison, place: Place, found: Slope, rows: _Rows, *, bracket: bool) -> None:
    """Where some outputs have none: these by the two sides, if they have two, the others as ever."""
    i, index = place
    undefined = bool((~found.smooth & ~found.kinked).any()) or not bracket
    outside = rows.outside(found, place) if bracket else None
    rest = rows.without(~found.smooth, place)
    if outside is not None:
        analytic, low, high = outside
        result.sides[place] = low, high
        result.analytic[i][index], result.numeric[i][index] = analytic, min(max(analytic, low), high)
        result.tolerance[i][index], result.wrong[i][index] = 0.0, True
        result.counts.compared += 1
    elif undefined and not np.isfinite(rest):
        result.counts.skipped += 1
    else:
        _compare_smooth(result, place, found, rows.weights, rest)
        if undefined:
            result.counts.compared -= 1
            result.counts.skipped += 1
        else:
            result.counts.bracketed += 1


class _Rows:
    """Rows of the Jacobian, each computed with a one-hot cotangent when it is asked for."""

    def __init__(self, f: Callable[..., Any], arrays: Sequence[Floats], cotangents: Sequence[Floats]) -> None:
        self._f, self._arrays, self._cotangents = f, arrays, cotangents
        self._known: dict[int, list[Floats]] = {}
        self.weights = flat(cotangents)

    def without(self, rough: Floats, place: Place) -> float:
        """The gradient with the cotangent 0 at the rough outputs."""
        i, index = place
        return float(gradients(self._f, self._arrays, self._shaped(self.weights * ~rough))[i][index])

    def outside(self, found: Slope, place: Place) -> tuple[float, float, float] | None:
        """A kinked output's derivative that is not between those of the two sides, and these."""
        i, index = place
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


def _moving(f: Callable[..., Any], arrays: Sequence[Floats], place: Place) -> Callable[[float], Floats]:
    i, index = place

    def moved(t: float) -> Floats:
        x = arrays[i].copy()
        x[index] += t
        return flat(values(f, [*arrays[:i], x, *arrays[i + 1 :]]))

    return moved
