"""Contracts of functions/loss.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import labels, shapes


@st.composite
def classified(draw: st.DrawFn) -> Call:
    """Logits, with classes or distributions, and the options that go with them."""
    N, C = draw(st.integers(0, 4)), draw(st.integers(1, 4))
    options: dict[str, Any] = {
        "reduction": draw(st.sampled_from(["mean", "sum", "none"])),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1, 1.0])),
        "ignore_label": None,
    }
    if draw(st.booleans()):
        options["labels"] = draw(labels(N, C))
        options["ignore_label"] = draw(st.sampled_from([None, 0]))
    else:
        weights = np.array(draw(st.lists(st.integers(0, 4), min_size=N * C, max_size=N * C)), float).reshape(N, C)
        weights[:, 0] += 1
        options["labels"] = weights / weights.sum(1, keepdims=True)
    return Call(((N, C),), options)


def _cross_entropy(x: Any, labels: Any, reduction: str, ignore_label: int | None, label_smoothing: float) -> Any:
    """Row by row, with math's logarithm."""
    losses, counted = [], 0
    for row, label in zip(x, labels, strict=True):
        if np.ndim(label) == 0 and label == ignore_label:
            losses.append(0.0)
            continue
        counted += 1
        target = np.eye(len(row))[label] if np.ndim(label) == 0 else label
        target = target * (1 - label_smoothing) + label_smoothing / len(row)
        total = math.log(sum(math.exp(z - max(row)) for z in row)) + max(row)
        losses.append(sum(t * (total - z) for t, z in zip(target, row, strict=True)))
    if reduction == "none":
        return np.array(losses)
    return np.array(sum(losses) / (max(counted, 1) if reduction == "mean" else 1))


def _squared(prediction: Any, target: Any, reduction: str) -> Any:
    squares = (prediction - target) ** 2
    if reduction == "none":
        return squares
    return np.array(squares.sum() / (max(squares.size, 1) if reduction == "mean" else 1))


PLAIN = {"reduction": "mean", "ignore_label": None, "label_smoothing": 0.0}

CONTRACTS = [
    OpSpec(
        F.softmax_cross_entropy,
        _cross_entropy,
        shapes=classified(),
        formula="−Σ target · log softmax(logits) of each row",
        kernels=("cross_entropy", "cross_entropy_gradient"),
        cases=[
            case([[1e4, -1e4], [-1e4, 1e4]], labels=np.array([0, 1]), **PLAIN),
            case([[1.0, 2.0], [3.0, 1.0]], labels=np.array([1, 1]), **{**PLAIN, "ignore_label": 1}),
        ],
    ),
    OpSpec(
        F.mean_squared_error,
        _squared,
        shapes=shapes().map(lambda shape: (shape, shape)),
        domain=(-10, 10),
        kwargs={"reduction": ["mean", "sum", "none"]},
        formula="Σ (prediction − target)² / n",
        cases=[case([], [], reduction="mean")],
    ),
]
