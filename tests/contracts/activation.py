"""Contracts of functions/activation.py and functions/gelu.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import Call, OpSpec
from minigrad.testing.strategies import shapes


def prelu(x: Any, slope: Any) -> Any:
    """Number by number: axis 1 chooses the slope, if there are several."""
    y = x.copy()
    for index in np.ndindex(x.shape):
        if x[index] < 0:
            y[index] *= slope.ravel()[index[1] if slope.size > 1 else 0]
    return y


def gelu(x: Any, approximate: str) -> Any:
    """Number by number; exactly with the tail's own function."""
    if approximate == "tanh":
        return x / (1 + np.exp(-2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return np.array([v / 2 * math.erfc(-v / math.sqrt(2)) for v in x.ravel()]).reshape(x.shape)


@st.composite
def with_slope(draw: st.DrawFn) -> Call:
    """The shape of x, with a slope for each channel, or one."""
    shape = draw(shapes())
    channels = [shape[1:2]] if len(shape) > 1 else []
    return Call((shape, draw(st.sampled_from([*channels, *channels, (1,), ()]))))


CONTRACTS = [
    OpSpec(
        F.relu,
        lambda x: x * (x > 0),
        formula="max(x, 0)",
        kinks="0 at x = 0",
        kernels=("masked", "relu"),
        cases=[case([0.0, -1.0, 2.0], gradient=[0, 0, 1])],
    ),
    OpSpec(
        F.leaky_relu,
        lambda x, slope: np.where(x > 0, x, slope * x),
        kwargs={"slope": [0.01, 0.3, 0.0, -0.5]},
        formula="x where x > 0, else slope · x",
        kinks="slope at x = 0",
        cases=[case([0.0, -1.0, 2.0], slope=slope, gradient=[slope, slope, 1]) for slope in (0.0, 0.3)],
    ),
    OpSpec(F.sigmoid, lambda x: 1 / (1 + np.exp(-x)), formula="1 / (1 + e⁻ˣ)", cases=[case([-800.0, 0.0, 800.0])]),
    OpSpec(F.softplus, lambda x: np.logaddexp(0, x), formula="ln(1 + eˣ)", cases=[case([-800.0, 0.0, 800.0])]),
    OpSpec(
        F.prelu,
        prelu,
        shapes=with_slope(),
        formula="x where x > 0, else slope · x",
        kinks="slope at x = 0",
        kernels=("masked",),
        cases=[
            case([[0.0, -1.0, 2.0]], [0.3, 0.3, 0.1], gradient=[[0.3, 0.3, 1]]),
            case(np.arange(-12.0, 12.0).reshape(2, 3, 2, 2), [0.25, -0.5, 2.0]),
            case([-1.0, 2.0], 0.3),
        ],
    ),
    OpSpec(
        F.elu,
        lambda x, alpha: np.maximum(x, 0) + alpha * np.exp(np.minimum(x, 0)) - alpha,
        kwargs={"alpha": [1.0, 0.3, 2.0, 0.0, -0.5]},
        formula="x where x > 0, else alpha · (eˣ − 1)",
        kinks="alpha at x = 0",
        kernels=("masked",),
        cases=[case([0.0, -1e4, 2.0, 1e4], alpha=alpha, gradient=[alpha, 0, 1, 1]) for alpha in (1.0, 0.3)],
    ),
    OpSpec(
        F.selu,
        lambda x: 1.05070098735548049342 * (np.maximum(x, 0) + 1.67326324235437728481 * (np.exp(np.minimum(x, 0)) - 1)),
        formula="λ · x where x > 0, else λ · α · (eˣ − 1); λ ≈ 1.0507, α ≈ 1.6733",
        kinks="λ · α at x = 0",
        kernels=("masked",),
        cases=[case([0.0, 2.0], gradient=[1.0507009873554805 * 1.6732632423543772, 1.0507009873554805])],
    ),
    OpSpec(
        F.gelu,
        gelu,
        kwargs={"approximate": "none"},
        formula="x · Φ(x), Φ(x) = (1 + erf(x / √2)) / 2",
        kernels=("erf", "masked"),
        cases=[case([-1e4, -39.0, -10.0, -1.0, 0.0, 0.5, 41.0, 1e4], approximate="none")],
    ),
    OpSpec(
        F.gelu,
        gelu,
        kwargs={"approximate": "tanh"},
        formula="x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2",
        kernels=("masked",),
        cases=[case([-90.0, -39.0, -10.0, -1.0, 0.0, 0.5, 41.0, 90.0], approximate="tanh")],
        name="gelu by tanh",
    ),
    OpSpec(
        F.hard_sigmoid,
        lambda x: np.where(x < -3, 0, np.where(x > 3, 1, x / 6 + 0.5)),
        formula="min(max(x / 6 + 1/2, 0), 1)",
        kinks="1/6 at x = ±3",
        kernels=("masked",),
        cases=[case([-3.0, 3.0, -4.0, 4.0, 1.5], gradient=[1 / 6, 1 / 6, 0, 0, 1 / 6])],
    ),
    OpSpec(
        F.silu,
        lambda x: x / (1 + np.exp(-x)),
        formula="x / (1 + e⁻ˣ)",
        kernels=("masked",),
        cases=[case([-800.0, -1e4, 0.0, 800.0])],
    ),
    OpSpec(
        F.hard_tanh,
        lambda x: np.where(x < -1, -1, np.where(x > 1, 1, x)),
        formula="min(max(x, −1), 1)",
        kinks="1 at x = ±1",
        kernels=("masked",),
        cases=[case([-1.0, 1.0, -2.0, 2.0, 0.5], gradient=[1, 1, 0, 0, 1])],
    ),
    OpSpec(
        F.softsign,
        lambda x: np.where(x > 0, 1 - 1 / (1 + np.abs(x)), 1 / (1 + np.abs(x)) - 1),
        formula="x / (1 + |x|)",
        kinks="x = 0: the second derivative, 0",
        cases=[case([0.0, -1e4, 1e4], gradient=[1, 1 / 10001**2, 1 / 10001**2])],
    ),
]
