"""A function of Variables as a function of arrays, and its gradient as a function again: derivatives of every order.

Errors that the function or its backward raises become a ContractViolation, except in `outputs` and `values_at`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.core.config import enable_grad, no_grad
from minigrad.core.variable import Variable, grad
from minigrad.settings import settings
from minigrad.testing.example import Floats
from minigrad.testing.findings import errors_as_findings


class Gradient:
    """The gradients of Σ <cotangent, y> over the outputs y of f, as a function of f's inputs and the cotangents."""

    def __init__(self, f: Callable[..., Any], count: int) -> None:
        self.order: int = order_of(f) + 1
        self._f = f
        self._count = count  # of f's inputs

    def __call__(self, *args: Variable) -> list[Variable]:
        """The gradients towards the inputs; where recording is on, they can be differentiated."""
        xs, cotangents, record = args[: self._count], args[self._count :], settings.get().grad_mode.enabled
        with enable_grad():
            return _pulled_back(outputs(self._f(*xs)), xs, cotangents, record=record)


def _pulled_back(
    ys: Iterable[Variable], xs: Sequence[Variable], cotangents: Iterable[Variable], *, record: bool
) -> list[Variable]:
    """The gradients of Σ <cotangent, y> towards the xs; 0 where nothing depends on them."""
    totals: list[Variable | None] = [None] * len(xs)
    for y, cotangent in zip(ys, cotangents, strict=True):
        if y.requires_grad:
            gradients = grad(y, xs, cotangent, create_graph=record, allow_unused=True)
            totals = [g if total is None else total + g for total, g in zip(totals, gradients, strict=True)]
    return [
        Variable(np.zeros_like(x.data), requires_grad=record) if total is None else total
        for x, total in zip(xs, totals, strict=True)
    ]


def order_of(f: Callable[..., Any]) -> int:
    """The order of the derivative that f is: 0 for a function, 1 for its gradient."""
    return f.order if isinstance(f, Gradient) else 0


def outputs(ys: Any) -> list[Variable]:
    """The Variables that a function returned, as a list; TypeError if it returned something else."""
    found = list(ys) if isinstance(ys, (list, tuple)) else [ys]
    if not found:
        raise TypeError("it returned nothing, expected a Variable (or several in a list)")
    for y in found:
        if not isinstance(y, Variable):
            raise TypeError(f"it returned {type(y).__name__}, expected a Variable (or several in a list)")
    return found


def values(f: Callable[..., Any], arrays: Iterable[Floats]) -> list[Floats]:
    """The values of f at arrays, unrecorded."""
    with errors_as_findings(order_of(f)), no_grad():
        return [y.data for y in outputs(f(*map(Variable, arrays)))]


def values_at(f: Callable[..., Any], points: Sequence[Sequence[Floats]], size: int) -> Floats:
    """The numbers that f computes at each of several points, an array (points, size).

    Beyond its domain a function may raise an error: there its numbers are NaN.
    """
    found = np.full((len(points), size), np.nan)
    with np.errstate(all="ignore"), no_grad():
        for row, arrays in zip(found, points, strict=True):
            try:
                row[...] = flat(y.data for y in outputs(f(*map(Variable, arrays))))
            except Exception:  # noqa: BLE001, S112 - whatever the function raises
                continue
    return found


def recorded(f: Callable[..., Any], xs: Iterable[Variable]) -> list[Variable]:
    """The values of f at Variables, to be differentiated."""
    with errors_as_findings(order_of(f)):
        return outputs(f(*xs))


def gradients(
    f: Callable[..., Any], inputs: Iterable[Floats | Variable], cotangents: Iterable[Any], *, record: bool = False
) -> list[Floats]:
    """The gradients of Σ <cotangent, y> over the outputs y of f, recorded on the way or not."""
    xs = [x if isinstance(x, Variable) else Variable(x) for x in inputs]
    constants = [Variable(c, requires_grad=False) for c in cotangents]
    with errors_as_findings(order_of(f) + 1), enable_grad() if record else no_grad():
        return [g.data for g in Gradient(f, len(xs))(*xs, *constants)]


def derivatives(
    f: Callable[..., Any], arrays: Iterable[Floats], cotangents: Sequence[Sequence[Floats]]
) -> list[list[Floats]]:
    """The values of f, then its derivatives of each order from 1 for which there are cotangents, computed in one go.

    The derivatives of order k are those of Σ <cotangent, y> over the derivatives y of order k − 1, towards f's inputs
    and the cotangents of lower orders.
    """
    xs = [Variable(x) for x in arrays]
    ys = recorded(f, xs)
    found = [[y.data for y in ys]]
    for order, given in enumerate(cotangents, start=1):
        seeds, last = [Variable(c) for c in given], order == len(cotangents)
        with errors_as_findings(order):
            ys = _pulled_back(ys, xs, seeds, record=not last)
        found.append([y.data for y in ys])
        xs += seeds
    return found


@dataclass
class Point:
    """A function at a place.

    Attributes:
        f: takes a Variable for each of the
        args, and gives the
        ys: outputs, each with its
        cotangents: the weights in Σ <cotangent, y>, of which the gradients are looked at.
    """

    f: Callable[..., Any]
    args: Sequence[Floats]
    ys: Sequence[Floats]
    cotangents: Sequence[Floats]

    @classmethod
    def drawn(cls, f: Callable[..., Any], args: Sequence[Floats], rng: np.random.Generator) -> Point:
        """With random cotangents."""
        ys = values(f, args)
        return cls(f, args, ys, random_like(ys, rng))

    def gradients(self, cotangents: Sequence[Floats] | None = None) -> list[Floats]:
        """The analytic gradients, with these cotangents or others."""
        return gradients(self.f, self.args, self.cotangents if cotangents is None else cotangents)

    def moved(self, directions: Sequence[Floats], t: float) -> list[Floats]:
        """The arguments, all of them moved along a line."""
        return [np.asarray(x + t * v) for x, v in zip(self.args, directions, strict=True)]


def flat(arrays: Iterable[Floats]) -> Floats:
    """All elements of the arrays, one after the other."""
    parts = [np.ravel(array) for array in arrays]
    return np.concatenate(parts) if parts else np.empty(0)


def random_like(arrays: Iterable[Floats], rng: np.random.Generator) -> list[Floats]:
    """Random numbers, none of them near 0, in the shapes of the arrays."""
    return [np.asarray(rng.uniform(0.25, 1.5, a.shape) * rng.choice([-1.0, 1.0], a.shape)) for a in arrays]
