"""Linear: the fully connected layer."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.arguments import integer
from minigrad.nn.init import Initializer
from minigrad.nn.module import Module
from minigrad.nn.parameter import BIASES, WEIGHTS, make_parameter


class Linear(Module):
    """y = x·w + b, also called a dense or fully connected layer.

    Args:
        in_features, out_features: lengths of the last axis of x (..., in) and y (..., out).
        bias: add b.
        init, bias_init: make the first values of w (in, out) and b (out,).
        rng: what they draw from; by default the context's generator (`minigrad.seed`).

    Raises:
        TypeError, ValueError: an argument is not what it should be.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        init: Initializer = WEIGHTS,
        bias_init: Initializer = BIASES,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features = integer("Linear", "in_features", in_features)
        self.out_features = integer("Linear", "out_features", out_features)
        self.w = make_parameter("Linear", "init", init, (self.in_features, self.out_features), rng)
        self.b = make_parameter("Linear", "bias_init", bias_init, (self.out_features,), rng) if bias else None

    def forward(self, x: Operand) -> Variable:
        return F.linear(x, self.w, self.b)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}" + ("" if self.b is not None else ", bias=False")
