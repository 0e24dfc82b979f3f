"""Contracts of functions/regression_losses.py."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import OpSpec
from minigrad.testing.strategies import shapes

REDUCTIONS = ["mean", "sum", "none"]
PAIRS = shapes(max_dims=2, max_side=3).map(lambda shape: (shape, shape))


def reduced(losses: Any, reduction: str) -> Any:
    """All, their sum or their mean."""
    if reduction == "none":
        return losses
    return np.array(losses.sum() / (max(losses.size, 1) if reduction == "mean" else 1))


def of_each(loss: Callable[..., float]) -> Callable[..., Any]:
    """The reference of a loss: one element after the other, in Python."""

    def reference(prediction: Any, target: Any, reduction: str, **options: Any) -> Any:
        pairs = zip(prediction.ravel(), target.ravel(), strict=True)
        return reduced(np.array([loss(x, t, **options) for x, t in pairs]).reshape(prediction.shape), reduction)

    return reference


def _huber(x: float, t: float, delta: float) -> float:
    return (x - t) ** 2 / 2 if abs(x - t) <= delta else delta * (abs(x - t) - delta / 2)


CONTRACTS = [
    OpSpec(
        F.mean_absolute_error,
        of_each(lambda x, t: math.sqrt((x - t) ** 2)),
        shapes=PAIRS,
        kwargs={"reduction": REDUCTIONS},
        formula="Σ |prediction − target| / n",
        kinks="0 where prediction = target",
        cases=[
            case([1.0, 2.0, 3.0], [1.0, 4.0, -1.0], reduction="sum", gradient=[0, -1, 1]),
            case([], [], reduction="mean"),
        ],
    ),
    OpSpec(
        F.mean_absolute_percentage_error,
        of_each(lambda x, t, eps: 100 * abs(x - t) / max(abs(t), eps)),
        shapes=PAIRS,
        domain={"prediction": (-20, 20), "target": (0.5, 20)},
        kwargs={"reduction": REDUCTIONS, "eps": [1e-7, 2.0]},
        formula="100 Σ |prediction − target| / |target| / n",
        kinks="0 where prediction = target; at target = ±eps the slope beyond it",
        kernels=("masked",),
        cases=[
            case([1.0, 5.0], [-2.0, -4.0], reduction="none", eps=1e-7, gradient=[50, 25]),
            case([1.0, 1.0], [0.0, 1.0], reduction="sum", eps=0.5, gradient=[200, 0]),
        ],
    ),
    OpSpec(
        F.mean_squared_logarithmic_error,
        of_each(lambda x, t: (math.log(1 + max(x, 0)) - math.log(1 + max(t, 0))) ** 2),
        shapes=PAIRS,
        domain=(0, 100),
        kwargs={"reduction": REDUCTIONS},
        formula="Σ (ln(1 + prediction) − ln(1 + target))² / n, negative numbers counting as 0",
        kinks="at 0 the slope of positive numbers",
        kernels=("masked",),
        cases=[
            case([0.0, 3.0], [0.0, 3.0], reduction="sum", gradient=[0, 0]),
            case([-5.0, 3.0], [2.0, -1.0], reduction="none", gradient=[0, math.log(2)]),
        ],
    ),
    OpSpec(
        F.huber,
        of_each(_huber),
        shapes=PAIRS,
        domain={"prediction": (-10, -2), "target": (2, 10)},  # not to where the second derivative jumps
        kwargs={"reduction": REDUCTIONS, "delta": [1.0, 0.25, 50.0]},
        formula="Σ d² / 2n, of distances d > delta delta · (d − delta / 2)",
        kinks="the second derivative is 1 at d = delta",
        kernels=("masked",),
        cases=[
            case([0.5, -0.5, 3.0, -3.0], [0.0, 0.0, 0.0, 0.0], reduction="sum", delta=2.0, gradient=[0.5, -0.5, 2, -2]),
            case([1.0, 3.0], [1.0, 1.0], reduction="none", delta=2.0, gradient=[0, 2]),
        ],
    ),
    OpSpec(
        F.logcosh,
        of_each(lambda x, t: float(np.logaddexp(x - t, t - x)) - math.log(2)),
        shapes=PAIRS,
        kwargs={"reduction": REDUCTIONS},
        formula="Σ ln cosh(prediction − target) / n",
        cases=[
            case([0.0, 1.0, -800.0], [0.0, 2.0, 800.0], reduction="none"),
            case([0.999, 1.001], [0.0, 0.0], reduction="none"),
        ],
    ),
]
