"""Contracts of functions/attention.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec


def attention(q: Any, k: Any, v: Any, bias: Any = None, *, causal: bool, mask: Any) -> Any:
    """Query by query, over the keys that it sees."""
    lead = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    q, k, v = (np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (q, k, v))
    scores = (*lead, q.shape[-2], k.shape[-2])
    seen = np.broadcast_to(True if mask is None else mask, scores)
    bias = np.broadcast_to(0.0 if bias is None else bias, scores)
    y = np.zeros((*lead, q.shape[-2], v.shape[-1]))
    for *example, i in np.ndindex(y.shape[:-1]):
        at = tuple(example)
        keys = [j for j in range(scores[-1]) if seen[(*at, i, j)] and not (causal and j > i)]
        fits = [float(q[(*at, i)] @ k[(*at, j)]) / math.sqrt(q.shape[-1]) + bias[(*at, i, j)] for j in keys]
        for j, fit in zip(keys, fits, strict=True):
            y[(*at, i)] += v[(*at, j)] / sum(math.exp(other - fit) for other in fits)
    return y


@st.composite
def queries(draw: st.DrawFn) -> Call:
    """Queries, keys and values, perhaps with a mask, and perhaps with numbers to add to the scores."""
    lead = draw(st.sampled_from([(), (), (2,), (1, 1)]))
    L, S = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    E, V = draw(st.integers(1, 1 if lead else 2)), draw(st.integers(1, 1 if lead else 2))
    shared = draw(st.sampled_from([lead, ()]))
    found = [(*lead, L, E), (*shared, S, E), (*shared, S, V)]
    options: dict[str, Any] = {"causal": draw(st.booleans()), "mask": None}
    if draw(st.booleans()):
        bits = draw(st.lists(st.booleans(), min_size=L * S, max_size=L * S))
        options["mask"] = np.array(bits).reshape(L, S)
    elif draw(st.booleans()):
        found.append(draw(st.sampled_from([(L, S), (*lead, L, S), (1, S)])))
    return Call(tuple(found), options)


def _attention(q: Any, k: Any, v: Any, bias: Any = None, *, causal: bool, mask: Any) -> Any:
    return F.scaled_dot_product_attention(q, k, v, mask=mask if bias is None else bias, causal=causal)


def _numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(-8, 8, shape) / 4


CONTRACTS = [
    OpSpec(
        _attention,
        attention,
        shapes=queries(),
        domain=(-2, 2),
        formula="softmax(q · kᵀ / √E) · v",
        kernels=("matmul", "masked"),
        cases=[
            case(_numbers(2, 2), _numbers(3, 2, seed=1), _numbers(3, 1, seed=2), causal=False, mask=None),
            case(_numbers(2, 2, 1), _numbers(2, 2, 1, seed=1), _numbers(2, 2, 1, seed=2), causal=True, mask=None),
            case(
                *(_numbers(2, 2), _numbers(2, 2, seed=1), _numbers(2, 1, seed=2)),
                causal=False,
                mask=np.array([[True, False], [False, False]]),
            ),
        ],
        name="scaled_dot_product_attention",
    ),
]
