"""Contracts of functions/softmax.py."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import OpSpec
from minigrad.testing.strategies import with_axis


def softmax(x: Any, axis: int) -> Any:
    """1 / Σⱼ exp(xⱼ − xᵢ): no maximum is looked for."""
    moved = np.moveaxis(x, axis, -1)
    return np.moveaxis(1 / np.exp(moved[..., None, :] - moved[..., :, None]).sum(-1), -1, axis)


def log_softmax(x: Any, axis: int) -> Any:
    """−log Σⱼ exp(xⱼ − xᵢ), added up pair by pair."""
    moved = np.moveaxis(x, axis, -1)
    return np.moveaxis(-np.logaddexp.reduce(moved[..., None, :] - moved[..., :, None], -1), -1, axis)


CONTRACTS = [
    OpSpec(
        F.softmax,
        softmax,
        shapes=with_axis(),
        formula="eˣ / Σ eˣ along an axis",
        cases=[case([[1e4, 1e4, -1e4], [0.0, 1.0, 2.0]], axis=-1), case(np.zeros((0, 3)), axis=0)],
    ),
    OpSpec(
        F.log_softmax,
        log_softmax,
        shapes=with_axis(),
        formula="x − ln Σ eˣ along an axis",
        cases=[case([[1e4, 1e4, -1e4], [0.0, 1.0, 2.0]], axis=0), case(np.zeros((2, 0)), axis=1)],
    ),
]
