"""Contracts of functions/linalg.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec, Shape


@st.composite
def products(draw: st.DrawFn) -> Call:
    """Shapes of two matrices, vectors, or stacks that broadcast; squares often."""
    M, K, N = (draw(st.sampled_from([2, 1, 3, 0])) for _ in range(3))
    if draw(st.booleans()):
        M, N = K, K
    lead = tuple(draw(st.lists(st.integers(1, 2), max_size=2)))
    a: Shape = draw(st.sampled_from([(M, K), (K,), (*lead, M, K), (*(1 for _ in lead), M, K)]))
    b: Shape = draw(st.sampled_from([(K, N), (K,), (*lead, K, N), (*lead[1:], K, N)]))
    return Call((a, b))


@st.composite
def layers(draw: st.DrawFn) -> Call:
    """Shapes of rows (or one, or a stack of them), weights, and perhaps a bias."""
    rows, width, outputs = draw(st.integers(0, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    x = draw(st.sampled_from([(rows, width), (width,), (2, rows, width)]))
    bias = [(outputs,)] if draw(st.booleans()) else []
    return Call((x, (width, outputs), *bias))


def _linear(x: Any, w: Any, b: Any = 0.0) -> Any:
    return np.einsum("...i,io->...o", x, w) + b


CONTRACTS = [
    OpSpec(
        F.matmul,
        np.matmul,
        shapes=products(),
        domain=(-10, 10),
        formula="Σₖ a[…, m, k] · b[…, k, n]",
        kernels=("matmul",),
        cases=[case(np.zeros((2, 0)), np.zeros((0, 3))), case([1.0, 2.0], [3.0, 4.0])],
    ),
    OpSpec(
        F.linear,
        _linear,
        shapes=layers(),
        domain=(-10, 10),
        formula="x · w + b",
        kernels=("matmul", "channel_sum"),
    ),
]
