"""check_grad: the derivatives of a function, of several orders, proved at one place. Needs NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import device_of, is_array, to_numpy
from minigrad.core.config import enable_grad
from minigrad.core.variable import Variable
from minigrad.testing import behaviour
from minigrad.testing.comparison import (
    Comparison,
    Counts,
    Mismatch,
    compare,
    differentiable,
    directional,
    shaped,
    wrong_at_ties,
)
from minigrad.testing.derivatives import Gradient, Point, random_like
from minigrad.testing.device import on_device
from minigrad.testing.example import Floats
from minigrad.testing.findings import Finding, GradientMismatch, Inconclusive
from minigrad.testing.formatting import format_arguments, name_of, names_of
from minigrad.testing.hints import likely_mistake
from minigrad.testing.precision import check_precision

MOST_SKIPPED = 0.3
"""The part of the derivatives that may remain without comparison."""

PLACES = 24
"""The derivatives of higher order that are compared one by one where a direction tells nothing."""


@dataclass
class GradReport:
    """The account of a check.

    Attributes:
        orders: the orders of derivatives that were proved.
        counts: how many derivatives of the first order were compared, and how.
    """

    orders: tuple[int, ...]
    counts: Counts = field(default_factory=Counts)

    def __str__(self) -> str:
        orders = " and ".join(filter(None, [", ".join(map(str, self.orders[:-1])), str(self.orders[-1])]))
        return (
            f"order{'s' * (len(self.orders) > 1)} {orders} right: {self.counts}; "
            f"largest error {self.counts.closest:.2f} of the tolerance"
        )


def check_grad(
    f: Callable[..., Any],
    inputs: Any,
    *,
    order: int = 2,
    kinks: str = "bracket",
    seed: int = 0,
) -> GradReport:
    """Compare the derivatives of `f` at `inputs`, of every order up to `order`, with numeric ones.

    Args:
        f: takes one Variable for each input and gives a Variable, or several in a list; the same ones each time.
        inputs: an array, or several in a list or tuple. Integers become float64. Derivatives at float32 and float16
            arrays are compared in float64, and then the gradients in their own dtype with those in float64. f is asked
            for values some 1 % beyond the inputs; where it raises an error there, nearer. Of arrays on a GPU f is
            computed there, and the differences on the CPU.
        order: 1 for gradients alone, 2 for gradients of gradients too, and so on.
        kinks: "bracket" to compare with the derivatives of the two sides where f has a kink, "skip" to say nothing
            there, "fail" to allow none.
        seed: draws the cotangents.
    Returns:
        what was compared.
    Raises:
        GradientMismatch: a derivative is wrong; it says which, how much, and what mistake is likely.
        Inconclusive: more than 30 % of the derivatives could not be compared, there are none, or a kink was met with
            kinks="fail".
        ContractViolation: f or its gradient raises an error, or f is random.
        ValueError, TypeError: an argument makes no sense.
    Source: Richardson 1911 for the extrapolation of the differences.

    >>> import minigrad.functions as F
    >>> print(check_grad(lambda x, w: F.tanh(x @ w), [np.ones((2, 3)), np.ones((3, 2))]))
    orders 1 and 2 right: 12 derivatives, 0 at kinks, 0 without comparison; largest error ... of the tolerance
    """
    __tracebackhide__ = True
    if not callable(f):
        raise TypeError(f"check_grad: f must be a function of Variables, not {type(f).__name__}")
    arrays, device = _arrays(inputs)
    checks.integer("check_grad", "order", order)
    checks.choice("check_grad", "kinks", kinks, ("bracket", "skip", "fail"))
    checks.integer("check_grad", "seed", seed, least=0)
    wide = [array.astype(np.float64) for array in arrays]
    name, names = name_of(f), names_of(f, len(arrays))
    f = on_device(f, device)
    rng = np.random.default_rng(seed)
    try:
        with enable_grad():
            subject = behaviour.Subject(f, wide, names, rng)
            behaviour.inputs_are_unchanged(subject, "forward")
            behaviour.forward_repeats(subject, behaviour.CALLS)
            counts, higher = check_orders(f, wide, order, rng, names=names, bracket=kinks == "bracket")
            if kinks == "fail" and counts.bracketed + counts.skipped:
                raise Inconclusive("there is a kink", f"{counts.bracketed + counts.skipped} derivatives do not exist")
            require_enough(counts, higher)
            for dtype in sorted({array.dtype for array in arrays} - {np.dtype(np.float64)}, key=str):
                check_precision(f, wide, dtype, rng, names=names)
    except Finding as finding:
        raise finding.about(name, format_arguments(names, arrays)) from None
    return GradReport(tuple(range(1, order + 1)), counts)


def _arrays(inputs: Any) -> tuple[list[Floats], str]:
    """One or several inputs as arrays of floats on the CPU, and the device that they are on."""
    several = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    arrays: list[Floats] = []
    device = "cpu"
    for i, x in enumerate(several):
        given = x.data if isinstance(x, Variable) else x if is_array(x) else np.asarray(x)
        if i > 0 and device_of(given) != device:
            raise ValueError(f"check_grad: inputs[{i}] is on {device_of(given)}, those before it on {device}")
        array, device = to_numpy(given), device_of(given)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"check_grad: inputs[{i}] must be an array of real numbers, not {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"check_grad: inputs[{i}] holds infinities or NaN")
        native = array.dtype.newbyteorder("=") if array.dtype.kind == "f" else np.float64
        arrays.append(array.astype(native, copy=False))
    if not arrays:
        raise ValueError("check_grad: inputs is empty")
    return arrays, device


def check_orders(
    f: Callable[..., Any],
    arrays: Sequence[Floats],
    order: int,
    rng: np.random.Generator,
    *,
    names: list[str],
    bracket: bool = True,
) -> tuple[Counts, Counts]:
    """Compare the derivatives of every order from 1 to `order`: the first element by element, higher ones along a line.

    Returns how many derivatives of the first order were compared, and of higher orders (a direction counts as one).
    """
    point = Point.drawn(f, arrays, rng)
    first = _compare_first(point, rng, bracket=bracket)
    _raise_if_wrong(first, 1, f, names)
    tied = wrong_at_ties(point, first.nondifferentiable) if bracket else None
    if tied is not None:
        number, found = tied
        hint = "ties get too much, or too little, together: they share the gradient, or one gets it"
        raise GradientMismatch(
            f"where elements are equal to {number:g}, order 1", f"{found}   (all moved alike)", hint=hint
        )
    counts = Counts()
    for higher in range(2, order + 1):
        point = Point.drawn(Gradient(point.f, len(point.args)), [*point.args, *point.cotangents], rng)
        if not any(c.size for c in point.cotangents):
            break  # of empty inputs there are no gradients to differentiate
        smooth = np.append(~first.nondifferentiable, np.ones(sum(a.size for a in point.args[len(arrays) :]), bool))
        movable = shaped(smooth, point.args)
        drawn = random_like(point.args, rng)
        directions = [v * (np.maximum(1, np.abs(a)) * m) for v, a, m in zip(drawn, point.args, movable, strict=True)]
        along = directional(point, directions)
        if along is not None and along.right:
            counts.add(Counts(compared=1))
            continue
        places = np.flatnonzero(smooth)  # the direction is wrong, or tells nothing
        if along is None and len(places) > PLACES:
            places = places[np.sort(rng.choice(len(places), PLACES, replace=False))]
        comparison = compare(point, bracket=False, places=places)
        counts.add(comparison.counts)
        _raise_if_wrong(comparison, higher, f, names)
        if along is not None:
            raise GradientMismatch(f"along a random direction, order {higher}", str(along))
    return first.counts, counts


def _compare_first(point: Point, rng: np.random.Generator, *, bracket: bool) -> Comparison:
    """Every element; where some are wrong, only those outputs count that have a derivative there."""
    comparison = compare(point, bracket=bracket)
    if comparison.wrong.any():
        at_kinks = ~np.isnan(comparison.low)  # wrong all the same
        trusted = differentiable(point, comparison.wrong & ~at_kinks, rng)
        if not trusted.all():
            return compare(point, bracket=bracket, trusted=trusted)
    return comparison


def _raise_if_wrong(comparison: Comparison, order: int, f: Callable[..., Any], names: list[str]) -> None:
    """Raise GradientMismatch if some derivative is wrong."""
    if comparison.wrong.any():
        mismatch = Mismatch(comparison, order)
        raise mismatch.finding(names, hint=partial(likely_mistake, mismatch, f, len(names)))


def require_enough(first: Counts, higher: Counts) -> None:
    """Raise Inconclusive where too few derivatives of the first order, or none of higher ones, were compared."""
    asked = first.compared + first.skipped
    if not asked:
        raise Inconclusive("no derivative was compared", "all inputs were empty")
    if first.skipped > MOST_SKIPPED * asked:
        headline = f"{first.skipped} of {asked} derivatives could not be compared"
    elif higher.skipped and not higher.compared:
        headline = "no derivative of a higher order could be compared"
    else:
        return
    reason = "the function has none, is not finite, or is rounded there: choose other inputs, or a smaller domain"
    raise Inconclusive(headline, reason)
