"""Contracts of functions/reduction.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import axes, reductions, shapes


@st.composite
def spread(draw: st.DrawFn) -> Call:
    """A shape, axes to reduce it over, whether to keep them, and a ddof that leaves something to divide by."""
    call = draw(reductions(min_side=1))
    (shape,), axis = call.shapes, call.kwargs["axis"]
    chosen = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    count = math.prod(shape[i] for i in chosen)
    return Call(call.shapes, {**call.kwargs, "ddof": draw(st.integers(0, min(count - 1, 1)))})


@st.composite
def lengths(draw: st.DrawFn) -> Call:
    """A shape, and axes of which vectors or matrices have a norm."""
    shape = draw(shapes())
    ords: list[Any] = [None]
    if shape:
        ords += [1, 2, np.inf]
    if len(shape) > 1:
        ords.append("fro")
    ord_ = draw(st.sampled_from(ords))
    signed = [draw(st.sampled_from([i, i - len(shape)])) for i in draw(st.permutations(range(len(shape))))]
    if ord_ is None:
        axis = draw(axes(len(shape)).filter(lambda axis: axis != ()))
    elif ord_ == "fro":
        axis = tuple(signed[:2])
    else:
        axis = signed[0]
        if shape[axis] == 0:
            ord_ = 2
    return Call((shape,), {"ord": ord_, "axis": axis, "keepdims": draw(st.booleans())})


def norm(x: Any, *, ord: Any, axis: Any, keepdims: bool) -> Any:  # noqa: A002 - NumPy's name
    """NumPy's, and with no ord also over more than two axes."""
    if ord is None:
        return np.sqrt(np.sum(x * x, axis, keepdims=keepdims))
    return np.linalg.norm(x, ord, axis, keepdims)


TIED = [
    case([3.0, 3.0], axis=None, keepdims=False, gradient=[0.5, 0.5]),
    *(case([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], axis=axis, keepdims=False) for axis in (None, 0, 1)),
]
EMPTY = case(np.zeros((0, 3)), axis=0, keepdims=False)

CONTRACTS = [
    OpSpec(F.sum, np.sum, shapes=reductions(), formula="Σ x over axes", kernels=("channel_sum",), cases=[EMPTY]),
    OpSpec(
        F.mean,
        np.mean,
        shapes=reductions(min_side=1),
        formula="Σ x / n over axes",
        cases=[case(np.zeros((0, 3)), axis=1, keepdims=False)],
    ),
    OpSpec(
        F.max,
        np.max,
        shapes=reductions(min_side=1),
        formula="max x over axes",
        kinks="ties share equally",
        kernels=("masked",),
        cases=TIED,
    ),
    OpSpec(
        F.min,
        np.min,
        shapes=reductions(min_side=1),
        formula="min x over axes",
        kinks="ties share equally",
        kernels=("masked",),
        cases=TIED,
    ),
    OpSpec(
        F.var,
        np.var,
        shapes=spread(),
        domain=(-10, 10),
        formula="Σ (x − x̄)² / (n − ddof) over axes",
        cases=[case(x, axis=None, keepdims=False, ddof=0) for x in ([5.0, 5.0, 5.0], [1e4, 1e4 + 1e-3, 1e4])],
    ),
    OpSpec(
        F.std,
        np.std,
        shapes=spread(),
        domain=(-10, 10),
        formula="√var",
        kinks="0 where all are equal",
        cases=[
            case([[5.0, 5.0, 5.0], [1.0, 2.0, 4.0]], axis=1, keepdims=False, ddof=0),
            case([5.0, 5.0, 5.0], axis=None, keepdims=False, ddof=0, gradient=[0, 0, 0]),
        ],
    ),
    OpSpec(
        F.prod,
        np.prod,
        shapes=reductions(),
        domain=(-3, 3),
        formula="Π x over axes",
        cases=[
            case([2.0, 0.0, 4.0], axis=None, keepdims=False, gradient=[0, 8, 0]),
            case([0.0, 3.0, 0.0, 2.0], axis=None, keepdims=False, gradient=[0, 0, 0, 0]),
            case([[0.0, 0.0, 0.0], [1.0, 0.0, 2.0], [1.0, 2.0, 3.0]], axis=1, keepdims=True),
            case(np.zeros((0, 3)), axis=0, keepdims=False),
        ],
    ),
    OpSpec(
        F.norm,
        norm,
        shapes=lengths(),
        formula="√Σ x², Σ |x| or max |x| over axes",
        kinks="0 where all are 0; as abs and max",
        kernels=("masked", "channel_sum"),
        cases=[
            case([3.0, 4.0], ord=None, axis=None, keepdims=False, gradient=[0.6, 0.8]),
            case([[0.0, 0.0], [3.0, 4.0]], ord=2, axis=1, keepdims=False, gradient=[[0, 0], [0.6, 0.8]]),
            case([[0.0, -2.0], [1.0, 3.0]], ord=1, axis=0, keepdims=False, gradient=[[0, -1], [1, 1]]),
            case([1.0, -2.0, 2.0], ord=np.inf, axis=0, keepdims=False, gradient=[0, -0.5, 0.5]),
            case([[1.0, -2.0], [0.0, 2.0]], ord="fro", axis=None, keepdims=False),
        ],
    ),
    OpSpec(
        F.logsumexp,
        np.logaddexp.reduce,
        shapes=reductions(min_side=1),
        formula="ln Σ eˣ over axes",
        cases=[case(x, axis=None, keepdims=False) for x in ([1000.0, 1000.0, -1000.0], 2.0)],
    ),
]
