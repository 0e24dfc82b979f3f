"""GELU, the Gaussian error linear unit: exact, and by the hyperbolic tangent."""

from __future__ import annotations

import math

from minigrad import checks
from minigrad.backend import Array, ignore_underflow, xp_of
from minigrad.backend.kernels import kernels_of
from minigrad.core.arithmetic import Elementwise
from minigrad.core.function import Gradients
from minigrad.core.operators import Operand
from minigrad.core.variable import Variable, apply
from minigrad.functions.activation import logistic, sigmoid
from minigrad.functions.elementwise import as_floats, clip
from minigrad.functions.exponential import erf, exp
from minigrad.spelling import advised

END = 40
"""Beyond ±40 the normal distribution is 0 or 1 and its density 0, in every float type; 40³ is a float16."""


class GELU(Elementwise):
    """x times the probability that a normally distributed number is below x."""

    flops_per_element = 5

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        self.save(x)
        doubled = 1 + kernels_of(x).erf(x / math.sqrt(2))
        return 0.5 * xp_of(x).maximum(x, -END) * doubled  # −∞ · 0 would be NaN

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        x = clip(x, -END, END)
        below = 0.5 * (1 + erf(x / math.sqrt(2)))
        density = exp(-x * x / 2) / math.sqrt(2 * math.pi)
        return gy * (below + x * density)


class TanhGELU(Elementwise):
    """GELU with a hyperbolic tangent in place of the error function: x · (1 + tanh(v / 2)) / 2 = x · sigmoid(v)."""

    flops_per_element = 9
    factor, cubic = math.sqrt(8 / math.pi), 0.044715

    @ignore_underflow
    def forward(self, x: Array) -> Array:
        self.save(x)
        near = x.clip(-END, END)
        v = self.factor * near * (1 + self.cubic * near * near)
        return xp_of(x).maximum(x, -END) * logistic(v)

    def backward(self, gy: Variable) -> Gradients:
        (x,) = self.saved
        x = clip(x, -END, END)
        v = self.factor * x * (1 + self.cubic * x * x)
        slope = self.factor * (1 + 3 * self.cubic * x * x)
        return gy * sigmoid(v) * (1 + x * sigmoid(-v) * slope)


@advised
def gelu(x: Operand, approximate: str = "none") -> Variable:
    """x · Φ(x), elementwise, where Φ(x) = (1 + erf(x / √2)) / 2 is the normal distribution.

    It is right to the rounding of x: where it is nearly 0, far below 0, fewer of its digits are.

    Args:
        x: of any shape.
        approximate: "none", or "tanh" for x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2, as in GPT-2.
    Raises:
        ValueError: approximate is something else.
    Source: Hendrycks & Gimpel 2016, "Gaussian error linear units (GELUs)".

    >>> gelu([-1.0, 1.0]), gelu([-1.0, 1.0], approximate="tanh")
    (Variable([-0.15865526  0.8413447 ]), Variable([-0.158808  0.841192]))
    """
    exact = checks.choice("gelu", "approximate", approximate, ("none", "tanh")) == "none"
    return apply(GELU() if exact else TanhGELU(), as_floats(x))
