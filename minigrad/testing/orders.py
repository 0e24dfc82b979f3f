"""Derivatives of several orders: the first element by element, higher ones along a random direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.testing.arrays import Floats
from minigrad.testing.comparison import Comparison, Counts, compare
from minigrad.testing.derivatives import Gradient, random_like, values
from minigrad.testing.directions import Along, along, differentiable, equal_ones_moved
from minigrad.testing.findings import GradientMismatch, Inconclusive, Mismatch
from minigrad.testing.hints import likely_mistake

MOST_SKIPPED = 0.3
"""The part of the derivatives that may remain without comparison."""

PLACES = 24
"""How many derivatives of higher order are compared one by one where a direction tells nothing."""


def check_orders(
    f: Callable[..., Any],
    arrays: Sequence[Floats],
    order: int,
    rng: np.random.Generator,
    *,
    names: list[str],
    bracket: bool = True,
) -> tuple[Counts, Counts]:
    """Compare the derivatives of every order from 1 to `order`.

    Args:
        f: takes a Variable for each of the arrays, float64.
        arrays: where it is differentiated.
        order: of the highest derivative.
        rng: draws the cotangents and directions.
        names: of the inputs, for messages.
        bracket: whether to look at kinks at all.
    Returns:
        how many derivatives of the first order were compared, and of higher orders (a direction counts as one).
    Raises:
        Finding: something is wrong.
    """
    g: Callable[..., Any] = f
    args = list(arrays)
    cotangents = random_like(values(g, args), rng)
    first = _compared_again(g, args, cotangents, rng, bracket=bracket)
    _refuse(first.mismatch(1), first, g, args, cotangents, f, names)
    tied = equal_ones_moved(g, args, cotangents, first.rough) if bracket else None
    if tied is not None:
        raise _wrong_sum(*tied)
    counts = Counts()
    for higher in range(2, order + 1):
        g, args = Gradient(g, len(args)), [*args, *cotangents]
        cotangents = random_like(values(g, args), rng)
        if not any(c.size for c in cotangents):
            break  # of empty inputs there are no gradients to differentiate
        comparison, found = _compare_higher(g, args, cotangents, first.rough, rng)
        counts.add(comparison.counts)
        _refuse(comparison.mismatch(higher), comparison, g, args, cotangents, f, names)
        if found is not None and not found.right:
            raise GradientMismatch(
                f"along a random direction, order {higher}",
                f"analytic {found.analytic:.7f}   numeric {found.numeric:.7f} ± {found.tolerance:.0e}",
            )
    return first.counts, counts


def require_enough(first: Counts, higher: Counts) -> None:
    """Raise Inconclusive where too few derivatives of the first order, or none of higher ones, were compared."""
    asked = first.compared + first.skipped
    if first.skipped > MOST_SKIPPED * asked:
        words = f"{first.skipped} of {asked} derivatives could not be compared"
    elif higher.skipped and not higher.compared:
        words = "no derivative of a higher order could be compared"
    else:
        return
    reason = "the function has none, is not finite, or is rounded there: choose other inputs, or a smaller domain"
    raise Inconclusive(words, reason)


def _compared_again(
    f: Callable[..., Any], args: list[Floats], cotangents: list[Floats], rng: np.random.Generator, *, bracket: bool
) -> Comparison:
    """Every element; where some are wrong, only those outputs count that have a derivative there."""
    comparison = compare(f, args, cotangents, bracket=bracket)
    if comparison.mismatch(1) is not None:
        wrong = [where.copy() for where in comparison.wrong]
        for i, index in comparison.sides:
            wrong[i][index] = False  # a kink, and wrong all the same
        trusted = differentiable(f, args, wrong, rng)
        if not trusted.all():
            return compare(f, args, cotangents, bracket=bracket, trusted=trusted)
    return comparison


def _compare_higher(
    g: Callable[..., Any],
    args: list[Floats],
    cotangents: list[Floats],
    rough: list[Floats],
    rng: np.random.Generator,
) -> tuple[Comparison, Along | None]:
    """Along a random direction; where that is wrong, or tells nothing, element by element."""
    smooth = [~where for where in rough] + [np.ones(a.shape, bool) for a in args[len(rough) :]]
    directions = [
        v * np.maximum(1, np.abs(a)) * s for v, a, s in zip(random_like(args, rng), args, smooth, strict=True)
    ]
    found = along(g, args, cotangents, directions)
    if found is not None and found.right:
        return Comparison([], [], [], [], [], counts=Counts(compared=1)), found
    places = [(i, tuple(map(int, index))) for i, s in enumerate(smooth) for index in np.argwhere(s)]
    if found is None and len(places) > PLACES:
        places = [places[k] for k in sorted(rng.choice(len(places), PLACES, replace=False))]
    return compare(g, args, cotangents, bracket=False, places=places), found


def _refuse(
    mismatch: Mismatch | None,
    comparison: Comparison,
    g: Callable[..., Any],
    args: list[Floats],
    cotangents: list[Floats],
    f: Callable[..., Any],
    names: list[str],
) -> None:
    if mismatch is not None:
        hint = partial(likely_mistake, mismatch, comparison, g, args, cotangents, f=f, inputs=len(names))
        raise mismatch.finding(names, hint, args[mismatch.i])


def _wrong_sum(number: float, found: Along) -> GradientMismatch:
    return GradientMismatch(
        f"where elements are equal to {number:g}, order 1",
        f"analytic {found.analytic:.7f}   numeric {found.numeric:.7f} ± {found.tolerance:.0e}   (all moved alike)",
        hint="ties get too much, or too little, together: they share the gradient, or one gets it",
    )
