"""Dropout: a random part of the values set to zero in training."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.arguments import fraction
from minigrad.nn.module import Module


class Dropout(Module):
    """In training each value becomes 0 with probability p, else it is divided by 1 − p; elsewhere x as it is.

    Args:
        p: the probability of dropping (not of keeping).
        rng: what draws; by default the context's generator at each call (`minigrad.seed`).

    Raises:
        TypeError, ValueError: p is no number in [0, 1], or rng is no generator.

    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = fraction("Dropout", "p", p, one=True)
        if rng is not None and not isinstance(rng, np.random.Generator):
            raise TypeError(f"Dropout: rng must be a numpy.random.Generator, not {rng!r}")
        self.rng = rng

    def forward(self, x: Operand) -> Variable:
        return F.dropout(x, self.p, rng=self.rng)

    def extra_repr(self) -> str:
        return str(self.p)
