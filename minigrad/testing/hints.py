"""The likely mistake behind a wrong gradient: the usual ones are tried, and one that explains the numbers is named."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.core.function import Function
from minigrad.core.traversal import topological_order
from minigrad.core.variable import Variable
from minigrad.testing.comparison import Comparison, compare, shaped
from minigrad.testing.derivatives import Point, outputs, values
from minigrad.testing.example import Floats
from minigrad.testing.findings import Mismatch


@dataclass
class _Case:
    """A wrong gradient and where it came from."""

    mismatch: Mismatch
    comparison: Comparison
    point: Point

    def close(self, a: Floats, b: Floats) -> bool:
        """Two arrays of the gradient's shape are equal where the numeric one is known."""
        known = np.isfinite(self.mismatch.numeric)
        scale = 1e-5 * np.abs(self.mismatch.numeric[known]).max(initial=1e-3)
        return bool(known.any() and (np.abs(a - b)[known] <= self.mismatch.tolerance[known] + scale).all())

    def analytic(self, cotangents: Sequence[Floats]) -> Floats:
        """The analytic gradient for other cotangents."""
        return self.point.gradients(cotangents)[self.mismatch.i]


@np.errstate(all="ignore")
def likely_mistake(
    mismatch: Mismatch, comparison: Comparison, point: Point, *, f: Callable[..., Any], inputs: int
) -> str:
    """The mistake that explains a wrong gradient, found at a point in a comparison of all its gradients, or "".

    f is the function under test, of the first `inputs` of the point's arguments; the point's own function is f or, for
    higher orders, a derivative of f.
    """
    case = _Case(mismatch, comparison, point)
    if mismatch.order > 1:
        with suppress(Exception):
            return _of_higher_order(case, f, inputs)
        return ""
    guesses = [_not_finite, _special, _without_gy, _missing, _nonlinear, _sign, _broadcast, _factor]
    guesses += [_exchanged, _transposed, _reversed, _shifted, _operand, _where]
    for guess in guesses:
        with suppress(Exception):  # a guess asks the function for other values, and it may raise whatever it likes
            hint = guess(case)
            if hint:
                return hint
    return ""


def _not_finite(case: _Case) -> str:
    bad = ~np.isfinite(case.mismatch.analytic)
    return "the gradient is NaN or infinite: 0 times infinity, or a division by 0" if bad.any() else ""


def _kinds_of(x: Floats) -> dict[str, Floats]:
    """Where elements are of a kind that gradients are often wrong for."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    tied = np.asarray(counts[inverse].reshape(x.shape) > 1)
    return {"the input is 0": x == 0, "elements are equal": tied, "the input is negative": x < 0}


def _special(case: _Case) -> str:
    """The gradient is right at other numbers nearby: the kind that these lack."""
    x, i = case.point.args[case.mismatch.i], case.mismatch.i
    apart = np.linspace(0.11, 0.37, x.size).reshape(x.shape)
    for words, where in _kinds_of(x).items():
        if where[case.mismatch.wrong].all():
            moved = np.abs(x) + 0.1 if "negative" in words else x + apart * where
            arrays = [*case.point.args[:i], np.asarray(moved), *case.point.args[i + 1 :]]
            elsewhere = replace(case.point, args=arrays, ys=values(case.point.f, arrays))
            if compare(elsewhere).mismatch(1) is None:
                return f"wrong only where {words}"
    return ""


def _without_gy(case: _Case) -> str:
    a = case.mismatch.analytic
    other = case.analytic([1.7 * np.roll(c, 1) - 0.3 for c in case.point.cotangents])
    return "gy is missing: the gradient does not depend on it" if a.any() and case.close(a, other) else ""


def _missing(case: _Case) -> str:
    return "" if case.mismatch.analytic.any() else "the gradient is missing: backward gives None, zeros or a constant"


def _sign(case: _Case) -> str:
    return "the sign" if case.close(case.mismatch.analytic, -case.mismatch.numeric) else ""


def _nonlinear(case: _Case) -> str:
    for k in (2.0, -1.0):
        if not case.close(case.analytic([k * c for c in case.point.cotangents]), k * case.mismatch.analytic):
            return "gy enters other than as a factor (gy², |gy|, gy + c)"
    return ""


def _broadcast(case: _Case) -> str:
    """Only the first or last part of gy along an axis, over which the input was broadcast, is used."""
    if len(case.point.cotangents) != 1:
        return ""
    (gy,), shape = case.point.cotangents, case.mismatch.numeric.shape
    lead = gy.ndim - len(shape)
    axes = [i for i in range(gy.ndim) if gy.shape[i] > 1 and (i < lead or shape[i - lead] == 1)]
    for axis, part in itertools.product(axes, (0, -1)):
        only = np.zeros_like(gy)
        place: Any = (*[slice(None)] * axis, part)
        only[place] = gy[place]
        if case.close(case.analytic([only]), case.mismatch.analytic):
            return f"gy is not summed over the broadcast axis {axis}: only one part of it is used"
    return ""


def _factor(case: _Case) -> str:
    mismatch = case.mismatch
    a, n = mismatch.analytic[mismatch.wrong], mismatch.numeric[mismatch.wrong]
    if not (n * n).sum() > 0:
        return ""
    k = float((a * n).sum() / (n * n).sum())
    if not (np.abs(a - k * n) <= mismatch.tolerance[mismatch.wrong] + 1e-5 * np.abs(n)).all():
        return ""
    if abs(k - 1) < 1e-3:
        return "nearly right: a small number, an epsilon, is added somewhere"
    lengths = {
        int(length) for array in (*case.point.args, *case.point.cotangents) for length in (*array.shape, array.size)
    }
    share = next((length for length in sorted(lengths) if length > 2 and abs(k * length - 1) < 1e-4), None)
    return f"a factor of {k:.3f}" + (f" (1/{share}: a mean instead of a sum?)" if share else "")


def _transposed(case: _Case) -> str:
    n = case.mismatch.numeric
    for axes in itertools.permutations(range(n.ndim)):
        if axes != tuple(range(n.ndim)):
            moved = n.transpose(axes)
            if moved.shape == n.shape and case.close(case.mismatch.analytic, moved):
                return f"transposed: the axes come as {axes}"
    return ""


def _reversed(case: _Case) -> str:
    n = case.mismatch.numeric
    for count in range(1, n.ndim + 1):
        for axes in itertools.combinations(range(n.ndim), count):
            if case.close(case.mismatch.analytic, np.flip(n, axes)):
                return f"reversed along axis {', '.join(map(str, axes))}"
    return ""


def _shifted(case: _Case) -> str:
    a, n = case.mismatch.analytic, case.mismatch.numeric
    for axis, by in itertools.product(range(n.ndim), (1, -1)):
        length = n.shape[axis]
        if length < 2:
            continue
        if case.close(a, np.roll(n, by, axis)):
            return f"shifted by {by} along axis {axis}"
        kept = np.take(n, range(length - 1) if by > 0 else range(1, length), axis)
        zeros = np.zeros_like(np.take(n, [0], axis))
        if case.close(a, np.concatenate([zeros, kept] if by > 0 else [kept, zeros], axis)):
            return f"shifted by {by} along axis {axis}"
    return ""


def _exchanged(case: _Case) -> str:
    for j, n in enumerate(shaped(case.comparison.numeric, case.comparison.shapes)):
        if j != case.mismatch.i and n.shape == case.mismatch.numeric.shape and case.close(case.mismatch.analytic, n):
            return f"the gradients of inputs {min(j, case.mismatch.i)} and {max(j, case.mismatch.i)} are exchanged"
    return ""


def _operand(case: _Case) -> str:
    """The numbers differ by a factor that is an input or the output."""
    a, n = case.mismatch.analytic, case.mismatch.numeric
    ys = [y.data for y in outputs(case.point.f(*[Variable(x) for x in case.point.args]))]
    candidates = [(f"input {j}", x) for j, x in enumerate(case.point.args)] + [("the output", y) for y in ys]
    for name, x in candidates:
        if not x.any() or not _fits(x, n):
            continue
        if case.close(a * x, n):
            return f"a factor is missing: {name}"
        if case.close(a, n * x):
            return f"a factor too much: {name}"
    return ""


def _fits(x: Floats, n: Floats) -> bool:
    return x.ndim <= n.ndim and all(p in (1, q) for p, q in zip(x.shape[::-1], n.shape[::-1], strict=False))


def _where(case: _Case) -> str:
    """The gradient is wrong for certain numbers only."""
    wrong, x = case.mismatch.wrong, case.point.args[case.mismatch.i]
    if wrong.all():
        return ""
    for words, where in _kinds_of(x).items():
        if where.any() and not where.all() and wrong[where].any() and not wrong[~where].any():
            return f"wrong only where {words}"
    return ""


def _of_higher_order(case: _Case, f: Callable[..., Any], inputs: int) -> str:
    if _not_finite(case):
        return _not_finite(case)
    made = _savers_of_what_they_made(f, case.point.args[:inputs])
    if made:
        return f"{made} saves an array made on the way, a constant to backward; save the input or the output"
    if case.mismatch.i >= inputs:
        return "backward is not linear in gy, or cuts it off from the graph"
    if not case.mismatch.analytic.any():
        return "a factor in backward is cut off from the graph, by .data, .numpy() or .detach()"
    return _sign(case) or _factor(case) or "something in backward is cut off from the graph, by .data or .detach()"


def _savers_of_what_they_made(f: Callable[..., Any], arrays: Sequence[Floats]) -> str:
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
