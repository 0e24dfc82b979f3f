"""Analytic derivatives against numeric ones: element by element, and along a direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from minigrad.testing.derivatives import Point, flat, random_like, values_at
from minigrad.testing.differences import Line, Slopes, slopes
from minigrad.testing.example import Floats
from minigrad.testing.findings import Mismatch

LARGEST_STACK = 2**18
"""The most numbers of numeric derivatives that are computed together."""

PAIRS = 8
"""Pairs of directions that are tried: of few, all may happen to order equal elements alike."""

MOST_TIES = 4
"""The most tied numbers that are moved, each with all elements equal to it."""


@dataclass
class Counts:
    """The numbers of derivatives that were compared, some of them at kinks, and that could not be.

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
    """The gradients towards some arrays beside numeric ones; all elements of all arrays stand one after the other.

    Attributes:
        shapes: the arrays'.
        analytic: the gradients, and likewise
        numeric: NaN where it is unknown,
        tolerance: how far apart they may be,
        wrong: where they are further apart,
        nondifferentiable: where the function has no derivative.
        low, high: where a gradient at a kink is wrong, the bounds that it is not between; NaN elsewhere.
    """

    shapes: list[tuple[int, ...]]
    analytic: Floats
    numeric: Floats = field(init=False)
    tolerance: Floats = field(init=False)
    wrong: Floats = field(init=False)
    nondifferentiable: Floats = field(init=False)
    low: Floats = field(init=False)
    high: Floats = field(init=False)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.numeric, self.tolerance, self.low, self.high = (np.full(self.analytic.size, np.nan) for _ in range(4))
        self.wrong, self.nondifferentiable = (np.zeros(self.analytic.size, bool) for _ in range(2))

    def mismatch(self, order: int) -> Mismatch | None:
        """The first input whose gradient is wrong."""
        if not self.wrong.any():
            return None
        i = next(i for i, wrong in enumerate(shaped(self.wrong, self.shapes)) if wrong.any())
        parts = (self.analytic, self.numeric, self.tolerance, self.wrong, self.low, self.high)
        analytic, numeric, tolerance, wrong, low, high = (shaped(part, self.shapes)[i] for part in parts)
        compared = int(np.isfinite(tolerance).sum())
        return Mismatch(order, i, analytic, numeric, tolerance, wrong, low, high, compared)


def shaped(elements: Floats, shapes: Sequence[tuple[int, ...]]) -> list[Floats]:
    """The elements of several arrays in their shapes."""
    parts = np.split(elements, np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def compare(
    point: Point, *, bracket: bool = True, trusted: Floats | None = None, places: Floats | None = None
) -> Comparison:
    """Compare the gradients' elements at `places`, counted over all arguments; all by default.

    Where f has no derivative, but one towards either side, each row of the Jacobian must lie between these two, unless
    `bracket` is False. Outputs that are not `trusted` to have a derivative are compared at their kinks only.
    """
    result = Comparison([x.shape for x in point.args], flat(point.gradients()))
    rows = _Rows(point)
    elements, center = flat(point.args), flat(point.ys)
    chosen = np.arange(elements.size) if places is None else places
    several = max(1, LARGEST_STACK // (8 * max(1, center.size, elements.size)))
    for start in range(0, len(chosen), several):
        some = chosen[start : start + several]
        found = slopes(_moved_alone(point, some), center, np.maximum(1.0, np.abs(elements[some])))
        if trusted is not None:
            found = found.without(~trusted)
        _compare_all(result, some, found, rows, bracket=bracket)
    return result


def _compare_all(result: Comparison, places: Floats, found: Slopes, rows: _Rows, *, bracket: bool) -> None:
    numeric = np.where(found.smooth, rows.weights * found.value, 0).sum(1)
    tolerance = np.where(found.smooth, np.abs(rows.weights) * found.tolerance, 0).sum(1)
    differentiable = found.smooth.all(1)
    result.numeric[places], result.tolerance[places] = numeric, tolerance
    result.nondifferentiable[places] = ~differentiable
    _judge(result, places[differentiable], result.analytic[places[differentiable]])
    for line in np.flatnonzero(~differentiable).tolist():
        _compare_at_kink(result, int(places[line]), found[line], rows, bracket=bracket)


def _judge(result: Comparison, places: Floats, analytic: Floats) -> None:
    """Note where gradients, or what of them can be compared, are wrong."""
    error, tolerance = np.abs(analytic - result.numeric[places]), result.tolerance[places]
    right = error <= tolerance  # not where it is NaN
    result.wrong[places] = ~right
    result.counts.compared += len(places)
    used = right & (tolerance > 0)
    result.counts.closest = max(result.counts.closest, (error[used] / tolerance[used]).max(initial=0.0))


def _compare_at_kink(result: Comparison, place: int, found: Slopes, rows: _Rows, *, bracket: bool) -> None:
    """Where some outputs have no derivative: these by the two sides, if they have two, the others as ever."""
    undefined = bool((~found.smooth & ~found.kinked).any()) or not bracket
    outside = rows.outside(found, place) if bracket else None
    if outside is not None:
        analytic, low, high = outside
        result.low[place], result.high[place] = low, high
        result.analytic[place], result.numeric[place] = analytic, min(max(analytic, low), high)
        result.tolerance[place], result.wrong[place] = 0.0, True
        result.counts.compared += 1
        return
    rest = rows.gradient(rows.weights * found.smooth)[place]
    if undefined and not np.isfinite(rest):
        result.numeric[place] = result.tolerance[place] = np.nan
        result.counts.skipped += 1
        return
    _judge(result, np.array([place]), np.array([rest]))
    if undefined:
        result.counts.compared -= 1
        result.counts.skipped += 1
    else:
        result.counts.bracketed += 1


class _Rows:
    """Rows of the Jacobian, each computed with a one-hot cotangent when it is asked for."""

    def __init__(self, point: Point) -> None:
        self._point, self._known = point, dict[bytes, Floats]()
        self.weights = flat(point.cotangents)

    def gradient(self, weights: Floats) -> Floats:
        """The gradient for other cotangents."""
        key = weights.tobytes()
        if key not in self._known:
            cotangents = shaped(weights, [c.shape for c in self._point.cotangents])
            self._known[key] = flat(self._point.gradients(cotangents))
        return self._known[key]

    def outside(self, found: Slopes, place: int) -> tuple[float, float, float] | None:
        """A kinked output's derivative that is not between those of the two sides, and these."""
        for j in np.flatnonzero(found.kinked).tolist():
            one_hot = np.zeros(found.kinked.shape)
            one_hot[j] = 1.0
            given, low, high = float(self.gradient(one_hot)[place]), float(found.low[j]), float(found.high[j])
            if not low <= given <= high:
                return given, low, high
        return None


def _moved_alone(point: Point, places: Floats) -> Line:
    """The numbers of f where one element, counted over all arguments, is moved."""
    ends = np.cumsum([x.size for x in point.args])

    def moved(k: int, t: float) -> list[Floats]:
        i = int(np.searchsorted(ends, places[k], side="right"))
        x = point.args[i].copy()
        x.reshape(-1)[places[k] - ends[i]] += t  # counted from the end
        return [*point.args[:i], x, *point.args[i + 1 :]]

    return lambda asked: values_at(point.f, [moved(k, t) for k, t in asked], flat(point.ys).size)


def _moved_along(point: Point, lines: Sequence[Sequence[Floats]]) -> Line:
    """The numbers of f where all elements move along a line."""
    return lambda asked: values_at(point.f, [point.moved(lines[k], t) for k, t in asked], flat(point.ys).size)


@dataclass(frozen=True)
class Directional:
    """The derivative of Σ <cotangent, y> along one direction."""

    analytic: float
    numeric: float
    tolerance: float

    @property
    def right(self) -> bool:
        """The two agree; NaN agrees with nothing."""
        return abs(self.analytic - self.numeric) <= self.tolerance

    def __str__(self) -> str:
        return f"analytic {self.analytic:.7f}   numeric {self.numeric:.7f} ± {self.tolerance:.0e}"


@np.errstate(all="ignore")
def directional(point: Point, directions: Sequence[Floats]) -> Directional | None:
    """The derivative along one direction, an array for each argument; None where it can't be told: there is a kink."""
    weights, numbers = flat(point.cotangents), _moved_along(point, [directions])

    def weighted(asked: Sequence[tuple[int, float]]) -> Floats:
        return np.array([[weights @ y] for y in numbers(asked)])

    found = slopes(weighted, np.array([weights @ flat(point.ys)]), [1.0])[0]
    if not found.smooth[0]:
        return None
    parts = flat(g * v for g, v in zip(point.gradients(), directions, strict=True))
    tolerance = float(found.tolerance[0] + 1e-9 * np.abs(parts).sum())
    return Directional(float(parts.sum()), float(found.value[0]), tolerance)


def wrong_at_ties(point: Point, nondifferentiable: Floats) -> tuple[float, Directional] | None:
    """The first number at a kink such that the derivative is wrong when all elements equal to it move together.

    Moved together they stay tied: max(x, x) is no kink, and however they share the gradient, the sum is known.
    """
    elements = flat(point.args)
    tied = [n for n in np.unique(elements[nondifferentiable]) if np.count_nonzero(elements == n) > 1]
    for number in tied[:MOST_TIES]:
        moved = directional(point, [np.asarray(x == number, np.float64) * max(1.0, abs(number)) for x in point.args])
        if moved is not None and not moved.right and np.isfinite(moved.analytic):
            return float(number), moved
    return None


def differentiable(point: Point, wrong: Floats, rng: np.random.Generator) -> Floats:
    """The outputs of f that have a derivative where some elements are said to be wrong.

    The second of three equal elements, sorted, stands still when any one of them moves, and has no derivative all the
    same. So the wrong elements and those equal to them move, each on its own. A derivative is linear: along v + w it is
    that along v plus that along w.
    """
    numbers = np.unique(flat(point.args)[wrong])
    movable = [np.maximum(1, np.abs(x)) * np.isin(x, numbers) for x in point.args]
    center = flat(point.ys)
    found: Floats = np.ones(center.shape, bool)
    for _ in range(PAIRS):
        v, w = ([r * m for r, m in zip(random_like(point.args, rng), movable, strict=True)] for _ in range(2))
        both = [a + b for a, b in zip(v, w, strict=True)]
        moving = slopes(_moved_along(point, [v, w, both]), center, [1.0, 1.0, 1.0])
        gap = np.abs(moving.value[0] + moving.value[1] - moving.value[2])
        found &= moving.smooth.all(0) & (gap <= moving.tolerance.sum(0))
    return found
