"""Contracts of functions/distribution_losses.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import OpSpec
from tests.contracts.margin_losses import ROWS
from tests.contracts.regression_losses import PAIRS, REDUCTIONS, of_each, reduced


def _binary(p: float, t: float, eps: float) -> float:
    return -t * math.log(max(p, eps)) - (1 - t) * math.log(max(1 - p, eps))


def _sigmoid(x: float, t: float) -> float:
    return max(x, 0) - x * t + math.log1p(math.exp(-abs(x)))


def _divergence(prediction: Any, target: Any, eps: float, reduction: str) -> Any:
    """Σ t · ln(t / p), of one quotient each."""
    terms = target * np.log(np.maximum(target, eps) / np.maximum(prediction, eps))
    return reduced(np.array(sum(np.moveaxis(terms, -1, 0))), reduction)


def _cosine(prediction: Any, target: Any, reduction: str) -> Any:
    """|x/‖x‖ − t/‖t‖|² / 2 − 1 for each row that has a direction, else 0."""
    losses = []
    C = prediction.shape[-1]
    for x, t in zip(prediction.reshape(-1, C), target.reshape(-1, C), strict=True):
        lengths = math.hypot(*x), math.hypot(*t)
        losses.append(sum((x / lengths[0] - t / lengths[1]) ** 2) / 2 - 1 if all(lengths) else 0.0)
    return reduced(np.array(losses).reshape(prediction.shape[:-1]), reduction)


CONTRACTS = [
    OpSpec(
        F.binary_cross_entropy,
        of_each(_binary),
        shapes=PAIRS,
        domain={"prediction": (0.05, 0.95), "target": (0, 1)},
        kwargs={"reduction": REDUCTIONS, "eps": [1e-7, 1e-3]},
        formula="−Σ (target · ln prediction + (1 − target) · ln(1 − prediction)) / n",
        kinks="0 where a probability is below eps",
        kernels=("masked",),
        cases=[
            case([0.0, 1.0, 0.5], [0.0, 1.0, 0.0], reduction="sum", eps=1e-3, gradient=[1, -1, 2]),
            case([0.125, 0.875, 0.5], [1.0, 0.0, 1.0], reduction="sum", eps=0.25, gradient=[0, 0, -2]),
        ],
    ),
    OpSpec(
        F.sigmoid_cross_entropy,
        of_each(_sigmoid),
        shapes=PAIRS,
        domain={"logits": (-100, 100), "target": (0, 1)},
        kwargs={"reduction": REDUCTIONS},
        formula="Σ (ln(1 + e^logits) − target · logits) / n",
        cases=[
            case([-800.0, 0.0, 800.0], [0.0, 1.0, 0.0], reduction="none", gradient=[0, -0.5, 1]),
            case([-800.0, 0.0, 800.0], [1.0, 0.5, 1.0], reduction="sum", gradient=[-1, 0, 0]),
        ],
    ),
    OpSpec(
        F.kl_divergence,
        _divergence,
        shapes=ROWS,
        domain=(0.05, 1),
        kwargs={"reduction": REDUCTIONS, "eps": [1e-7, 1e-3]},
        formula="Σ target · ln(target / prediction) / rows",
        kinks="0 where a probability is below eps",
        kernels=("masked",),
        cases=[
            case([[0.5, 0.5], [0.25, 0.75]], [[1.0, 0.0], [0.5, 0.5]], reduction="sum", eps=1e-3,
                 gradient=[[-2, 0], [-2, -2 / 3]]),
            case([[0.125, 0.5]], [[0.5, 0.125]], reduction="sum", eps=0.25, gradient=[[0, -0.25]]),
        ],
    ),
    OpSpec(
        F.poisson,
        of_each(lambda x, t, eps: x - t * math.log(x + eps)),
        shapes=PAIRS,
        domain={"prediction": (0.05, 20), "target": (-2, 20)},
        kwargs={"reduction": REDUCTIONS, "eps": [1e-7, 0.5]},
        formula="Σ (prediction − target · ln(prediction + eps)) / n",
        cases=[case([0.0, 1.0, 2.0], [0.0, 3.0, 1.0], reduction="sum", eps=0.5, gradient=[1, -1, 0.6])],
    ),
    OpSpec(
        F.cosine_similarity,
        _cosine,
        shapes=ROWS,
        domain={"prediction": (0.5, 20), "target": (-20, 20)},
        kwargs={"reduction": REDUCTIONS},
        formula="−Σ cos(prediction, target) / rows",
        kinks="0 of rows of zeros",
        cases=[
            case([[3.0, 0.0], [0.0, 0.0]], [[0.0, 2.0], [1.0, 1.0]], reduction="sum", gradient=[[0, -1 / 3], [0, 0]]),
            case([[3.0, 4.0], [1.0, 0.0]], [[-6.0, -8.0], [0.0, 0.0]], reduction="none", gradient=[[0, 0], [0, 0]]),
        ],
    ),
]  # fmt: skip
