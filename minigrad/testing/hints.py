"""The likely mistake behind a wrong gradient: the usual ones are tried, and one that explains the numbers is named."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.core.axes import broadcasts
from minigrad.core.function import Function
from minigrad.core.traversal import topological_order
from minigrad.core.variable import Variable
from minigrad.testing.comparison import Mismatch, compare, shaped
from minigrad.testing.derivatives import outputs, values
from minigrad.testing.example import Floats


@np.errstate(all="ignore")
def likely_mistake(mismatch: Mismatch, f: Callable[..., Any], inputs: int) -> str:
    """The mistake that explains a wrong gradient, or "".

    f is the function under test, of the first `inputs` of the point's arguments; the point's own function is f or, for
    higher orders, a derivative of f.
    """
    if mismatch.order > 1:
        with suppress(Exception):
            return _of_higher_order(mismatch, f, inputs)
        return ""
    guesses = [_not_finite, _right_at_other_numbers, _without_gy, _zero, _nonlinear, _sign, _broadcast, _factor]
    guesses += [_exchanged, _transposed, _reversed, _shifted, _operand, _wrong_for_some_numbers]
    for guess in guesses:
        with suppress(Exception):  # a guess asks the function for other values, and it may raise whatever it likes
            if hint := guess(mismatch):
                return hint
    return ""


def _close(mismatch: Mismatch, a: Floats, b: Floats) -> bool:
    """Two arrays of the gradient's shape are equal where the numeric one is known."""
    known = np.isfinite(mismatch.numeric)
    scale = 1e-5 * np.abs(mismatch.numeric[known]).max(initial=1e-3)
    return bool(known.any() and (np.abs(a - b)[known] <= mismatch.tolerance[known] + scale).all())


def _gradient(mismatch: Mismatch, cotangents: Sequence[Floats]) -> Floats:
    """The analytic gradient for other cotangents."""
    return mismatch.point.gradients(cotangents)[mismatch.i]


def _not_finite(mismatch: Mismatch) -> str:
    bad = ~np.isfinite(mismatch.analytic)
    return "the gradient is NaN or infinite: 0 times infinity, or a division by 0" if bad.any() else ""


def _kinds_of(x: Floats) -> dict[str, Floats]:
    """Where elements are of a kind that gradients are often wrong for."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    tied = np.asarray(counts[inverse].reshape(x.shape) > 1)
    return {"the input is 0": x == 0, "elements are equal": tied, "the input is negative": x < 0}


def _right_at_other_numbers(mismatch: Mismatch) -> str:
    """The gradient is right at other numbers nearby: the kind that these lack."""
    x, i = mismatch.point.args[mismatch.i], mismatch.i
    apart = np.linspace(0.11, 0.37, x.size).reshape(x.shape)
    for words, where in _kinds_of(x).items():
        if where[mismatch.wrong].all():
            moved = np.abs(x) + 0.1 if "negative" in words else x + apart * where
            arrays = [*mismatch.point.args[:i], np.asarray(moved), *mismatch.point.args[i + 1 :]]
            elsewhere = replace(mismatch.point, args=arrays, ys=values(mismatch.point.f, arrays))
            if not compare(elsewhere).wrong.any():
                return f"wrong only where {words}"
    return ""


def _without_gy(mismatch: Mismatch) -> str:
    a = mismatch.analytic
    other = _gradient(mismatch, [1.7 * np.roll(c, 1) - 0.3 for c in mismatch.point.cotangents])
    return "gy is missing: the gradient does not depend on it" if a.any() and _close(mismatch, a, other) else ""


def _zero(mismatch: Mismatch) -> str:
    return "" if mismatch.analytic.any() else "the gradient is missing: backward gives None, zeros or a constant"


def _sign(mismatch: Mismatch) -> str:
    return "the sign" if _close(mismatch, mismatch.analytic, -mismatch.numeric) else ""


def _nonlinear(mismatch: Mismatch) -> str:
    for k in (2.0, -1.0):
        if not _close(mismatch, _gradient(mismatch, [k * c for c in mismatch.point.cotangents]), k * mismatch.analytic):
            return "gy enters other than as a factor (gy², |gy|, gy + c)"
    return ""


def _broadcast(mismatch: Mismatch) -> str:
    """Only the first or last part of gy along an axis, over which the input was broadcast, is used."""
    if len(mismatch.point.cotangents) != 1:
        return ""
    (gy,), shape = mismatch.point.cotangents, mismatch.numeric.shape
    lead = gy.ndim - len(shape)
    axes = [i for i in range(gy.ndim) if gy.shape[i] > 1 and (i < lead or shape[i - lead] == 1)]
    for axis, part in itertools.product(axes, (0, -1)):
        only = np.zeros_like(gy)
        place: Any = (*[slice(None)] * axis, part)
        only[place] = gy[place]
        if _close(mismatch, _gradient(mismatch, [only]), mismatch.analytic):
            return f"gy is not summed over the broadcast axis {axis}: only one part of it is used"
    return ""


def _factor(mismatch: Mismatch) -> str:
    a, n = mismatch.analytic[mismatch.wrong], mismatch.numeric[mismatch.wrong]
    if not (n * n).sum() > 0:
        return ""
    k = float((a * n).sum() / (n * n).sum())
    if not (np.abs(a - k * n) <= mismatch.tolerance[mismatch.wrong] + 1e-5 * np.abs(n)).all():
        return ""
    if abs(k - 1) < 1e-3:
        return "nearly right: a small number, an epsilon, is added somewhere"
    lengths = {
        int(length)
        for array in (*mismatch.point.args, *mismatch.point.cotangents)
        for length in (*array.shape, array.size)
    }
    share = next((length for length in sorted(lengths) if length > 2 and abs(k * length - 1) < 1e-4), None)
    return f"a factor of {k:.3f}" + (f" (1/{share}: a mean instead of a sum?)" if share else "")


def _transposed(mismatch: Mismatch) -> str:
    n = mismatch.numeric
    for axes in itertools.permutations(range(n.ndim)):
        if axes != tuple(range(n.ndim)):
            moved = n.transpose(axes)
            if moved.shape == n.shape and _close(mismatch, mismatch.analytic, moved):
                return f"transposed: the axes come as {axes}"
    return ""


def _reversed(mismatch: Mismatch) -> str:
    n = mismatch.numeric
    for count in range(1, n.ndim + 1):
        for axes in itertools.combinations(range(n.ndim), count):
            if _close(mismatch, mismatch.analytic, np.flip(n, axes)):
                return f"reversed along axis {', '.join(map(str, axes))}"
    return ""


def _shifted(mismatch: Mismatch) -> str:
    a, n = mismatch.analytic, mismatch.numeric
    for axis, by in itertools.product(range(n.ndim), (1, -1)):
        rolled = np.roll(n, by, axis)
        filled = rolled.copy()
        np.moveaxis(filled, axis, 0)[0 if by > 0 else -1] = 0
        if n.shape[axis] > 1 and (_close(mismatch, a, rolled) or _close(mismatch, a, filled)):
            return f"shifted by {by} along axis {axis}"
    return ""


def _exchanged(mismatch: Mismatch) -> str:
    for j, n in enumerate(shaped(mismatch.comparison.numeric, mismatch.point.args)):
        if j != mismatch.i and n.shape == mismatch.numeric.shape and _close(mismatch, mismatch.analytic, n):
            return f"the gradients of inputs {min(j, mismatch.i)} and {max(j, mismatch.i)} are exchanged"
    return ""


def _operand(mismatch: Mismatch) -> str:
    """The numbers differ by a factor that is an input or the output."""
    a, n = mismatch.analytic, mismatch.numeric
    ys = [y.data for y in outputs(mismatch.point.f(*[Variable(x) for x in mismatch.point.args]))]
    candidates = [(f"input {j}", x) for j, x in enumerate(mismatch.point.args)] + [("the output", y) for y in ys]
    for name, x in candidates:
        if not x.any() or not broadcasts(x.shape, n.shape):
            continue
        if _close(mismatch, a * x, n):
            return f"a factor is missing: {name}"
        if _close(mismatch, a, n * x):
            return f"a factor too much: {name}"
    return ""


def _wrong_for_some_numbers(mismatch: Mismatch) -> str:
    """The gradient is wrong for certain numbers only."""
    wrong, x = mismatch.wrong, mismatch.point.args[mismatch.i]
    if wrong.all():
        return ""
    for words, where in _kinds_of(x).items():
        if where.any() and not where.all() and wrong[where].any() and not wrong[~where].any():
            return f"wrong only where {words}"
    return ""


def _of_higher_order(mismatch: Mismatch, f: Callable[..., Any], inputs: int) -> str:
    if hint := _not_finite(mismatch):
        return hint
    made = _savers_of_intermediates(f, mismatch.point.args[:inputs])
    if made:
        return f"{made} saves an array made on the way, a constant to backward; save the input or the output"
    if mismatch.i >= inputs:
        return "backward is not linear in gy, or cuts it off from the graph"
    if not mismatch.analytic.any():
        return "a factor in backward is cut off from the graph, by .data, .numpy() or .detach()"
    return (
        _sign(mismatch) or _factor(mismatch) or "something in backward is cut off from the graph, by .data or .detach()"
    )


def _savers_of_intermediates(f: Callable[..., Any], arrays: Sequence[Floats]) -> str:
    """The names of the Functions that saved arrays which are neither input nor output, and change with the inputs."""
    moved = [x + 1e-3 * (1 + np.arange(x.size).reshape(x.shape) % 7) for x in arrays]
    graphs = [
        topological_order(y.creator for y in outputs(f(*[Variable(np.asarray(x)) for x in place])))
        for place in (arrays, moved)
    ]
    names = set()
    for node, twin in zip(*graphs, strict=True):
        own = type(node).__module__.startswith("minigrad.")
        for saved, source, other in zip(node.saved_arrays, node.saved_sources, twin.saved_arrays, strict=True):
            made = source == Function.CONSTANT and saved is not None and saved.dtype.kind == "f"
            if made and not own and not np.array_equal(saved, other):
                names.add(node.name)
    return ", ".join(sorted(names))
