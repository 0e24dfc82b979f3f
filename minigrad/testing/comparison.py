"""Analytic derivatives against numeric ones: element by element, and along a direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minigrad.testing.derivatives import Point, flat, random_like, values_at
from minigrad.testing.differences import Line, Slopes, slopes
from minigrad.testing.example import Floats
from minigrad.testing.findings import GradientMismatch

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


class Comparison:
    """The gradients at a point beside numeric ones; all elements of all inputs stand one after the other.

    Attributes:
        point: the function, its inputs and the cotangents.
        analytic: the gradients, and likewise
        numeric: NaN where it is unknown,
        tolerance: how far apart they may be,
        wrong: where they are further apart,
        nondifferentiable: where the function has no derivative.
        low, high: where a gradient at a kink is wrong, the bounds that it is not between; NaN elsewhere.
        counts: how many were compared, and how.
    """

    def __init__(self, point: Point) -> None:
        self.point = point
        self.analytic = flat(point.gradients())
        size = self.analytic.size
        self.numeric, self.tolerance, self.low, self.high = (np.full(size, np.nan) for _ in range(4))
        self.wrong, self.nondifferentiable = (np.zeros(size, bool) for _ in range(2))
        self.counts = Counts()
        self._cotangents = flat(point.cotangents)
        self._gradients: dict[bytes, Floats] = {}  # for other cotangents

    def add(self, places: Floats, found: Slopes, *, bracket: bool) -> None:
        """Compare the gradients at some places with the derivatives of all outputs."""
        self.numeric[places] = np.where(found.smooth, self._cotangents * found.value, 0).sum(1)
        self.tolerance[places] = np.where(found.smooth, np.abs(self._cotangents) * found.tolerance, 0).sum(1)
        smooth = found.smooth.all(1)
        self.nondifferentiable[places] = ~smooth
        self._judge(places[smooth], self.analytic[places[smooth]])
        for line in np.flatnonzero(~smooth).tolist():
            self._add_at_kink(int(places[line]), found.along(line), bracket=bracket)

    def _judge(self, places: Floats, analytic: Floats) -> None:
        """Note where gradients, or what of them can be compared, are wrong."""
        error, tolerance = np.abs(analytic - self.numeric[places]), self.tolerance[places]
        right = error <= tolerance  # not where it is NaN
        self.wrong[places] = ~right
        self.counts.compared += len(places)
        used = right & (tolerance > 0)
        self.counts.closest = max(self.counts.closest, (error[used] / tolerance[used]).max(initial=0.0))

    def _add_at_kink(self, place: int, found: Slopes, *, bracket: bool) -> None:
        """Where some outputs have no derivative: these by the two sides, if they have two, the others as ever."""
        undefined = bool((~found.smooth & ~found.kinked).any()) or not bracket
        outside = self._outside(found, place) if bracket else None
        if outside is not None:
            analytic, low, high = outside
            self.low[place], self.high[place] = low, high
            self.analytic[place], self.numeric[place] = analytic, min(max(analytic, low), high)
            self.tolerance[place], self.wrong[place] = 0.0, True
            self.counts.compared += 1
            return
        rest = self._gradient(self._cotangents * found.smooth)[place]
        if undefined and not np.isfinite(rest):
            self.numeric[place] = self.tolerance[place] = np.nan
            self.counts.skipped += 1
            return
        self._judge(np.array([place]), np.array([rest]))
        if undefined:
            self.counts.compared -= 1
            self.counts.skipped += 1
        else:
            self.counts.bracketed += 1

    def _outside(self, found: Slopes, place: int) -> tuple[float, float, float] | None:
        """A kinked output's derivative that is not between those of the two sides, and these."""
        for j in np.flatnonzero(found.kinked).tolist():
            one_hot = np.zeros(found.kinked.shape)
            one_hot[j] = 1.0  # gives a row of the Jacobian
            given, low, high = float(self._gradient(one_hot)[place]), float(found.low[j]), float(found.high[j])
            if not low <= given <= high:
                return given, low, high
        return None

    def _gradient(self, cotangents: Floats) -> Floats:
        key = cotangents.tobytes()
        if key not in self._gradients:
            self._gradients[key] = flat(self.point.gradients(shaped(cotangents, self.point.cotangents)))
        return self._gradients[key]


def shaped(elements: Floats, arrays: Sequence[Floats]) -> list[Floats]:
    """The elements of several arrays, which stand one after the other, in the arrays' shapes."""
    parts = np.split(elements, np.cumsum([array.size for array in arrays])[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, arrays, strict=True)]


class Mismatch:
    """The first gradient of a comparison that is wrong, with the parts of the comparison's arrays that belong to it.

    Attributes:
        comparison, point: where it is from.
        order: of the derivative.
        i: the input's number, among inputs and then cotangents of lower orders.
        analytic, numeric, tolerance, wrong, low, high: as those of the comparison, in the input's shape.
    """

    def __init__(self, comparison: Comparison, order: int) -> None:
        self.comparison, self.point, self.order = comparison, comparison.point, order
        inputs = self.point.args
        self.i = next(i for i, wrong in enumerate(shaped(comparison.wrong, inputs)) if wrong.any())
        self.analytic = shaped(comparison.analytic, inputs)[self.i]
        self.numeric = shaped(comparison.numeric, inputs)[self.i]
        self.tolerance = shaped(comparison.tolerance, inputs)[self.i]
        self.wrong = shaped(comparison.wrong, inputs)[self.i]
        self.low, self.high = shaped(comparison.low, inputs)[self.i], shaped(comparison.high, inputs)[self.i]

    def finding(self, names: list[str], *, hint: Callable[[], str]) -> GradientMismatch:
        """In words; `names` are those of the inputs."""
        error = np.abs(self.analytic - self.numeric)
        error = np.where(self.wrong, np.where(np.isnan(error), np.inf, error), -1.0)
        worst = tuple(int(n) for n in np.unravel_index(int(np.argmax(error)), error.shape))
        where = f" at {list(worst)}" if worst else ""
        if self.i < len(names):
            what = f"input {self.i} ({names[self.i]})"
        else:
            what = "the gradient" if self.order == 2 else f"a gradient of order {self.order - 1}"
            what = f"{what} towards its own gy"
        numeric = f"{self.numeric[worst]:.7f} ± {self.tolerance[worst]:.0e}"
        if not np.isnan(self.low[worst]):
            numeric = f"a kink, from {self.low[worst]:.7f} to {self.high[worst]:.7f}"
        compared = np.count_nonzero(np.isfinite(self.tolerance))
        finding = GradientMismatch(
            f"{what}{where}, order {self.order}",
            f"analytic {self.analytic[worst]:.7f}   numeric {numeric}   "
            f"(worst of {compared}; {np.count_nonzero(self.wrong)} of {compared} wrong)",
            hint=hint,
            weight=len(np.unique(self.point.args[self.i][self.wrong])),
        )
        finding.stage = self.order
        return finding


def compare(
    point: Point, *, bracket: bool = True, trusted: Floats | None = None, places: Floats | None = None
) -> Comparison:
    """Compare the gradients' elements at `places`, counted over all arguments; all by default.

    Where f has no derivative, but one towards either side, each row of the Jacobian must lie between these two, unless
    `bracket` is False. Outputs that are not `trusted` to have a derivative are compared at their kinks only.
    """
    result = Comparison(point)
    elements, center = flat(point.args), flat(point.ys)
    chosen = np.arange(elements.size) if places is None else places
    several = max(1, LARGEST_STACK // (8 * max(1, center.size, elements.size)))
    for start in range(0, len(chosen), several):
        some = chosen[start : start + several]
        found = slopes(_moved_alone(point, some), center, np.maximum(1.0, np.abs(elements[some])))
        if trusted is not None:
            found = found._replace(smooth=found.smooth & trusted)
        result.add(some, found, bracket=bracket)
    return result


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

    found = slopes(weighted, np.array([weights @ flat(point.ys)]), [1.0]).along(0)
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
