"""A function of Variables as a function of arrays, and its gradient as a function again: derivatives of every order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from minigrad.core.config import no_grad
from minigrad.core.variable import Variable, grad
from minigrad.testing.arrays import Floats
from minigrad.testing.failures import errors_as_findings


class Gradient:
    """The gradients of Σ <cotangent, y> over the outputs y of f, as a function of f's inputs and the cotangents."""

    def __init__(self, f: Callable[..., Any], count: int) -> None:
        self.order: int = _order(f) + 1
        self._f = f
        self._count = count  # of f's inputs

    def __call__(self, *args: Variable, record: bool = True) -> list[Variable]:
        """The gradients towards the inputs; recorded, so that they can be differentiated."""
        xs, cotangents = args[: self._count], args[self._count :]
        totals: list[Variable | None] = [None] * len(xs)
        for y, cotangent in zip(outputs(self._f(*xs)), cotangents, strict=True):
            if y.requires_grad:
                gradients = grad(y, xs, cotangent, create_graph=record)
                totals = [g if total is None else total + g for total, g in zip(totals, gradients, strict=True)]
        return [
            Variable(np.zeros_like(x.data), requires_grad=record) if total is None else total
            for x, total in zip(xs, totals, strict=True)
        ]


def outputs(ys: Any) -> list[Variable]:
    """What a function returned as a list of Variables.

    Raises:
        TypeError: it returned something else.
    """
    found = list(ys) if isinstance(ys, (list, tuple)) else [ys]
    if not found:
        raise TypeError("it returned nothing, expected a Variable (or several in a list)")
    for y in found:
        if not isinstance(y, Variable):
            raise TypeError(f"it returned {type(y).__name__}, expected a Variable (or several in a list)")
    return found


def values(f: Callable[..., Any], arrays: Iterable[Floats]) -> list[Floats]:
    """What f computes of the arrays.

    Raises:
        ContractViolation: in place of whatever f raised.
    """
    with errors_as_findings(_order(f)):
        if isinstance(f, Gradient):
            return [y.data for y in f(*map(Variable, arrays), record=False)]
        with no_grad():
            return [y.data for y in outputs(f(*map(Variable, arrays)))]


def recorded(f: Callable[..., Any], xs: Iterable[Variable]) -> list[Variable]:
    """What f computes of the Variables, to be differentiated.

    Raises:
        ContractViolation: in place of whatever f raised.
    """
    with errors_as_findings(_order(f)):
        return outputs(f(*xs))


def gradients(f: Callable[..., Any], arrays: Iterable[Floats], cotangents: Iterable[Any]) -> list[Floats]:
    """The gradients of Σ <cotangent, y> over the outputs y of f.

    Raises:
        ContractViolation: in place of whatever f or its backward raised.
    """
    return gradients_at(f, [Variable(array) for array in arrays], cotangents)


def gradients_at(f: Callable[..., Any], xs: Sequence[Variable], cotangents: Iterable[Any]) -> list[Floats]:
    """The same at Variables."""
    constants = [Variable(c, requires_grad=False) for c in cotangents]
    with errors_as_findings(_order(f) + 1):
        return [g.data for g in Gradient(f, len(xs))(*xs, *constants, record=False)]


def _order(f: Callable[..., Any]) -> int:
    return f.order if isinstance(f, Gradient) else 0


def flat(arrays: Iterable[Floats]) -> Floats:
    """All elements of the arrays, one after the other."""
    return np.concatenate([np.empty(0), *[np.ravel(array) for array in arrays]])


def random_like(arrays: Iterable[Floats], rng: np.random.Generator) -> list[Floats]:
    """Random numbers, none of them near 0, in the shapes of the arrays."""
    return [np.asarray(rng.uniform(0.25, 1.5, a.shape) * rng.choice([-1.0, 1.0], a.shape)) for a in arrays]
