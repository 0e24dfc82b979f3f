"""Attention as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.backend import format_array
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, as_variable
from minigrad.nn.init import Initializer
from minigrad.nn.layers import BIASES, WEIGHTS, arguments_text
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module


class MultiHeadAttention(Module):
    """Attention in several heads at once: x (N, L, E) and what it looks at, (N, S, M) -> (N, L, E).

    Each head has its own queries, keys and values, E // heads numbers each, which the Linear layers `q`, `k` and `v`
    make; the layer `out` mixes what the heads have found. Without a second input x looks at itself (self-attention).

    Args:
        features: E.
        heads: their number, which divides E.
        memory_features: M; E by default.
        dropout: in training, the probability of dropping each weight.
        bias, init, bias_init, rng: as of Linear, for all four layers; dropout draws from rng, too.

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.2.

    >>> from minigrad import nn
    >>> nn.MultiHeadAttention(8, 2)(np.ones((5, 3, 8)), causal=True).shape
    (5, 3, 8)
    """

    features = Checked(checks.integer, fixed=True)
    heads = Checked(checks.integer, fixed=True)
    dropout = Checked(checks.fraction, one=True)

    def __init__(
        self,
        features: int,
        heads: int,
        *,
        memory_features: int | None = None,
        dropout: float = 0.0,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.features, self.heads, self.dropout = features, heads, dropout
        if self.features % self.heads:
            raise ValueError(f"MultiHeadAttention: heads={heads} must divide {features=}")
        self.rng = checks.optional_generator("MultiHeadAttention", "rng", rng)
        options: dict[str, Any] = {"bias": bias, "init": init, "bias_init": bias_init, "rng": rng}
        memory = features if memory_features is None else memory_features
        self.q = Linear(features, features, **options)
        self.k = Linear(memory, features, **options)
        self.v = Linear(memory, features, **options)
        self.out = Linear(features, features, **options)

    def forward(self, x: Operand, memory: Operand | None = None, *, mask: Any = None, causal: bool = False) -> Variable:
        """Look from each place of x at those of `memory`, or of x itself.

        Args:
            x: (N, L, E).
            memory: (N, S, M), or None for x.
            mask: as of `F.scaled_dot_product_attention`: (L, S); (N, L, S) or (N, 1, S), the same for all heads; or
                (N, heads, L, S).
            causal: let each place see those before it and itself alone.
        Returns:
            (N, L, E).
        Raises:
            ValueError: the shapes do not fit.
        """
        x = as_variable(x)
        memory = x if memory is None else as_variable(memory)
        for name, value, width in (("x", x, self.features), ("memory", memory, self.k.in_features)):
            if value.ndim != 3 or value.shape[2] != width or len(value.data) != len(x.data):
                raise ValueError(
                    f"MultiHeadAttention: {name} must be (N, length, {width}); x {format_array(x)}, "
                    f"memory {format_array(memory)}"
                )
        if mask is not None:
            mask = as_variable(mask)
            if mask.ndim == 3:
                mask = mask.reshape(mask.shape[0], 1, *mask.shape[1:])  # (N, 1, L, S)
        q, k, v = self._split(self.q(x)), self._split(self.k(memory)), self._split(self.v(memory))
        options: dict[str, Any] = {"causal": causal, "dropout": self.dropout, "rng": self.rng}
        found = F.scaled_dot_product_attention(q, k, v, mask=mask, **options)  # (N, heads, L, E / heads)
        N, _, L, _ = found.shape
        y: Variable = self.out(found.swapaxes(1, 2).reshape(N, L, self.features))
        return y

    def _split(self, x: Variable) -> Variable:
        """(N, L, E) -> (N, heads, L, E / heads)."""
        N, L, E = x.shape
        return x.reshape(N, L, self.heads, E // self.heads).swapaxes(1, 2)

    def extra_repr(self) -> str:
        memory = self.k.in_features
        options = {"memory_features": (memory, self.features), "dropout": (self.dropout, 0.0)}
        return arguments_text(self.features, self.heads, **options)
