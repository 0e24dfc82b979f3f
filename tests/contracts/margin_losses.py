"""Contracts of functions/margin_losses.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import shapes
from tests.contracts.regression_losses import PAIRS, REDUCTIONS, of_each, reduced


def hinge(prediction: Any, *, target: Any, reduction: str) -> Any:
    """F.hinge of labels that are no input: a label of 0 has no derivative."""
    return F.hinge(prediction, target, reduction=reduction)


@st.composite
def labelled(draw: st.DrawFn) -> Call:
    """Scores of one class against another, with labels 0 and 1, or −1 and 1."""
    shape, lower = draw(shapes(max_dims=2)), draw(st.sampled_from([0, -1]))
    size = int(np.prod(shape))
    flags = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(shape)
    return Call((shape,), {"target": np.where(flags, 1, lower), "reduction": draw(st.sampled_from(REDUCTIONS))})


def _signed_hinge(prediction: Any, target: Any, reduction: str) -> Any:
    return reduced(np.maximum(np.where(target == 1, 1 - prediction, 1 + prediction), 0), reduction)


def _categorical_hinge(prediction: Any, target: Any, reduction: str) -> Any:
    """Row by row."""
    losses = []
    C = prediction.shape[-1]
    for x, t in zip(prediction.reshape(-1, C), target.reshape(-1, C), strict=True):
        wrong = max((1 - t[c]) * x[c] for c in range(C))
        losses.append(max(0.0, 1 + wrong - sum(t[c] * x[c] for c in range(C))))
    return reduced(np.array(losses).reshape(prediction.shape[:-1]), reduction)


ROWS = shapes(min_dims=1, max_dims=2, max_side=3).filter(lambda shape: shape[-1] > 0).map(lambda shape: (shape, shape))

CONTRACTS = [
    OpSpec(
        F.hinge,
        of_each(lambda x, t: max(0.0, 1 - t * x)),
        shapes=PAIRS,
        domain={"prediction": (-5, 5), "target": (0.5, 2)},
        kwargs={"reduction": REDUCTIONS},
        formula="Σ max(0, 1 − target · prediction) / n",
        kinks="0 where target · prediction = 1",
        kernels=("masked", "relu"),
        cases=[case([1.0, 0.5, -1.0, 2.0], [1.0, 1.0, 1.0, -1.0], reduction="sum", gradient=[0, -1, -1, 1])],
        name="hinge",
    ),
    OpSpec(
        hinge,
        _signed_hinge,
        shapes=labelled(),
        domain=(-5, 5),
        formula="Σ max(0, 1 − target · prediction) / n, labels of 0 counting as −1",
        kinks="0 where target · prediction = 1",
        kernels=("masked", "relu"),
        name="hinge of labels",
    ),
    OpSpec(
        F.squared_hinge,
        of_each(lambda x, t: max(0.0, 1 - t * x) ** 2),
        shapes=PAIRS,
        domain={"prediction": (-5, 0.4), "target": (0.5, 2)},  # not to where the second derivative jumps
        kwargs={"reduction": REDUCTIONS},
        formula="Σ max(0, 1 − target · prediction)² / n",
        kinks="the second derivative is 0 where target · prediction = 1",
        kernels=("masked", "relu"),
        cases=[
            case([1.0, 0.5, -1.0, 2.0], [1.0, 1.0, 1.0, -1.0], reduction="none", gradient=[0, -1, -4, 6]),
            case([1.0, -1.0], [1.0, -1.0], reduction="mean", gradient=[0, 0]),
        ],
    ),
    OpSpec(
        F.categorical_hinge,
        _categorical_hinge,
        shapes=ROWS,
        domain=(-5, 5),
        kwargs={"reduction": REDUCTIONS},
        formula="Σ max(0, 1 + max((1 − target) · prediction) − Σ target · prediction) / rows",
        kinks="equal scores share; 0 where the right score is 1 above",
        kernels=("masked", "relu"),
        cases=[
            case([[0.5, 2.0, 1.0]], [[1.0, 0.0, 0.0]], reduction="mean", gradient=[[-1, 1, 0]]),
            case([[1.0, 1.0, 1.0]], [[0.0, 0.0, 1.0]], reduction="mean", gradient=[[0.5, 0.5, -1]]),
            case([[0.0, -2.0], [3.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]], reduction="none", gradient=[[-1, 0], [0, 0]]),
        ],
    ),
]
