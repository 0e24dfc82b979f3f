"""The fully connected layer."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad import checks
from minigrad.checks import Checked
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable
from minigrad.nn.init import Initializer
from minigrad.nn.layers import BIASES, WEIGHTS, arguments_text, as_floats_of, make_bias, make_parameter
from minigrad.nn.module import Module


class Linear(Module):
    """y = x·w + b, also called a dense or fully connected layer.

    Args:
        in_features, out_features: lengths of the last axis of x (..., in) and y (..., out).
        bias: add b.
        init, bias_init: make the first values of w (in, out) and b (out,).
        rng: the generator that they draw from; by default the context's (`minigrad.seed`).
    """

    in_features = Checked(checks.integer, fixed=True)
    out_features = Checked(checks.integer, fixed=True)

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
        self.in_features, self.out_features = in_features, out_features
        self.w = make_parameter(self, "init", init, (self.in_features, self.out_features), rng)
        self.b = make_bias(self, bias, bias_init, self.out_features, rng)

    def forward(self, x: Operand) -> Variable:
        return F.linear(as_floats_of(self.w, x), self.w, self.b)

    def extra_repr(self) -> str:
        return arguments_text(self.in_features, self.out_features, bias=(self.b is not None, True))
