"""Contracts of functions/elementwise.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing.example import Example, case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import broadcastable


def where(a: Any, b: Any, *, condition: Any) -> Any:
    """F.where with the condition as a parameter: it has no gradient."""
    return F.where(condition, a, b)


def where_positive(a: Any) -> Any:
    """√a where a is positive, else a; the root never sees a negative number, of which its derivative would be NaN."""
    positive = a.data > 0
    return F.where(positive, F.sqrt(F.where(positive, a, 1.0)), a)


def power_of_number(p: Any, *, x: float) -> Any:
    """A number to the power of a Variable."""
    return F.power(x, p)


@st.composite
def conditions(draw: st.DrawFn) -> Call:
    """Shapes of a and b, and a condition that broadcasts against them."""
    a, b, c = draw(broadcastable(3))
    flags = draw(st.lists(st.booleans(), min_size=int(np.prod(c)), max_size=int(np.prod(c))))
    return Call((a, b), {"condition": np.array(flags, bool).reshape(c)})


NUMBERS = np.array([1.0, -2.0])
ITSELF = Example((NUMBERS, NUMBERS), repeated=True)

CONTRACTS = [
    OpSpec(F.sqrt, np.sqrt, domain=(0.05, 100), formula="√x", cases=[case(4.0)]),
    OpSpec(F.reciprocal, lambda x: x**-1, domain=(0.05, 100), formula="1 / x", cases=[case([-2.0, 1e4, -0.1])]),
    OpSpec(F.square, np.square, formula="x²", cases=[case([0.0, -1.0, 2.0])]),
    OpSpec(
        F.abs, np.abs, formula="|x|", kinks="0 at x = 0", cases=[case([0.0, -1.0, 2.0], gradient=[0, -1, 1]), case(0.0)]
    ),
    OpSpec(
        F.clip,
        lambda x, low, high: np.minimum(
            np.maximum(x, -np.inf if low is None else low), np.inf if high is None else high
        ),
        kwargs={"low": [None, -1.0, 0.5], "high": [None, 1.0, 2.5]},
        formula="min(max(x, low), high)",
        kinks="1 at x = low and x = high",
        kernels=("masked",),
        cases=[case([-1.0, 0.0, 1.0, 2.0], low=-1.0, high=1.0, gradient=[1, 1, 1, 0])],
    ),
    OpSpec(
        F.power,
        np.power,
        shapes=broadcastable(2),
        domain={"x": (0.1, 10), "p": (-2, 3)},
        formula="xᵖ",
        kinks="x = 0: the limits; 0 of x⁰ towards x and of 0ᵖ towards p",
        cases=[case([0.0, 0.0, 2.0], [2.0, 3.0, 0.5]), case([-2.0], [3.0]), case([0.0], [0.0], gradient=[0])],
        name="power",
        kernels=("masked",),
    ),
    OpSpec(
        F.power,
        lambda x, p: np.array([element**p for element in x.ravel()]).reshape(x.shape),
        kwargs={"p": [0, 1, 2, 3, -1, 0.5, -1.5]},
        domain=(0.1, 10),
        formula="xᶜ for a number c",
        kinks="x = 0: the limits; 0 of x⁰",
        cases=[
            *(case([0.0, -1.0, 2.0], p=p) for p in (1, 2, 3)),
            case([0.0, -1.0], p=0, gradient=[0, 0]),
            case([0.0, 4.0, 2.0, 1.0], p=0.5),
        ],
        name="power to a number",
    ),
    OpSpec(
        power_of_number,
        lambda p, x: np.exp(p * np.log(x)),
        kwargs={"x": [2.0, 0.5, 1.0]},
        domain=(-10, 10),
        formula="cˣ for a number c",
        name="power of a number",
    ),
    OpSpec(
        F.maximum,
        lambda a, b: np.where(a > b, a, b),
        shapes=broadcastable(2),
        formula="max(a, b)",
        kinks="½ each where a = b",
        kernels=("masked",),
        cases=[case([1.0, 2.0], [1.0, 3.0], gradient=[0.5, 0]), case(2.0, [[1.0, 2.0], [3.0, 2.0]]), ITSELF],
    ),
    OpSpec(
        F.minimum,
        lambda a, b: np.where(a < b, a, b),
        shapes=broadcastable(2),
        formula="min(a, b)",
        kinks="½ each where a = b",
        kernels=("masked",),
        cases=[case([1.0, 2.0], [1.0, 3.0], gradient=[0.5, 1]), ITSELF],
    ),
    OpSpec(
        where,
        lambda a, b, condition: np.where(condition, a, b),
        shapes=conditions(),
        formula="a where the condition holds, else b",
        kernels=("masked",),
    ),
    OpSpec(
        where_positive,
        lambda a: np.array([x**0.5 if x > 0 else x for x in a.ravel()]).reshape(a.shape),
        formula="√a where a > 0, else a",
        kinks="a = 0: not differentiable",
        name="where of a root",
        kernels=("masked",),
        domain=(0.05, 100),
        cases=[case([-1.0, 4.0, -2.0, 9.0])],
    ),
]
