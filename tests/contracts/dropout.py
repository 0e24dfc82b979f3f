"""The contract of functions/dropout.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import OpSpec


def dropout(x: Any, *, p: float, seed: int) -> Any:
    """F.dropout with the same mask in every call."""
    return F.dropout(x, p, rng=np.random.default_rng(seed))


def _reference(x: Any, p: float, seed: int) -> Any:
    kept = np.random.default_rng(seed).random(x.shape, np.float32) >= p
    return np.where(kept, x / (1 - p) if p < 1 else 0.0, 0.0)


CONTRACTS = [
    OpSpec(
        dropout,
        _reference,
        kwargs={"p": [0.0, 0.3, 0.5, 0.9, 1.0], "seed": st.integers(0, 99)},
        formula="x · mask / (1 − p)",
        kernels=("dropout_mask",),
        cases=[case([1.0, 2.0, 3.0], p=p, seed=0) for p in (0.0, 1.0)],
    ),
]
