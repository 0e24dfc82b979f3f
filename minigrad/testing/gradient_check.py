"""check_grad: the derivatives of a function, proved at one place. Needs NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from minigrad.testing.comparison import Along, Comparison, Counts, along, compare, differentiable, equal_ones_moved
from minigrad.testing.derivatives import Gradient, random_like, values
from minigrad.testing.differences import Floats
from minigrad.testing.findings import Finding, GradientMismatch, Inconclusive
from minigrad.testing.hints import likely_mistake
from minigrad.testing.precision import check_precision
from minigrad.testing.wording import described, name_of, names_of
from minigrad.variable import Variable

MOST_SKIPPED = 0.3
"""The part of the derivatives that may remain without comparison."""

PLACES = 24
"""How many derivatives of higher order are compared one by one where a direction tells nothing."""


@dataclass
class GradReport:
    """What was compared.

    Attributes:
        orders: the orders of derivatives that were proved.
        counts: how many derivatives of the first order were compared, how many of them by the derivatives of the two
            sides of a kink, how many not at all, and the largest error as a part of what was tolerated.
    """

    orders: tuple[int, ...]
    counts: Counts = field(default_factory=Counts)

    def __str__(self) -> str:
        orders = " and ".join(filter(None, [", ".join(map(str, self.orders[:-1])), str(self.orders[-1])]))
        counts = self.counts
        return (
            f"order{'s' * (len(self.orders) > 1)} {orders} right: {counts.compared} derivatives, "
            f"{counts.bracketed} at kinks, {counts.skipped} without comparison; "
            f"largest error {counts.closest:.2f} of the tolerance"
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
        inputs: an array, or several in a list or tuple. Integers become float64; derivatives of float32 and float16
            arrays are compared in float64, and then the gradients in their own dtype with those in float64.
        order: 1 for gradients alone, 2 for gradients of gradients too, and so on.
        kinks: "bracket" to compare with the derivatives of the two sides where f has a kink, "skip" to say nothing
            there, "fail" to allow none.
        seed: draws the cotangents.
    Returns:
        what was compared.
    Raises:
        GradientMismatch: a derivative is wrong; it says which, how much, and what mistake is likely.
        Inconclusive: more than 30 % of the derivatives could not be compared, or a kink was met with kinks="fail".
        ContractViolation: f or its gradient raises an error.
        ValueError, TypeError: an argument makes no sense.
    Source: Richardson 1911 for the extrapolation of the differences.

    >>> import minigrad.functions as F
    >>> print(check_grad(lambda x, w: F.tanh(x @ w), [np.ones((2, 3)), np.ones((3, 2))]))
    orders 1 and 2 right: 12 derivatives, 0 at kinks, 0 without comparison; largest error ... of the tolerance
    """
    __tracebackhide__ = True
    arrays = _arrays(inputs)
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ValueError(f"check_grad: order must be an integer from 1 on, not {order!r}")
    if kinks not in ("bracket", "skip", "fail"):
        raise ValueError(f'check_grad: kinks must be "bracket", "skip" or "fail", not {kinks!r}')
    wide = [array.astype(np.float64) for array in arrays]
    name, names = name_of(f), names_of(f, len(arrays))
    rng = np.random.default_rng(seed)
    try:
        report = check_orders(f, wide, tuple(range(1, order + 1)), rng, names=names, bracket=kinks == "bracket")
        counts = report.counts
        if kinks == "fail" and counts.bracketed + counts.skipped:
            raise Inconclusive("there is a kink", f"{counts.bracketed + counts.skipped} derivatives do not exist")
        require_enough(counts)
        for dtype in {array.dtype for array in arrays} - {np.dtype(np.float64)}:
            check_precision(f, wide, dtype, rng, names=names)
    except Finding as finding:
        raise finding.with_details(name, described(names, arrays)) from None
    return report


def check_orders(
    f: Callable[..., Any],
    arrays: Sequence[Floats],
    orders: tuple[int, ...],
    rng: np.random.Generator,
    *,
    names: list[str],
    bracket: bool = True,
) -> GradReport:
    """Compare the derivatives of the given orders: the first element by element, higher ones along a direction.

    Raises:
        Finding: something is wrong.
    """
    report = GradReport(orders)
    rough = [np.zeros(x.shape, bool) for x in arrays]
    g: Callable[..., Any] = f
    args = list(arrays)
    for order in range(1, max(orders) + 1):
        cotangents = random_like(values(g, args), rng)
        if order in orders:
            if order == 1:
                comparison = compare(g, args, cotangents, bracket=bracket)
            else:
                comparison = _compare_higher(g, args, cotangents, rough, rng)
            mismatch = comparison.mismatch(order)
            if mismatch is not None and order == 1:
                trusted = differentiable(g, args, rng)
                if not trusted.all():
                    comparison = compare(g, args, cotangents, bracket=bracket, trusted=trusted)
                    mismatch = comparison.mismatch(order)
            if mismatch is not None:
                hint = partial(likely_mistake, mismatch, comparison, g, args, cotangents, f=f, inputs=len(arrays))
                raise mismatch.finding(names, hint, args[mismatch.i])
            if order == 1:
                report.counts.add(comparison.counts)
                rough = comparison.rough
                tied = equal_ones_moved(g, args, cotangents, rough) if bracket else None
                if tied is not None:
                    raise _wrong_sum(*tied)
        g, args = Gradient(g, len(args)), [*args, *cotangents]
    return report


def _wrong_sum(number: float, found: Along) -> GradientMismatch:
    return GradientMismatch(
        f"where elements are equal to {number:g}, order 1",
        f"analytic {found.analytic:.7f}   numeric {found.numeric:.7f} ± {found.tolerance:.0e}   (all moved alike)",
        hint="ties get too much, or too little, together: they share the gradient, or one gets it",
    )


def _compare_higher(
    g: Callable[..., Any],
    args: list[Floats],
    cotangents: list[Floats],
    rough: list[Floats],
    rng: np.random.Generator,
) -> Comparison:
    smooth = [~where for where in rough] + [np.ones(a.shape, bool) for a in args[len(rough) :]]
    directions = [
        v * np.maximum(1, np.abs(a)) * s for v, a, s in zip(random_like(args, rng), args, smooth, strict=True)
    ]
    found = along(g, args, cotangents, directions)
    if found is not None and found.right:
        return Comparison([], [], [], [], [])
    places = [(i, tuple(map(int, index))) for i, s in enumerate(smooth) for index in np.argwhere(s)]
    if found is None and len(places) > PLACES:
        places = [places[k] for k in sorted(rng.choice(len(places), PLACES, replace=False))]
    return compare(g, args, cotangents, bracket=False, places=iter(places))


def require_enough(counts: Counts) -> None:
    """Raise Inconclusive where too few derivatives were compared."""
    if counts.skipped > MOST_SKIPPED * counts.compared:
        raise Inconclusive(
            f"{counts.skipped} of {counts.compared} derivatives could not be compared",
            "the function has no derivative, or is not finite, there: choose other inputs, or a smaller domain",
        )


def _arrays(inputs: Any) -> list[Floats]:
    """One or several inputs as arrays of floats."""
    several = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    arrays = []
    for i, x in enumerate(several):
        array = np.asarray(x.data if isinstance(x, Variable) else x)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"check_grad: inputs[{i}] must be an array of real numbers, not {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"check_grad: inputs[{i}] holds infinities or NaN")
        arrays.append(array if array.dtype.kind == "f" else array.astype(np.float64))
    if not arrays:
        raise ValueError("check_grad: inputs is empty")
    return arrays
