"""Attention: means of values, weighted by how well their keys fit a query."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import checks
from minigrad.backend import format_array, ignore_underflow, to_device
from minigrad.core.axes import broadcasts
from minigrad.core.config import float_type
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable, as_variables
from minigrad.functions.dropout import dropout as drop
from minigrad.functions.elementwise import where
from minigrad.functions.softmax import softmax
from minigrad.spelling import advised


@ignore_underflow
@advised
def scaled_dot_product_attention(
    q: Operand,
    k: Operand,
    v: Operand,
    *,
    mask: Any = None,
    causal: bool = False,
    dropout: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Variable:
    """softmax(q · kᵀ / √E) · v: for each query the mean of the values, weighted by how well their keys fit it.

    Args:
        q: queries, (..., L, E); integers become `default_dtype`.
        k: keys, (..., S, E).
        v: values, (..., S, V). The leading axes of all three broadcast, those of batch and heads for example.
        mask: bools that broadcast to (..., L, S), True where a query may see a key; or floats, which are added to the
            scores before the softmax, and may be a Variable. What bools hide has weight 0 and gradient 0, and a query
            from which they hide everything gets zeros.
        causal: let query i see the keys 0 to i alone, besides what the mask says.
        dropout: in training, drop weights with this probability, as `functions.dropout` does.
        rng: where the randomness of dropout comes from; this context's generator by default.
    Returns:
        (..., L, V).
    Raises:
        ValueError: the shapes do not fit.
    Source: Vaswani et al. 2017, "Attention is all you need", eq. 1.

    >>> scaled_dot_product_attention(np.zeros((1, 2)), np.zeros((3, 2)), np.array([[1.0], [2.0], [6.0]]))
    Variable([[3.]])
    """
    name = "scaled_dot_product_attention"
    q, k, v = (x if x.dtype.kind == "f" else x.astype(float_type()) for x in as_variables(q, k, v))
    every = f"q {format_array(q)}, k {format_array(k)}, v {format_array(v)}"
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2] or not q.shape[-1]:
        raise ValueError(f"{name}: q must be (..., L, E), k (..., S, E) and v (..., S, V); {every}")
    try:
        np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    except ValueError:
        raise ValueError(f"{name}: the leading axes do not broadcast; {every}") from None
    scores = (q / math.sqrt(q.shape[-1])) @ k.swapaxes(-1, -2)  # (..., L, S)
    seen = None
    if mask is not None:
        mask = as_variable(mask)
        if mask.dtype.kind not in "bf" or not broadcasts(mask.shape, scores.shape):
            wanted = f"bools or floats that broadcast to {scores.shape}"
            raise ValueError(f"{name}: mask must be {wanted}, not {format_array(mask)}; {every}")
        there = to_device(mask.data, scores.device)  # a mask is often made on the host
        if mask.dtype.kind == "b":
            seen = there
        else:
            scores = scores + (mask if mask.requires_grad else there)  # an array takes the scores' float type
    if checks.boolean(name, "causal", causal):
        xp = scores.xp
        triangle = xp.tri(*scores.shape[-2:], dtype=bool)
        seen = triangle if seen is None else seen & triangle
    if seen is not None:
        lowest = np.finfo(scores.dtype).min.item()  # not −inf: where all is hidden, the softmax would be NaN
        scores = where(seen, scores, lowest)
    weights = softmax(scores)
    if seen is not None:
        weights = where(seen, weights, 0.0)
    return drop(weights, checks.fraction(name, "dropout", dropout, one=True), rng=rng) @ v
